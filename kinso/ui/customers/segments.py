"""Segments above the list: choosing one sets its filter; a filter that is none yet can be kept as one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kinso.errors import Conflict, NotFound
from kinso.models.customers import CustomerQuery
from kinso.models.filters import read_filter, text_of
from kinso.models.segments import CountedSegment, Segment, SegmentTemplate
from kinso.services.segments import create_segment, find_segments, get_segment, list_segments, list_templates
from kinso.ui.customers.filters import FILTER, show_filter
from kinso.ui.customers.segment_dialogs import ask_to_delete, ask_to_edit, ask_to_keep, may_change, save_filter
from kinso.ui.customers.segment_moves import draw_moves
from kinso.ui.customers.words import isolated
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import number, plain

SEGMENT = "segment"
"""The segment's name in the address, and the key of the input that keeps it there."""
_OPEN = "segments_open"
_FOLLOWED = "segment_followed"
_OTHERS = {"q": "", "member": "All", "page": 1}
"""What else is chosen above the list, when nothing is."""
_MENU = "segment_menu"
_ACTIONS = {"edit": "Edit…", "delete": "Delete…"}


def follow_segment(context: RequestContext) -> None:
    """Before the filters are drawn: an address that names a segment and no filter asks for that of the segment."""
    id = str(st.query_params.get(SEGMENT, ""))
    if id and id != st.session_state.get(_FOLLOWED):
        # Streamlit remembers what was chosen before; whoever follows a link to a segment wants that.
        left = {name: value for name, value in _OTHERS.items() if name not in st.query_params}
        st.session_state.update({name: value for name, value in left.items() if name in st.session_state})
    if id and FILTER not in st.query_params and FILTER not in st.session_state:
        try:
            st.session_state[FILTER] = text_of(get_segment(context.store, context.actor, id).segment.read_filter())
        except (NotFound, Conflict):
            st.session_state[SEGMENT] = ""


def choose_segment(query: CustomerQuery, context: RequestContext) -> None:
    """The segments to choose from, what the chosen one is, and the ways to keep and change one."""
    segments = find_segments(context.store, context.actor)
    chosen = _chosen(segments, query)
    is_changed = chosen is not None and text_of(query.filter) != _asked_by(chosen)
    # The address names it for as long as there is one.
    st.session_state[SEGMENT] = st.session_state[_FOLLOWED] = chosen.id if chosen else ""
    st.text_input("Segment", key=SEGMENT, bind="query-params")
    with st.container(key="segment_bar", horizontal=True, width="content", vertical_alignment="center", gap="small"):
        _draw_choice(chosen, context)
        if chosen and not is_changed:
            draw_moves(chosen, context)
        if is_changed and chosen and may_change(chosen, context):
            st.button("Save changes", icon=":material/save:", key="segment_save", on_click=save_filter, args=(chosen,))
        if query.filter and (is_changed or not chosen) and context.may(create_segment):
            st.button("Save segment", icon=":material/bookmark_add:", key="segment_keep", on_click=ask_to_keep)
        if chosen and may_change(chosen, context):
            st.menu_button(
                "Segment",
                list(_ACTIONS),
                format_func=_ACTIONS.__getitem__,
                icon=":material/more_horiz:",
                type="tertiary",
                key=_MENU,
                on_click=_act,
                args=(chosen,),
            )
        if chosen and (told := _told(chosen, is_changed=is_changed)):
            st.caption(told)


def _chosen(segments: Sequence[Segment], query: CustomerQuery) -> Segment | None:
    """The one that was chosen last, unless nothing is filtered any more; else one that asks for just this."""
    if query.filter is None:
        return None
    asked, last = text_of(query.filter), str(st.session_state.get(SEGMENT) or st.query_params.get(SEGMENT, ""))
    same = (each for each in segments if _asked_by(each) == asked)
    return next((each for each in segments if each.id == last), None) or next(same, None)


def _asked_by(segment: Segment) -> str:
    try:
        return text_of(segment.read_filter())
    except Conflict:
        return ""


def _told(segment: Segment, *, is_changed: bool) -> str:
    parts = ["The filter differs from that of the segment" if is_changed else "", plain(segment.description)]
    return " · ".join(filter(None, [*parts, "" if segment.shared else "only you see it"]))


def _draw_choice(chosen: Segment | None, context: RequestContext) -> None:
    label = f"Segment: {isolated(chosen.name)}" if chosen else "Segments"
    key = f"segment_{chosen.color}_open" if chosen else "segment_none_open"
    with st.container(key=key, width="content"):
        popover = st.popover(label, icon=None if chosen else ":material/group_work:", key=_OPEN, on_change="rerun")
    if popover.open:
        with popover, st.container(key="segment_choices", width=340, gap="xsmall"):
            _draw_segments(list_segments(context.store, context.actor), context)
            _draw_templates(list_templates(context.store, context.actor))


def _draw_segments(counted: Sequence[CountedSegment], context: RequestContext) -> None:
    groups = {"Shared with everybody": True, "Only yours": False}
    for title, shared in groups.items():
        those = [each for each in counted if each.segment.shared is shared]
        if those:
            st.caption(title)
        for each in those:
            _draw_one(each, context)
    if not counted:
        st.caption("No segments yet: filter the list and save the filter under a name, or begin with one of these.")


def _draw_one(counted: CountedSegment, context: RequestContext) -> None:
    segment = counted.segment
    if segment.problem is None:
        st.button(
            f"{isolated(segment.name)} · {number(counted.count or 0)}",
            key=f"segment_{segment.color}_{segment.id}",
            type="tertiary",
            help=plain(segment.description) or None,
            on_click=_choose,
            args=(segment,),
        )
        return
    st.markdown(f"{isolated(segment.name)}: :orange[{plain(segment.problem)}]")
    if may_change(segment, context):
        with st.container(horizontal=True):
            for action, ask in (("edit", ask_to_edit), ("delete", ask_to_delete)):
                st.button(_ACTIONS[action], key=f"segment_{action}_{segment.id}", on_click=ask, args=(segment,))


def _draw_templates(templates: Sequence[SegmentTemplate]) -> None:
    st.caption("Ready-made")
    for place, template in enumerate(templates):
        st.button(
            plain(template.name),
            key=f"segment_template_{place}",
            icon=":material/auto_awesome:",
            type="tertiary",
            help=plain(template.description),
            on_click=_apply,
            args=(template,),
        )


def _choose(segment: Segment) -> None:
    st.session_state.update({SEGMENT: segment.id, _OPEN: False})
    show_filter(segment.read_filter())


def _apply(template: SegmentTemplate) -> None:
    st.session_state.update({SEGMENT: "", _OPEN: False})
    show_filter(read_filter(dict(template.filter)))


def _act(segment: Segment) -> None:
    {"edit": ask_to_edit, "delete": ask_to_delete}[st.session_state[_MENU]](segment)
