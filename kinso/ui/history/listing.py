"""Changes as a list that can be read on any screen: when and by whom, whose, what, why, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from kinso.errors import NotFound
from kinso.models.customers import Customer
from kinso.models.history import Change
from kinso.services.customers.finding import get_customers
from kinso.services.history.changes import find_reverted
from kinso.services.history.runs import get_run
from kinso.ui.browser import link_to_customer
from kinso.ui.customers.words import isolated, named
from kinso.ui.history.filters import show_only_run
from kinso.ui.history.run_words import describe
from kinso.ui.history.words import may_erase, may_revert, reason_of, what_changed, who_and_how
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import moment, plain


def draw_changes(
    changes: Sequence[Change],
    context: RequestContext,
    on_revert: Callable[[Change], None],
    on_erase: Callable[[Change], None],
    *,
    run: str | None,
) -> None:
    """One frame for each change; `run` is the one that is shown anyway, so that nothing has to lead there."""
    present = get_customers(context.store, context.actor, list({change.customer for change in changes}))
    people, runs = _names_of(changes, present), _runs_of(changes, context)
    reverted = find_reverted(context.store, context.actor, changes)
    with st.container(gap="xsmall"):
        for change in changes:
            with st.container(border=True, key=f"change_{change.id}"):
                who, what, action = st.columns([4, 9, 2], vertical_alignment="center", gap="small")
                with who:
                    st.markdown(f"{plain(moment(change.at, context.shop))}  \n:small[{isolated(who_and_how(change))}]")
                with what, st.container(gap="xxsmall"):
                    link_to_customer(change.customer, people[change.id])
                    st.text(what_changed(change, context.shop))
                    _draw_reason(change, runs.get(change.run or ""), linked=change.run != run)
                with action, st.container(gap="xxsmall"):
                    if change.id in reverted:
                        st.caption("Taken back")
                    # Of whom is deleted, only that can be taken back.
                    elif may_revert(change, context) and (change.after is None or change.customer in present):
                        draw_way_back(change, on_revert)
                    if change.customer not in present and may_erase(change, context):
                        _draw_erasure(change, on_erase)


def _draw_reason(change: Change, run: str | None, *, linked: bool) -> None:
    """Why a change was made, and the run that it was part of with the way to all of it."""
    reason = reason_of(change)
    if not reason and not run:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if reason:
            st.caption(isolated(reason), width="content")
        if run and linked:
            st.button(
                plain(run),
                icon=":material/filter_alt:",
                type="tertiary",
                key=f"only_run_{change.id}",
                help="Show all changes of this run",
                on_click=show_only_run,
                args=(change.run,),
            )
        elif run:
            st.caption(plain(run), width="content")


def draw_way_back(change: Change, on_revert: Callable[[Change], None]) -> None:
    """The button that asks whether to take the change back."""
    st.button(
        "Take back",
        icon=":material/undo:",
        type="tertiary",
        key=f"take_back_{change.id}",
        on_click=on_revert,
        args=(change,),
    )


def _draw_erasure(change: Change, on_erase: Callable[[Change], None]) -> None:
    st.button(
        "Erase person",
        icon=":material/person_remove:",
        type="tertiary",
        key=f"erase_{change.id}",
        help="Remove the name and the contact of this person from the whole history",
        on_click=on_erase,
        args=(change,),
    )


def _names_of(changes: Sequence[Change], present: Mapping[str, Customer]) -> dict[str, str]:
    """Who each change is about; the name is today's, as far as there still is one."""
    names = {}
    for change in changes:
        customer, id = present.get(change.customer), isolated(change.customer_id)
        names[change.id] = f"**{id}**"
        if customer is not None:
            same = customer.customer_id == change.customer_id
            names[change.id] = (
                f"**{isolated(customer.customer_name)}** ({id})" if same else f"**{named(customer)}**, then {id}"
            )
    return names


def _runs_of(changes: Sequence[Change], context: RequestContext) -> dict[str, str]:
    found = {}
    for id in {change.run for change in changes if change.run}:
        try:
            found[id] = describe(get_run(context.store, context.actor, id), context.shop)
        except NotFound:
            found[id] = "A run that is not recorded any more"
    return found
