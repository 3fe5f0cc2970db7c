"""Who decided what about the shop, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.shop import SettingsChange, ShopSettings, ThresholdBasis, country_names
from kinso.models.validation import LABELS
from kinso.services.shop.settings import list_settings_changes
from kinso.ui.visit import Visit
from kinso.ui.wording import moment, money

BASES: Mapping[ThresholdBasis, str] = {"lifetime": "in total", "last-12-months": "in the last 12 months"}
"""What the threshold is compared with, to go on with after “spent”."""


def show_decisions(label: str, fields: Iterable[str], visit: Visit) -> None:
    """Closed at first; nothing at all as long as nobody changed any of these settings, given by stored names."""
    names = list(fields)
    changes = list_settings_changes(visit.store, visit.actor, names)
    if not changes:
        return
    with st.expander(label, icon=":material/history:"):
        table = pd.DataFrame(
            {
                "When": [moment(change.at, visit.shop) for change in changes],
                "What": [in_words(change, names, visit.shop) for change in changes],
                "Who": [change.by_name for change in changes],
            }
        )
        st.dataframe(table, hide_index=True, alt=label)


def in_words(change: SettingsChange, fields: Iterable[str], shop: ShopSettings) -> str:
    """`Threshold: $1,000.00 → $900.00; Activate at a purchase: off → on`."""
    return "; ".join(
        f"{LABELS[name]}: {_value(name, change.before.get(name), shop)} → {_value(name, change.after[name], shop)}"
        for name in fields
        if name in change.after
    )


def _value(name: str, value: Any, shop: ShopSettings) -> str:
    match value:
        case str() if name == "country":
            return country_names().get(value, value) or "not set"
        case bool():
            return "on" if value else "off"
        case float():
            return money(Decimal(str(value)), shop)
        case "lifetime" | "last-12-months":
            return f"spent {BASES[value]}"
        case _:
            return str(value)
