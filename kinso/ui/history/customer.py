"""The history and the membership of one customer, for their page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kinso.models.customers import Customer
from kinso.models.history import Change, HistoryQuery
from kinso.services.history.changes import list_history
from kinso.services.history.undo import find_reverted
from kinso.services.membership.eligibility import list_memberships
from kinso.ui.browser import go_to
from kinso.ui.customers.card import Card, at_card
from kinso.ui.customers.words import isolated
from kinso.ui.history.filters import HISTORY
from kinso.ui.history.listing import Asked, draw_question, draw_undo, revert_asked
from kinso.ui.history.words import may_revert, reason_of, what_changed, who_and_how
from kinso.ui.membership.status_words import earlier_in_words, present_in_words
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, moment, number, plain

_LATEST = 10


def draw_history(
    customer: Customer,
    context: RequestContext,
    asked: Asked | None,
    *,
    on_ask: Callable[[Change], None],
    on_keep: Callable[[], None],
    on_revert: Callable[[Asked], None],
    on_leave: Callable[[Customer], None],
) -> None:
    """The latest changes, each with Undo; while one is `asked` about, only the question."""
    if asked is not None:
        draw_question(asked, context.shop, on_keep=on_keep, on_revert=on_revert)
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
                draw_undo(change, on_ask)
    if found.total > len(found.items):
        st.caption(f"The latest {number(len(found.items))} of {counted(found.total, 'change')}.")
    st.button(
        "All changes of this customer",
        icon=":material/history:",
        type="tertiary",
        key="all_changes",
        on_click=on_leave,
        args=(customer,),
    )


def draw_membership(customer: Customer, context: RequestContext) -> None:
    """Since when and why this customer is a member or not, and what was before."""
    intervals = list_memberships(context.store, context.actor, customer.id)
    title, why = present_in_words(customer, intervals, context)
    with st.container(gap="xxsmall"):
        st.markdown(f"**{title}**")
        st.write(why)
    earlier = [interval for interval in intervals if interval.end is not None]
    if earlier:
        with st.expander(f"Earlier memberships: {number(len(earlier))}"):
            for interval in earlier:
                span, story = earlier_in_words(interval, context)
                with st.container(gap="xxsmall"):
                    st.markdown(span)
                    st.caption(story)


def draw_changes(card: Card, customer: Customer, context: RequestContext) -> None:
    """The latest changes, or the question whether to undo one."""
    draw_history(
        customer,
        context,
        card.undoing,
        on_ask=_ask,
        on_keep=_keep,
        on_revert=_revert_asked,
        on_leave=_leave,
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
