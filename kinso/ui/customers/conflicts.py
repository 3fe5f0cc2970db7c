"""Two people changed the same cell: before, theirs, mine, and whose stays."""

from __future__ import annotations

import streamlit as st

from kinso.models.edit import FieldConflict
from kinso.models.validation import LABELS
from kinso.ui.customers.desk import Conflicts, current_desk
from kinso.ui.customers.outcomes import Choice
from kinso.ui.customers.saving import settle
from kinso.ui.customers.sheet import Row, Sheet
from kinso.ui.customers.words import named, value_in_words
from kinso.ui.visit import Visit
from kinso.ui.wording import counted

_CHOICES: dict[str, Choice] = {"Keep theirs": "theirs", "Use mine": "mine"}


def _put_off() -> None:
    current_desk().question = None
    st.rerun()


@st.dialog("Changed by someone else too", icon=":material/call_merge:", width="medium", on_dismiss=_put_off)
def ask_about_conflicts(question: Conflicts, sheet: Sheet, visit: Visit) -> None:
    """Let the person choose for each cell; nothing of theirs is overwritten before."""
    st.write(
        "While you were editing, someone else saved other values in the same cells. Choose which ones to keep;"
        " nothing is overwritten until you apply."
    )
    conflicts = sheet.conflicts()
    for place, (row, conflict) in enumerate(conflicts):
        with st.container(border=True):
            _draw(question, place, row, conflict, sheet.pending(row)[conflict.field], visit)
    undecided = sum(_chosen(question, place) is None for place in range(len(conflicts)))
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if undecided:
            st.caption(f"{counted(undecided, 'choice')} to make")
        st.button("Decide later", key="conflicts_later", on_click=_put_off)
        st.button(
            "Apply",
            key="conflicts_apply",
            type="primary",
            disabled=bool(undecided) or not conflicts,
            on_click=_apply,
            args=(question,),
        )


def _draw(question: Conflicts, place: int, row: Row, conflict: FieldConflict, mine: object, visit: Visit) -> None:
    name = conflict.field
    st.markdown(f"**{LABELS[name]}** of {named(row.base)}")
    before, theirs, typed = st.columns(3)
    for column, label, value in (
        (before, "Before", conflict.before),
        (theirs, "Theirs", conflict.theirs),
        (typed, "Mine", mine),
    ):
        with column:
            st.caption(label)
            st.text(value_in_words(name, value, visit.shop))
    st.segmented_control(
        "Which one stays?", list(_CHOICES), key=_choice_key(question, place), label_visibility="collapsed"
    )


def _apply(question: Conflicts) -> None:
    sheet = current_desk().sheet
    if sheet is None:
        return
    choices: dict[tuple[str, str], Choice] = {}
    for place, (row, conflict) in enumerate(sheet.conflicts()):
        chosen = _chosen(question, place)
        if chosen is not None:
            choices[row.base.id, conflict.field] = chosen
    settle(choices)


def _chosen(question: Conflicts, place: int) -> Choice | None:
    return _CHOICES.get(st.session_state.get(_choice_key(question, place)) or "")


def _choice_key(question: Conflicts, place: int) -> str:
    return f"conflict_{question.serial}_{place}"
