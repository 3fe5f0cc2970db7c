"""Who decided what about the shop, and what one without customers sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.rule_bases import LIFETIME, RULE_BASES
from kinso.models.shop import SettingsChange, ShopSettings, country_names
from kinso.models.validation import LABELS
from kinso.services.customers.editing import create_customer
from kinso.services.shop.samples import load_samples
from kinso.services.shop.settings import list_settings_changes
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, counted, moment

_BASIS = "thresholdBasis"


def show_decisions(label: str, fields: Iterable[str], context: RequestContext) -> None:
    """Closed at first; nothing at all as long as nobody changed any of these settings, given by stored names."""
    names = list(fields)
    changes = list_settings_changes(context.store, context.actor, names)
    if not changes:
        return
    with st.expander(label, icon=":material/history:"):
        bases = bases_of(changes, context.shop)
        table = pd.DataFrame(
            {
                "When": [moment(change.at, context.shop) for change in changes],
                "What": [
                    in_words(change, names, context.shop, *sides) for change, sides in zip(changes, bases, strict=True)
                ],
                "Who": [change.by_name for change in changes],
            }
        )
        st.dataframe(table, hide_index=True, alt=label)


def bases_of(changes: Sequence[SettingsChange], shop: ShopSettings) -> list[tuple[str, str]]:
    """What the threshold was compared with before and after each change, newest first, by key."""
    found, key = [], shop.threshold_basis
    for change in changes:
        before = change.before.get(_BASIS, key)
        found.append((before, key))
        key = before
    return found


def in_words(change: SettingsChange, fields: Iterable[str], shop: ShopSettings, was: str, is_now: str) -> str:
    """`Threshold: $1,000.00 → $900.00; Activate at a purchase: off → on`; `was` and `is_now` are bases by key."""
    return "; ".join(
        f"{LABELS[name]}: {_value(name, change.before.get(name), shop, was)}"
        f" → {_value(name, change.after[name], shop, is_now)}"
        for name in fields
        if name in change.after
    )


def _value(name: str, value: Any, shop: ShopSettings, basis: str) -> str:
    match value:
        case str() if name == "country":
            return country_names().get(value, value) or "not set"
        case bool():
            return "on" if value else "off"
        case float():
            return amount_of(RULE_BASES.get(basis, LIFETIME).unit, Decimal(str(value)), shop)
        case str() if name == _BASIS and (known := RULE_BASES.get(value)):
            what = f"{known.unit.noun}s" if known.unit.noun else known.unit.verb
            return f"{what} {known.within or 'in total'}"
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
        celebrate(f"{counted(loaded, 'sample customer')} loaded.")
    # The button may be in a fragment, and the whole page is concerned.
    st.rerun()
