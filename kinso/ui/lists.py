"""What is shown while lists and figures are still being prepared; single customers can be worked on meanwhile."""

from __future__ import annotations

import streamlit as st

from kinso.errors import MirrorNotReady
from kinso.services.insights import await_lists, get_lists_state, get_mirror_metrics
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, moment, number, plain

_LOOK_AGAIN = 1
"""Seconds."""


def wait_for_lists(context: RequestContext) -> None:
    """Go on with the page when lists and figures can be asked for; until then say how far they are."""
    try:
        await_lists(context.store, context.actor)
    except MirrorNotReady:
        show_lists_not_ready()
        st.stop()


def show_lists_not_ready() -> None:
    """How far they are; the page is drawn anew by itself when they are there."""
    with st.container(border=True, width=560, key="lists_not_ready"):
        st.subheader("One moment", icon=":material/hourglass_top:", anchor=False)
        _watch()


def show_mirror(context: RequestContext) -> None:
    """What lists and figures are answered from, for whoever looks after Kinso."""
    st.subheader("Lists and figures", anchor=False)
    metrics = get_mirror_metrics(context.store, context.actor)
    if metrics is None:
        st.caption("They are still being prepared.")
        return
    kept = "not kept on disk yet"
    if metrics.snapshot_at:
        kept = f"kept on disk as of {moment(metrics.snapshot_at, context.shop)}"
    st.caption(
        f"Answered from memory ({number(metrics.memory // 2**20)} MB): {counted(metrics.customers, 'customer')},"
        f" {counted(metrics.entries, 'purchase')}, refunds and amounts typed included;"
        f" {metrics.seconds_behind:.1f} seconds behind the database; {kept}."
    )


@st.fragment(run_every=_LOOK_AGAIN)
def _watch() -> None:
    context = current_context(in_use=False)
    try:
        await_lists(context.store, context.actor, seconds=0)
    except MirrorNotReady as error:
        st.write(plain(error.message))
        st.progress(get_lists_state(context.store, context.actor).share)
    else:
        st.rerun()
