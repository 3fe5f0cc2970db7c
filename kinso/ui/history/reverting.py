"""Reverting one change: shown as it was made, asked once, done as a new change or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotSignedIn
from kinso.models.history import Change
from kinso.models.shop import ShopSettings
from kinso.services.customers.finding import get_customers
from kinso.services.history.changes import revert_change
from kinso.services.membership.status import find_below
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate
from kinso.ui.history.words import KINDS, effect_of_reverting, fields_of
from kinso.ui.insights.figures import forget_figures
from kinso.ui.membership.still_members import tell_of_statuses
from kinso.ui.request_context import current_context
from kinso.ui.wording import moment, plain


@dataclass(frozen=True)
class Asked:
    """A change that somebody wants to take back; `refusal` is why that was not done."""

    change: Change
    refusal: str = ""


def revert_asked(asked: Asked) -> Asked | None:
    """From a callback: take the change back; returns None when it is done, and with the reason when it is refused."""
    context = current_context()
    try:
        record = revert_change(context.store, context.actor, asked.change.id)
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except KinsoError as error:
        return replace(asked, refusal=error.message)
    forget_figures()
    celebrate(f"The change of customer {isolated(asked.change.customer_id)} was taken back.")
    if "purchaseAmount" in (record.before or {}):
        current = get_customers(context.store, context.actor, [record.customer])
        tell_of_statuses(find_below(context.store, context.actor, list(current.values())), context.shop)
    return None


def draw_question(
    asked: Asked, shop: ShopSettings, *, on_keep: Callable[[], None], on_revert: Callable[[Asked], None]
) -> None:
    """What was changed, what taking it back does, and both answers; or why it was refused."""
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
        st.button("Close" if asked.refusal else "Keep", key="taking_back_keep", on_click=on_keep)
        if not asked.refusal:
            st.button(
                "Take back",
                type="primary",
                icon=":material/undo:",
                key="taking_back_confirm",
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
        title = f"Take back: {isolated(asked.change.customer_id)}"
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
