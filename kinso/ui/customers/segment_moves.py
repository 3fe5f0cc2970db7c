"""Who came to a segment and who left it lately, behind a button of the segment."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kinso.models.customers import Customer
from kinso.models.filters import read_filter
from kinso.models.segments import Segment
from kinso.services.segment_moves import get_moves
from kinso.ui.customers.filters import show_filter
from kinso.ui.customers.words import listed
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, day

_OPEN = "segment_moves_open"
_MOST = 100
"""Customers of whom the list can be asked in an address."""


def draw_moves(segment: Segment, context: RequestContext) -> None:
    """The button; they are only looked for when it is open, because in a large shop that takes a second."""
    popover = st.popover("This week", type="tertiary", icon=":material/trending_up:", key=_OPEN, on_change="rerun")
    if popover.open:
        with popover, st.container(width=320):
            _draw(segment, context)


def _draw(segment: Segment, context: RequestContext) -> None:
    moves = get_moves(context.store, context.actor, segment.id)
    if moves.since is None:
        st.caption("The segment is new: in a minute Kinso begins to note who comes and who leaves.")
        return
    st.markdown(f"**+{moves.entered:,} / −{moves.left:,}** since {day(moves.since)}")
    for count, verb, customers in (
        (moves.entered, "came", moves.who_entered),
        (moves.left, "left", moves.who_left),
    ):
        if count:
            st.caption(f"{counted(count, 'customer')} {verb}")
            _draw_some(verb, count, customers)


def _draw_some(verb: str, count: int, customers: Sequence[Customer]) -> None:
    if gone := min(count, _MOST) - len(customers):
        st.caption(f"{counted(gone, 'customer')} of them deleted")
    if customers:
        st.markdown(listed(customers))
        label = "Show them" if count <= _MOST else f"Show {_MOST} of them"
        st.button(label, icon=":material/group:", key=f"segment_{verb}", on_click=_show, args=(tuple(customers),))


def _show(customers: Sequence[Customer]) -> None:
    st.session_state[_OPEN] = False
    ids = [each.customer_id for each in customers]
    show_filter(read_filter({"fact": "customerId", "is": "in", "value": ids}))
