"""The grid: customers as a table that can be typed into, or only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from kinso.models.accounts import Permission
from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.services.membership.eligibility import find_eligible
from kinso.ui.customers.desk import grid_key
from kinso.ui.customers.sheet import EDITABLE, SELECTED, Row, Sheet
from kinso.ui.visit import Visit
from kinso.ui.wording import currency_symbol

DETAILS = "details"
PROBLEM = "problem"
ELIGIBLE = "eligible"
_MOST_ROWS = 15
_ROW, _HEAD = 35, 36
_BADGE = "Eligible"
_DETAILS_ICON = ":material/open_in_full:"


def draw_grid(sheet: Sheet, visit: Visit, on_details: Callable[[str], None]) -> None:
    """Draw the present edition; `on_details` gets the key under which the row of a clicked button is to be read."""
    key = grid_key(sheet)
    if sheet.eligible is None:
        sheet.eligible = find_eligible(visit.store, visit.actor, [row.base for row in sheet.rows])
    may_edit = visit.may(Permission.EDIT)
    options: dict[str, Any] = {
        "hide_index": True,
        "column_config": _columns(sheet, visit.shop, f"{key}_details", on_details, may_edit=may_edit),
        "height": _HEAD + _ROW * min(len(sheet.rows), _MOST_ROWS) + 2,
        "row_height": _ROW,
        "key": key,
        "alt": "Customers",
        "placeholder": "",
    }
    if may_edit:
        st.data_editor(frame_of(sheet), disabled=[DETAILS, PROBLEM, ELIGIBLE, "createdAt", "updatedAt"], **options)
    else:
        st.dataframe(frame_of(sheet).drop(columns=SELECTED), **options)
    sheet.drawn = sheet.edition


def frame_of(sheet: Sheet) -> pd.DataFrame:
    """The rows as the present edition shows them, before anything is typed over them.

    Columns and types are always the same: another one would make the browser draw a new grid, and close the cell that
    is being typed into.
    """
    rows = sheet.rows
    columns: dict[str, Any] = {
        SELECTED: [row.selected for row in rows],
        DETAILS: [_DETAILS_ICON] * len(rows),
        PROBLEM: [_problem(row) for row in rows],
    }
    columns |= {name: [row.shown(name) for row in rows] for name in EDITABLE}
    columns["purchaseAmount"] = [_number(amount) for amount in columns["purchaseAmount"]]
    columns[ELIGIBLE] = [_badge(row, sheet) for row in rows]
    columns["createdAt"] = pd.to_datetime([row.base.created_at for row in rows], utc=True)
    columns["updatedAt"] = pd.to_datetime([row.base.updated_at for row in rows], utc=True)
    return pd.DataFrame(columns)


def _columns(
    sheet: Sheet, shop: ShopSettings, click: str, on_details: Callable[[str], None], *, may_edit: bool
) -> dict[str, Any]:
    # As wide as lets a laptop show who is a member and who could be one without scrolling.
    column = st.column_config
    when = column.DatetimeColumn
    return {
        SELECTED: column.CheckboxColumn("Select", width=84) if may_edit else None,
        DETAILS: column.ButtonColumn(
            "Details", width=66, type="tertiary", key=click, on_click=on_details, args=(click,)
        ),
        PROBLEM: column.TextColumn("Not saved", width=130) if any(map(_problem, sheet.rows)) else None,
        "customerId": column.TextColumn(LABELS["customerId"], width=105),
        "customerName": column.TextColumn(LABELS["customerName"], width=150),
        "contactInfo": column.TextColumn(LABELS["contactInfo"], width=178),
        "purchaseAmount": column.NumberColumn(
            f"{LABELS['purchaseAmount']} ({currency_symbol(shop)})", width=164, format="%,.2f"
        ),
        "membershipStatus": column.CheckboxColumn("Member", width=90),
        ELIGIBLE: column.MultiselectColumn(
            "Eligible",
            width=95,
            options=[_BADGE],
            color="green",
            help="Spent enough to become a member; the rule is on the membership page.",
        ),
        "createdAt": when(LABELS["createdAt"], width=150, format="D MMM YYYY, HH:mm", timezone=shop.time_zone),
        "updatedAt": when(LABELS["updatedAt"], width=150, format="D MMM YYYY, HH:mm", timezone=shop.time_zone),
    }


def _problem(row: Row) -> str:
    if row.gone:
        return "⚠ Deleted"
    names = [LABELS[name] for name in (*row.problems, *row.conflicts) if name in LABELS]
    return f"⚠ {', '.join(names)}" if names else ""


def _badge(row: Row, sheet: Sheet) -> np.ndarray:
    is_eligible = row.base.id in (sheet.eligible or ()) and not row.gone
    # A list would be one of nothing where it is empty, and so the column of another type.
    return np.array([_BADGE] * is_eligible, dtype=str)


def _number(amount: Any) -> float | None:
    return None if amount is None else float(amount)
