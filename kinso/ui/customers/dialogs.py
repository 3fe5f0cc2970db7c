"""What is asked before a list with unsaved changes is left, and where two people changed the same cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from kinso.models.customers import FieldConflict
from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.ui.customers.grid_state import GridState, Row
from kinso.ui.customers.page_state import Conflicts, current_session
from kinso.ui.customers.saving import Choice, discard_and_go_on, save_and_go_on, settle, stay
from kinso.ui.customers.words import named, value_in_words
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted

Choices = dict[tuple[str, str], Choice]
"""Whose value stays, by customer (`_id`) and field."""
_WORDS: dict[str, Choice] = {"Keep theirs": "theirs", "Use mine": "mine"}


@dataclass(frozen=True)
class Contested:
    """A conflict in a row, and what the person typed there."""

    row: Row
    conflict: FieldConflict
    mine: object


def draw_open_conflicts(grid: GridState) -> None:
    """A reminder of conflicts that were put off."""
    conflicts = len(grid.conflicts())
    if conflicts:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":orange[:material/call_merge:] {counted(conflicts, 'cell')} changed by someone else too:"
                " decide whose values to keep."
            )
            st.button("Decide", key="decide_conflicts", on_click=_ask_again)


@st.dialog("Unsaved changes", icon=":material/edit_note:", on_dismiss=stay)
def ask_before_leaving(pending: int) -> None:
    """What shall become of the changes before another list is shown."""
    verb = "is" if pending == 1 else "are"
    st.write(f"**{counted(pending, 'change')}** in this list {verb} not saved. What should happen before it is left?")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Stay", key="leaving_stay", on_click=stay)
        st.button("Discard and go on", key="leaving_discard", on_click=discard_and_go_on)
        st.button("Save and go on", key="leaving_save", type="primary", on_click=save_and_go_on)


def draw_contested(
    serial: int,
    contested: Sequence[Contested],
    shop: ShopSettings,
    *,
    on_put_off: Callable[[], None],
    on_apply: Callable[[Choices], None],
) -> None:
    """Draw them with a choice for each; `serial` keeps the choices of one question apart from those of another."""
    st.write(
        "While you were editing, someone else saved other values in the same cells. Choose which ones to keep;"
        " nothing is overwritten until you apply."
    )
    for place, each in enumerate(contested):
        with st.container(border=True):
            _draw(each, shop, _key(serial, place))
    undecided = len(contested) - len(_choices(serial, contested))
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if undecided:
            st.caption(f"{counted(undecided, 'choice')} to make")
        st.button("Decide later", key="conflicts_later", on_click=on_put_off)
        st.button(
            "Apply",
            key="conflicts_apply",
            type="primary",
            disabled=bool(undecided) or not contested,
            on_click=lambda: on_apply(_choices(serial, contested)),
        )


def _put_off() -> None:
    current_session().question = None
    st.rerun()


@st.dialog("Changed by someone else too", icon=":material/call_merge:", width="medium", on_dismiss=_put_off)
def ask_about_conflicts(question: Conflicts, grid: GridState, context: RequestContext) -> None:
    """Let the person choose for each cell; nothing of theirs is overwritten before."""
    contested = [Contested(row, conflict, grid.pending(row)[conflict.field]) for row, conflict in grid.conflicts()]
    draw_contested(question.serial, contested, context.shop, on_put_off=_put_off, on_apply=settle)


def _ask_again() -> None:
    current_session().question = Conflicts()


def _draw(each: Contested, shop: ShopSettings, key: str) -> None:
    name = each.conflict.field
    st.markdown(f"**{LABELS[name]}** of {named(each.row.base)}")
    before, theirs, typed = st.columns(3)
    for column, label, value in (
        (before, "Before", each.conflict.before),
        (theirs, "Theirs", each.conflict.theirs),
        (typed, "Mine", each.mine),
    ):
        with column:
            st.caption(label)
            st.text(value_in_words(name, value, shop))
    st.segmented_control("Which one stays?", list(_WORDS), key=key, label_visibility="collapsed")


def _choices(serial: int, contested: Sequence[Contested]) -> Choices:
    choices: Choices = {}
    for place, each in enumerate(contested):
        chosen = _WORDS.get(st.session_state.get(_key(serial, place)) or "")
        if chosen is not None:
            choices[each.row.base.id, each.conflict.field] = chosen
    return choices


def _key(serial: int, place: int) -> str:
    return f"conflict_{serial}_{place}"
