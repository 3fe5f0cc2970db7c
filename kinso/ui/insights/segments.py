"""The segments that are shared, and one's own, as tiles: how many customers meet each, and how that has changed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kinso.models.filters import LONGEST_FILTER, text_of
from kinso.models.segments import CountedSegment
from kinso.ui.customers.words import isolated
from kinso.ui.insights.figures import REFRESH, segments
from kinso.ui.request_context import current_context
from kinso.ui.wording import number, plain

_CUSTOMERS = Path(__file__).parents[3] / "pages" / "customers.py"
_MOST = 8
"""Tiles; all are on the page of customers."""


@st.fragment(run_every=REFRESH)
def show_segments() -> None:
    """Shared ones first; nothing where there are none."""
    context = current_context(in_use=False)
    found = [each for each in segments(context) if each.count is not None]
    if not found:
        return
    st.subheader("Segments", anchor=False)
    with st.grid(4, min_column_width=200):
        for counted in sorted(found, key=lambda each: not each.segment.shared)[:_MOST]:
            _draw(counted)


def _draw(counted: CountedSegment) -> None:
    segment = counted.segment
    with st.container(border=True, height="stretch", key=f"segment_{segment.color}_tile_{segment.id}"):
        st.metric(
            plain(segment.name),
            number(counted.count or 0),
            delta=None if counted.change is None else f"{counted.change:+,} in 30 days",
            delta_color="off" if not counted.change else "normal",
            help=plain(segment.description) or None,
        )
        asked = text_of(segment.read_filter())
        # An address that would be too long names the segment alone, which says as much.
        filter = {"filter": asked} if len(asked) <= LONGEST_FILTER else {}
        st.page_link(
            _CUSTOMERS,
            label=f"Show {isolated(segment.name)}",
            icon=":material/group:",
            query_params={"segment": segment.id, **filter},
        )
