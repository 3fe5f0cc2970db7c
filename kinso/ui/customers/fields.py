"""The five fields of a customer as form inputs, each with what is wrong about it directly underneath."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.ui.wording import currency_symbol, plain

_BESIDE_A_FIELD = 32
"""Pixels above a checkbox that stands next to a field with a label."""


def draw_fields(
    key_of: Callable[[str], str],
    errors: Mapping[str, str],
    shop: ShopSettings,
    *,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Draw them under the widget keys that `key_of` gives; `values` are what they start with, by stored names."""
    start = values or {}
    with _field("customerName", errors):
        _draw_text("customerName", key_of, start)
    with _field("contactInfo", errors):
        _draw_text("contactInfo", key_of, start, "E-mail, phone or address")
    identity, amount, membership = st.columns(3)
    with identity, _field("customerId", errors):
        _draw_text("customerId", key_of, start)
    with amount, _field("purchaseAmount", errors):
        st.number_input(
            f"{LABELS['purchaseAmount']} ({currency_symbol(shop)})",
            value=_number(start.get("purchaseAmount")),
            step=1.0,
            format="%.2f",
            key=key_of("purchaseAmount"),
            placeholder="0.00",
            persist_state="session",
        )
    with membership, _field("membershipStatus", errors):
        st.space(_BESIDE_A_FIELD)
        st.checkbox(
            "Member",
            value=bool(start.get("membershipStatus")),
            key=key_of("membershipStatus"),
            persist_state="session",
        )


@contextmanager
def _field(name: str, errors: Mapping[str, str]) -> Iterator[None]:
    with st.container(gap="xxsmall"):
        yield
        if message := errors.get(name):
            st.markdown(f":small[:red[:material/error: {plain(message)}]]")


def _draw_text(
    name: str, key_of: Callable[[str], str], start: Mapping[str, Any], placeholder: str | None = None
) -> None:
    st.text_input(
        LABELS[name],
        value=str(start.get(name) or ""),
        key=key_of(name),
        placeholder=placeholder,
        autocomplete="off",
        persist_state="session",
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, Decimal | float | int) else None
