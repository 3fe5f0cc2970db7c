"""Customers in a table, each ID being the way to the customer's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.membership import Spender
from kinso.models.shop import ShopSettings, ThresholdBasis
from kinso.ui.links import open_customer
from kinso.ui.wording import money_format

AMOUNT: Mapping[ThresholdBasis, str] = {"lifetime": "Purchase amount", "last-12-months": "Last 12 months"}
"""What the amount that counts is called."""
_ID = "Customer ID"


def show_spenders(
    spenders: Sequence[Spender], shop: ShopSettings, *, key: str, alt: str, more: Mapping[str, Sequence[Any]]
) -> None:
    """Who they are and what they spent; `more` are further columns, of which those with numbers are amounts."""
    if not spenders:
        st.caption("Nobody.")
        return
    spent = AMOUNT[shop.threshold_basis]
    columns: dict[str, Any] = {
        _ID: [each.customer.customer_id for each in spenders],
        "Name": [each.customer.customer_name for each in spenders],
        spent: [float(each.amount) for each in spenders],
        **more,
    }
    amount = st.column_config.NumberColumn(format=money_format(shop))
    amounts = [name for name, values in columns.items() if isinstance(values[0], float)]
    click = f"{key}_open"
    ids = [each.customer.id for each in spenders]
    way = st.column_config.ButtonColumn(_ID, key=click, on_click=_open, args=(click, ids), help="Opens the customer.")
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        key=key,
        alt=alt,
        column_config={_ID: way, **dict.fromkeys(amounts, amount)},
    )


def _open(click: str, ids: Sequence[str]) -> None:
    place = st.session_state[click]["row"]
    if 0 <= place < len(ids):
        open_customer(ids[place])
        # The table may be in a fragment, and the whole page is left.
        st.rerun()
