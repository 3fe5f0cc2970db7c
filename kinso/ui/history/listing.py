"""Changes as a list that can be read on any screen, and the question before one of them is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotFound, NotSignedIn
from kinso.models.customers import Customer
from kinso.models.history import Change
from kinso.models.shop import ShopSettings
from kinso.services.customers.finding import get_customers
from kinso.services.history.runs import get_run
from kinso.services.history.undo import find_reverted, revert_change
from kinso.services.membership.eligibility import find_below
from kinso.ui.browser import link_to_customer
from kinso.ui.customers.words import isolated, named
from kinso.ui.feedback import celebrate
from kinso.ui.history.filters import show_only_run
from kinso.ui.history.words import (
    KINDS,
    describe,
    effect_of_reverting,
    fields_of,
    may_erase,
    may_revert,
    reason_of,
    what_changed,
    who_and_how,
)
from kinso.ui.membership.demotion import tell_of_statuses
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import moment, plain


@dataclass(frozen=True)
class Asked:
    """A change that somebody wants to undo; `refusal` is why that was not done."""

    change: Change
    refusal: str = ""


def revert_asked(asked: Asked) -> Asked | None:
    """From a callback: undo the change; returns None when it is done, and with the reason when it is refused."""
    context = current_context()
    try:
        record = revert_change(context.store, context.actor, asked.change.id)
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except KinsoError as error:
        return replace(asked, refusal=error.message)
    celebrate(f"The change of customer {isolated(asked.change.customer_id)} was undone.")
    if "purchaseAmount" in (record.before or {}):
        current = get_customers(context.store, context.actor, [record.customer])
        tell_of_statuses(find_below(context.store, context.actor, list(current.values())), context.shop)
    return None


def draw_question(
    asked: Asked, shop: ShopSettings, *, on_keep: Callable[[], None], on_revert: Callable[[Asked], None]
) -> None:
    """What was changed, what undoing it does, and both answers; or why it was refused."""
    change = asked.change
    st.caption(f"{plain(moment(change.at, shop))} · {isolated(change.by_name)} · {KINDS[change.kind]}")
    for each in fields_of(change, shop):
        both = change.before is not None and change.after is not None
        with st.container(gap=None):
            st.caption(each.label)
            st.text(f"{each.before} → {each.after}" if both else each.after or each.before)
    if asked.refusal:
        st.error(plain(asked.refusal), icon=":material/error:")
    else:
        st.write(effect_of_reverting(change))
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Close" if asked.refusal else "Keep", key="undoing_keep", on_click=on_keep)
        if not asked.refusal:
            st.button(
                "Undo",
                type="primary",
                icon=":material/undo:",
                key="undoing_confirm",
                on_click=on_revert,
                args=(asked,),
            )


ASKED = "history_asked"


def ask_to_revert(change: Change) -> None:
    """From a callback: have the dialog shown."""
    st.session_state[ASKED] = Asked(change)


def show_question() -> None:
    """Draw the dialog, while it is being asked; call it once, last."""
    asked: Asked | None = st.session_state.get(ASKED)
    if asked is not None:
        title = f"Undo: {isolated(asked.change.customer_id)}"
        st.dialog(title, icon=":material/undo:", on_dismiss=_keep)(_ask)(asked)


def _ask(asked: Asked) -> None:
    draw_question(asked, current_context().shop, on_keep=_keep, on_revert=_revert_asked)


def _revert_asked(asked: Asked) -> None:
    # A second click while the first one is at work finds nothing to do.
    if st.session_state.pop(ASKED, None) == asked:
        st.session_state[ASKED] = revert_asked(asked)
    st.rerun()


def _keep() -> None:
    st.session_state[ASKED] = None
    st.rerun()


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
                        st.caption("Undone")
                    # Of whom is deleted, only that can be undone.
                    elif may_revert(change, context) and (change.after is None or change.customer in present):
                        draw_undo(change, on_revert)
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
                help="Show everything that this bulk change did",
                on_click=show_only_run,
                args=(change.run,),
            )
        elif run:
            st.caption(plain(run), width="content")


def draw_undo(change: Change, on_revert: Callable[[Change], None]) -> None:
    """The button that asks whether to undo the change."""
    st.button(
        "Undo",
        icon=":material/undo:",
        type="tertiary",
        key=f"undo_{change.id}",
        on_click=on_revert,
        args=(change,),
    )


def _draw_erasure(change: Change, on_erase: Callable[[Change], None]) -> None:
    st.button(
        "Erase personal data",
        icon=":material/person_remove:",
        type="tertiary",
        key=f"erase_{change.id}",
        help="Remove the personal data of this person from the whole history",
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
            found[id] = "A bulk change that is not recorded any more"
    return found
