"""Choosing what is in a file, the file, and what to do about customers who are not known."""

from __future__ import annotations

import streamlit as st

from kinso.models.transfer.plans import Unknown
from kinso.ui.importing.desk import Desk, Kind, Upload
from kinso.ui.visit import Visit

KIND, UNKNOWN = "import_kind", "import_unknown"
_KINDS: dict[Kind, str] = {"customers": "Customers", "purchases": "Purchases"}
_ICONS: dict[Kind, str] = {"customers": ":material/group:", "purchases": ":material/receipt_long:"}
_COLUMNS: dict[Kind, str] = {
    "customers": "The first row names the columns: **Customer ID**, and any of Customer name, Contact, Purchase amount,"
    " Membership and, for new customers, Registered. What a file does not tell stays as it is.",
    "purchases": "The first row names the columns: **Sale ID**, **Customer ID**, **Date** (like 2025-01-31) and"
    " **Amount**, and any of Payment method, Note and, for new customers, Customer name and Contact.",
}
_UNKNOWN: dict[Unknown, str] = {
    "refuse": "Refuse the file: every customer has to be registered",
    "create": "Create them from their ID",
}
_TYPES = ["csv", "txt", "tsv"]


def file_key(kind: Kind, desk: Desk) -> str:
    """The key of the place for the file; a new one after an import, so that it is empty."""
    return f"import_file_{kind}_{desk.edition}"


def choose_file(desk: Desk, visit: Visit, *, busy: bool) -> None:
    """Draw the form, and have a file that was chosen checked; while Kinso is busy with one, nothing can be chosen."""
    kind: Kind = st.segmented_control(
        "What is in the file?",
        list(_KINDS),
        format_func=lambda kind: f"{_ICONS[kind]} {_KINDS[kind]}",
        default="customers",
        required=True,
        key=KIND,
        disabled=busy,
    )
    st.caption(_COLUMNS[kind])
    uploaded = st.file_uploader("CSV file", type=_TYPES, key=file_key(kind, desk), disabled=busy)
    unknown: Unknown = "refuse"
    if kind == "purchases":
        unknown = st.radio(
            "Customers in the file who are not known",
            list(_UNKNOWN),
            format_func=_UNKNOWN.__getitem__,
            key=UNKNOWN,
            disabled=busy,
        )
    if busy:
        return
    if uploaded is None:
        desk.clear()
    else:
        desk.put(Upload(uploaded.file_id, uploaded.name, kind, unknown), uploaded.getvalue, visit)
