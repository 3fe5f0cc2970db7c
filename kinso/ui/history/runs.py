"""Recent runs: what each was asked to do, whom it changed, whom it left as they are and why; with Undo."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd
import streamlit as st

from kinso.errors import NotFound
from kinso.models.history import Run
from kinso.services.history.runs import get_run, list_customers_of_run, list_runs, may_stop, stop_run
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.history.filters import link_to_history
from kinso.ui.history.run_panel import offer_undo
from kinso.ui.history.words import RUN_SOURCES, STATUS, headline
from kinso.ui.insights.figures import REFRESH
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, moment, number, plain

_LISTED = 1000
_ICONS = {"running": ":material/pending:", "done": ":material/check_circle:", "rolled-back": ":material/undo:"}
_OUTCOMES = {"skipped": "Skipped", "kept": "Kept", "failed": "Failed"}
_UNKNOWN = "(deleted)"


@st.fragment(run_every=REFRESH)
def show_recent_runs() -> None:
    """The latest runs, newest first; one that is opened tells everything about it."""
    context = current_context(in_use=False)
    runs = list_runs(context.store, context.actor)
    if not runs:
        st.caption("No bulk change yet: activations, imports and bulk edits will be listed here.")
    known = {run.id: run for run in runs}
    for run in runs:
        icon = ":material/undo:" if run.undone_by else _ICONS[run.status]
        label = plain(headline(run, context.shop))
        opened = st.expander(label, icon=icon, key=f"run_{run.id}", on_change="rerun")
        if opened.open:
            with opened:
                _show_run(run, known.get(run.undone_by or ""), context)


def show_run_head(id: str, context: RequestContext) -> None:
    """Above the changes of one run: what it was, and the way to undo it."""
    with suppress(NotFound):
        run = get_run(context.store, context.actor, id)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(plain(headline(run, context.shop)), width="stretch")
            offer_undo(run, context, key=f"head_undo_{run.id}")


def _show_run(run: Run, undo: Run | None, context: RequestContext) -> None:
    ended = f", ended {moment(run.finished_at, context.shop)}" if run.finished_at else ""
    started = f"Started {moment(run.started_at, context.shop)} {RUN_SOURCES.get(run.source, run.source)}"
    st.caption(plain(f"{started} by {run.by_name}{ended}: {STATUS[run.status]}."))
    if undo is not None:
        st.caption(f"Undone by {isolated(undo.by_name)}, {plain(moment(undo.started_at, context.shop))}.")
    elif run.undone_by:
        st.caption("Undone later.")
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_undo(run, context, key=f"undo_{run.id}")
        offer_stop(run, context)
        if run.changed:
            link_to_history("Its changes in the history", run=run.id)
    changed, left = st.columns([2, 3], gap="medium") if run.exceptions else (st.container(), None)
    with changed:
        _show_changed(run, context)
    if left is not None:
        with left:
            _show_exceptions(run)


def _show_changed(run: Run, context: RequestContext) -> None:
    ids = list_customers_of_run(context.store, context.actor, run.id, limit=_LISTED)
    if not ids:
        st.caption("It changed nobody.")
        return
    first = f"The first {number(len(ids))} of " if run.changed > len(ids) else ""
    st.caption(f"{first}{counted(run.changed, 'customer')} changed:")
    table = pd.DataFrame({"Customer ID": list(ids)})
    st.dataframe(
        table, hide_index=True, width=320, key=f"run_{run.id}_customers", alt="Customers changed by this bulk change"
    )


def _show_exceptions(run: Run) -> None:
    """Those who were not changed as planned; a run remembers the first of them by name and counts the others."""
    first = f"The first {number(len(run.exceptions))} of " if run.exception_count > len(run.exceptions) else ""
    st.caption(f"{first}{counted(run.exception_count, 'customer')} left as they are:")
    table = pd.DataFrame(
        {
            "Customer ID": [each.customer_id or _UNKNOWN for each in run.exceptions],
            "Outcome": [_OUTCOMES[each.outcome] for each in run.exceptions],
            "Because the customer": [each.reason for each in run.exceptions],
        }
    )
    column = st.column_config.TextColumn
    st.dataframe(
        table,
        hide_index=True,
        key=f"run_{run.id}_exceptions",
        alt="Customers left as they are",
        column_config={"Customer ID": column(width=110), "Outcome": column(width=80)},
    )


def offer_stop(run: Run, context: RequestContext) -> None:
    """The button with its question, for those who may and while there is something to stop."""
    if run.status != "running" or not may_stop(context.actor, run):
        return
    with st.popover("Stop", icon=":material/stop_circle:"):
        st.write("Stop this bulk change, and undo what it has done so far?")
        st.button("Stop and undo", type="primary", key=f"stop_{run.id}", on_click=_stop, args=(run,))


def _stop(run: Run) -> None:
    context = current_context()
    with failures_as_toasts():
        stop_run(context.store, context.actor, run.id)
        celebrate("The bulk change goes no further; what it did is being undone.")
    st.rerun()
