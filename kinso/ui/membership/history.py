"""Recent runs in words, and whom each of them touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.run import Run
from kinso.models.shop import ShopSettings
from kinso.services.runs import list_customers_of_run, list_runs
from kinso.ui.figures import REFRESH
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted, membership, moment, money, number, plain

_LISTED = 1000
_STATUS = {"running": "under way", "done": "done", "rolled-back": "failed and taken back"}
_ICONS = {"running": ":material/pending:", "done": ":material/check_circle:", "rolled-back": ":material/undo:"}
_SOURCES = {"app": "in the app", "api": "through the API", "cli": "on the command line", "system": "by itself"}


@st.fragment(run_every=REFRESH)
def show_recent_runs() -> None:
    """The latest runs, newest first; one that is opened lists its customers."""
    visit = current_visit(in_use=False)
    runs = list_runs(visit.store, visit.actor)
    if not runs:
        st.caption("No bulk change yet: activations, imports and bulk edits will be listed here.")
    for run in runs:
        opened = st.expander(
            plain(headline(run, visit.shop)), icon=_ICONS[run.status], key=f"run_{run.id}", on_change="rerun"
        )
        if opened.open:
            with opened:
                _show_run(run, visit)


def headline(run: Run, shop: ShopSettings) -> str:
    """What, how many, when and by whom."""
    outcome = f"{number(run.changed)} of {counted(run.matched, 'customer')} changed, {_STATUS[run.status]}"
    return f"{describe(run, shop)}: {outcome} · {run.by_name} · {moment(run.started_at, shop)}"


def describe(run: Run, shop: ShopSettings) -> str:
    """What a run was asked to do."""
    asked = run.parameters
    match run.kind:
        case "auto-activation":
            return f"Activation at the threshold of {money(asked['threshold'], shop)}"
        case "bulk-membership":
            change = "Membership given" if asked["membershipStatus"] else "Membership ended"
            return f"{change} to {_chosen(asked)}" if asked["membershipStatus"] else f"{change} for {_chosen(asked)}"
        case "import":
            return f"Import of {_imported(asked)}"
        case _:
            return run.kind.replace("-", " ").capitalize()


def _chosen(asked: Mapping[str, Any]) -> str:
    if "selected" in asked:
        return counted(asked["selected"], "selected customer")
    filters = asked.get("filter", {})
    words = [f"{label} “{filters[name]}”" for name, label in _FILTERS.items() if filters.get(name)]
    if filters.get("membershipStatus") is not None:
        words.append(f"{membership(filters['membershipStatus'])}s".lower())
    return f"everyone matching {', '.join(words)}" if words else "everyone"


_FILTERS = {"search": "search", "customerName": "name"}


def _imported(asked: Mapping[str, Any]) -> str:
    if "samples" in asked:
        return "sample data"
    return f"“{asked['file']}”" if asked.get("file") else "a file"


def _show_run(run: Run, visit: Visit) -> None:
    ended = f", ended {moment(run.finished_at, visit.shop)}" if run.finished_at else ""
    started = moment(run.started_at, visit.shop)
    st.caption(plain(f"Started {started} {_SOURCES.get(run.source, run.source)}{ended}: {_STATUS[run.status]}."))
    ids = list_customers_of_run(visit.store, visit.actor, run.id, limit=_LISTED)
    if not ids:
        st.caption("It changed nobody.")
        return
    if run.changed > len(ids):
        st.caption(f"The first {number(len(ids))} of {counted(run.changed, 'customer')}:")
    table = pd.DataFrame({"Customer ID": list(ids)})
    st.dataframe(table, hide_index=True, width=320, key=f"run_{run.id}_customers", alt="Customers changed by this run")
