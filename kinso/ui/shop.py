"""Who decided what about the shop, and what one without customers sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.shop import SettingsChange, ShopSettings, ThresholdBasis, country_names
from kinso.models.validation import LABELS
from kinso.services.customers.editing import create_customer
from kinso.services.shop.samples import load_samples
from kinso.services.shop.settings import list_settings_changes
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.insights.figures import forget_figures
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, moment, money

BASES: Mapping[ThresholdBasis, str] = {"lifetime": "in total", "last-12-months": "in the last 12 months"}
"""What the threshold is compared with, to go on with after “spent”."""


def show_decisions(label: str, fields: Iterable[str], context: RequestContext) -> None:
    """Closed at first; nothing at all as long as nobody changed any of these settings, given by stored names."""
    names = list(fields)
    changes = list_settings_changes(context.store, context.actor, names)
    if not changes:
        return
    with st.expander(label, icon=":material/history:"):
        table = pd.DataFrame(
            {
                "When": [moment(change.at, context.shop) for change in changes],
                "What": [in_words(change, names, context.shop) for change in changes],
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


_SAMPLES = 200
_PAGES = Path(__file__).parents[2] / "pages"
_REGISTER, _IMPORT = _PAGES / "register.py", _PAGES / "imports.py"


def show_no_customers(context: RequestContext) -> None:
    """Say that there are no customers yet, and offer what this person may do about it."""
    with st.container(border=True, width=640, gap="medium"):
        st.subheader("No customers yet", icon=":material/storefront:", anchor=False)
        if not context.may(create_customer):
            st.write("As soon as a colleague registers or imports customers, they appear here.")
            return
        st.write("Register the first one, import a file of customers, or look around with sample data.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(_REGISTER, label="Register a customer", icon=":material/person_add:")
            if context.may(load_samples):
                st.page_link(_IMPORT, label="Import a file", icon=":material/upload_file:")
                st.button(
                    "Load sample data", icon=":material/dataset:", key="load_sample_data", on_click=_load_sample_data
                )


def _load_sample_data() -> None:
    context = current_context()
    with failures_as_toasts():
        loaded = load_samples(context.store, context.actor, _SAMPLES)
        forget_figures()
        celebrate(f"{counted(loaded, 'sample customer')} loaded.")
    # The button may be in a fragment, and the whole page is concerned.
    st.rerun()
