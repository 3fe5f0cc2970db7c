"""Keeping a filter as a segment, and editing, sharing and deleting one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from kinso.errors import InvalidInput, KinsoError
from kinso.models.filters import Filter, written_filter
from kinso.models.segments import COLORS, LONGEST_DESCRIPTION, LONGEST_NAME, Segment, SegmentDraft, SegmentPatch
from kinso.models.validation import parse
from kinso.services.segments import create_segment, delete_segment, list_templates, share_segment, update_segment
from kinso.ui.customers.filter_words import filter_in_words
from kinso.ui.customers.filters import present_filter
from kinso.ui.customers.grid_state import new_serial
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import plain

_QUESTION = "segment_question"


@dataclass
class _Question:
    """What is asked about a segment, None for a new one; `filter` is what it will ask, None for what it does."""

    segment: Segment | None
    filter: Filter | None
    is_deletion: bool = False
    problem: str = ""
    serial: int = field(default_factory=new_serial)

    def key(self, name: str) -> str:
        return f"segment_{name}_{self.serial}"


def may_change(segment: Segment, context: RequestContext) -> bool:
    """Whether this person may; what is shared is for those who may share."""
    return not segment.shared or context.may(share_segment)


def ask_to_keep() -> None:
    """From a callback: what the present filter shall be called."""
    st.session_state[_QUESTION] = _Question(None, present_filter())


def ask_to_edit(segment: Segment) -> None:
    """From a callback: what to change; one that cannot be asked any more gets the present filter."""
    st.session_state[_QUESTION] = _Question(segment, present_filter() if segment.problem else None)


def ask_to_delete(segment: Segment) -> None:
    """From a callback: whether to delete it."""
    st.session_state[_QUESTION] = _Question(segment, None, is_deletion=True)


def save_filter(segment: Segment) -> None:
    """From a callback: the segment asks for what is filtered now."""
    filter = present_filter()
    with failures_as_toasts():
        if filter is not None:
            context = current_context()
            patch = SegmentPatch(filter=filter)
            update_segment(context.store, context.actor, segment.id, patch, version=segment.version)
            celebrate(f"{plain(segment.title)} is saved.")


def show_segment_question() -> bool:
    """Draw the dialog, while it is being asked; returns whether it is."""
    question: _Question | None = st.session_state.get(_QUESTION)
    if question is None:
        return False
    if question.is_deletion:
        st.dialog("Delete segment", icon=":material/delete:", on_dismiss=_drop)(_ask_to_delete)(question)
    else:
        title = "Edit segment" if question.segment else "Save segment"
        st.dialog(title, icon=":material/bookmark_add:", on_dismiss=_drop)(_ask)(question)
    return True


def _ask(question: _Question) -> None:
    context, segment = current_context(), question.segment
    if question.filter is not None:
        st.markdown(f"Customers with **{isolated(filter_in_words(question.filter, context.shop))}**.")
    elif segment and segment.problem:
        st.warning(f"{plain(segment.problem)} Filter the list first, to give it that filter.", icon=":material/edit:")
    st.text_input(
        "Name",
        value=segment.name if segment else _suggested(question, context),
        max_chars=LONGEST_NAME,
        key=question.key("name"),
        autocomplete="off",
    )
    st.text_area(
        "Description",
        value=segment.description if segment else "",
        max_chars=LONGEST_DESCRIPTION,
        height=80,
        key=question.key("description"),
    )
    st.selectbox(
        "Colour",
        COLORS,
        index=COLORS.index(segment.color) if segment else 0,
        format_func=str.capitalize,
        key=question.key("color"),
    )
    if context.may(share_segment):
        st.checkbox("Share with everybody", value=bool(segment and segment.shared), key=question.key("shared"))
    if question.problem:
        st.error(plain(question.problem), icon=":material/error:")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key="segment_cancel", on_click=_drop)
        st.button("Save", key="segment_confirm", type="primary", on_click=_save, args=(question,))


def _suggested(question: _Question, context: RequestContext) -> str:
    """The name of what is ready-made and asks for just this."""
    asked = written_filter(question.filter) if question.filter else None
    templates = list_templates(context.store, context.actor)
    return next((each.name for each in templates if dict(each.filter) == asked), "")


def _typed(question: _Question) -> dict[str, Any]:
    typed = {name: st.session_state.get(question.key(name)) for name in ("name", "description", "color", "shared")}
    return {name: value for name, value in typed.items() if value is not None} | (
        {"filter": written_filter(question.filter)} if question.filter else {}
    )


def _save(question: _Question) -> None:
    context, segment = current_context(), question.segment
    try:
        if segment is None:
            saved = create_segment(context.store, context.actor, parse(SegmentDraft, _typed(question)))
            st.session_state["segment"] = saved.segment.id
        else:
            patch = parse(SegmentPatch, _typed(question))
            saved = update_segment(context.store, context.actor, segment.id, patch, version=segment.version)
    except InvalidInput as error:
        question.problem = error.errors[0].message
    except KinsoError as error:
        question.problem = error.message
    else:
        celebrate(f"{plain(saved.segment.title)} is saved.")
        st.session_state[_QUESTION] = None
    st.rerun()


def _ask_to_delete(question: _Question) -> None:
    segment = question.segment
    if segment is None:
        return
    others = " Everybody loses it." if segment.shared else ""
    st.markdown(f"Delete **{isolated(segment.name)}**?{others} Its customers stay as they are.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep", key="segment_stay", on_click=_drop)
        st.button("Delete segment", key="segment_gone", type="primary", on_click=_delete, args=(segment,))


def _delete(segment: Segment) -> None:
    context = current_context()
    with failures_as_toasts():
        delete_segment(context.store, context.actor, segment.id, version=segment.version)
        celebrate(f"{plain(segment.title)} is deleted.")
    st.session_state[_QUESTION] = None
    st.rerun()


def _drop() -> None:
    st.session_state[_QUESTION] = None
    st.rerun()
