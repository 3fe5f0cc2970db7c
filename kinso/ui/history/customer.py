"""The history of one customer, for their page."""

from __future__ import annotations

import streamlit as st

from kinso.models.customers import Customer
from kinso.models.history import Change, HistoryQuery
from kinso.services.history.changes import list_history
from kinso.services.history.undo import find_reverted
from kinso.ui.browser import go_to
from kinso.ui.customers.card import Card, at_card
from kinso.ui.customers.words import isolated
from kinso.ui.history.filters import HISTORY
from kinso.ui.history.listing import Asked, draw_question, draw_undo, revert_asked
from kinso.ui.history.words import may_revert, reason_of, what_changed, who_and_how
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, moment, number, plain

_LATEST = 10


def draw_changes(card: Card, customer: Customer, context: RequestContext) -> None:
    """The latest changes, each with Undo; while one is asked about, only the question."""
    if card.undoing is not None:
        draw_question(card.undoing, context.shop, on_keep=_keep, on_revert=_revert_asked)
        return
    found = list_history(context.store, context.actor, HistoryQuery(customer=customer.id), page=1, limit=_LATEST)
    if not found.items:
        st.caption("Nothing is recorded about this customer yet.")
    reverted = find_reverted(context.store, context.actor, found.items)
    for change in found.items:
        with st.container(border=True, gap="xxsmall"):
            st.caption(f"{plain(moment(change.at, context.shop))} · {isolated(who_and_how(change))}")
            st.text(what_changed(change, context.shop))
            if reason := reason_of(change):
                st.caption(isolated(reason))
            if change.id in reverted:
                st.caption("Undone")
            elif may_revert(change, context):
                draw_undo(change, _ask)
    if found.total > len(found.items):
        st.caption(f"The latest {number(len(found.items))} of {counted(found.total, 'change')}.")
    st.button(
        "All changes of this customer",
        icon=":material/history:",
        type="tertiary",
        key="all_changes",
        on_click=_leave,
        args=(customer,),
    )


def _ask(change: Change) -> None:
    with at_card() as card:
        card.undoing = Asked(change)


def _keep() -> None:
    with at_card() as card:
        card.undoing = None


def _revert_asked(asked: Asked) -> None:
    with at_card() as card:
        # A second click while the first one is at work finds nothing to do.
        if card.undoing == asked:
            card.undoing = None
            card.undoing = revert_asked(asked)


def _leave(customer: Customer) -> None:
    go_to(HISTORY, of=customer.id)
