"""The deleted customers as a table with a box to tick in each row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32

import pandas as pd
import streamlit as st

from kinso.models.history import TrashedCustomer
from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.ui.visit import Visit
from kinso.ui.wording import counted, currency_symbol, membership

SELECTED = "Select"
_ROW, _HEAD, _MOST_ROWS = 35, 36, 15


def table_key(items: Sequence[TrashedCustomer]) -> str:
    """The widget's key: ticks go by the place of a row, so other rows are another table."""
    return f"trash_table_{crc32(' '.join(item.id for item in items).encode())}"


def draw_table(items: Sequence[TrashedCustomer], visit: Visit, at: datetime) -> None:
    """The last deleted first; only the boxes can be changed."""
    column, frame = st.column_config, frame_of(items, visit.shop, at)
    st.data_editor(
        frame,
        hide_index=True,
        disabled=[str(name) for name in frame if name != SELECTED],
        height=_HEAD + _ROW * min(len(items), _MOST_ROWS) + 2,
        row_height=_ROW,
        key=table_key(items),
        alt="Deleted customers",
        column_config={
            SELECTED: column.CheckboxColumn(SELECTED, width=84),
            LABELS["customerId"]: column.TextColumn(width=125),
            LABELS["customerName"]: column.TextColumn(width=185),
            "Deleted": column.DatetimeColumn(width=150, format="D MMM YYYY, HH:mm", timezone=visit.shop.time_zone),
            "Deleted by": column.TextColumn(width=150),
            "Removed for good": column.TextColumn(width=140),
            LABELS["contactInfo"]: column.TextColumn(width=205),
            LABELS["purchaseAmount"]: column.NumberColumn(
                f"{LABELS['purchaseAmount']} ({currency_symbol(visit.shop)})", width=175, format="%,.2f"
            ),
            LABELS["membershipStatus"]: column.TextColumn(width=110),
        },
    )


def frame_of(items: Sequence[TrashedCustomer], shop: ShopSettings, at: datetime) -> pd.DataFrame:
    """One row for each deleted customer, as they were."""
    customers = [item.customer for item in items]
    return pd.DataFrame(
        {
            SELECTED: [False] * len(items),
            LABELS["customerId"]: [customer.customer_id for customer in customers],
            LABELS["customerName"]: [customer.customer_name for customer in customers],
            "Deleted": pd.to_datetime([item.deleted_at for item in items], utc=True),
            "Deleted by": [item.by_name for item in items],
            "Removed for good": [time_left(item, shop, at) for item in items],
            LABELS["contactInfo"]: [customer.contact_info for customer in customers],
            LABELS["purchaseAmount"]: [float(customer.purchase_amount) for customer in customers],
            LABELS["membershipStatus"]: [membership(customer.membership_status) for customer in customers],
        }
    )


def time_left(item: TrashedCustomer, shop: ShopSettings, at: datetime) -> str:
    """`in 12 days`, counted from `at` and rounded up."""
    left = item.deleted_at + timedelta(days=shop.trash_days) - at
    if left > timedelta(days=1):
        return f"in {counted(-(-left // timedelta(days=1)), 'day')}"
    return "within a day" if left > timedelta(0) else "within the hour"


def ticked(items: Sequence[TrashedCustomer]) -> list[TrashedCustomer]:
    """The deleted customers whose boxes are ticked."""
    edited = st.session_state.get(table_key(items), {}).get("edited_rows", {})
    chosen = {int(place) for place, values in edited.items() if values.get(SELECTED)}
    return [item for place, item in enumerate(items) if place in chosen]
