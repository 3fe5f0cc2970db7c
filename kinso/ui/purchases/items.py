"""The lines of a receipt that is being entered: a few inputs side by side, which wrap on a narrow screen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from kinso.errors import InvalidInput
from kinso.models.money import round_to_cents
from kinso.models.purchases import MOST_ITEMS, PurchaseItem
from kinso.models.validation import LABELS, parse
from kinso.ui.customers.card import PurchaseForm, at_card
from kinso.ui.customers.grid_state import new_serial
from kinso.ui.wording import plain

_ALL_DECIMALS = "%g"
"""In the browser this is the number as it was typed."""
_FIELDS = ("name", "quantity", "unitPrice")


def draw_items(form: PurchaseForm) -> None:
    """The rows that there are, and the button for one more."""
    for place, row in enumerate(form.items):
        _draw_row(form, row, is_first=not place)
    if len(form.items) < MOST_ITEMS:
        st.button(
            "Add another item",
            icon=":material/add:",
            type="tertiary",
            key=form.key("add_item"),
            on_click=add_item,
            args=(form,),
        )


def add_item(form: PurchaseForm) -> None:
    """From a callback: one more row; an amount that was typed before the first one stays."""
    with at_card():
        typed = st.session_state.get(form.amount_key)
        form.items.append(new_serial())
        st.session_state[form.amount_key] = f"{typed:.2f}" if isinstance(typed, float | int) else typed or ""


def items_of(form: PurchaseForm) -> tuple[list[PurchaseItem], dict[str, str]]:
    """What was typed into the rows, and what is wrong with it by row; rows without a name and a price do not count."""
    items, errors = [], {}
    for row in form.items:
        typed = _typed(form, row)
        if not typed["name"].strip() and typed.get("unitPrice") is None:
            continue
        try:
            items.append(parse(PurchaseItem, typed))
        except InvalidInput as error:
            errors[_problem(row)] = error.message
    return items, errors


def fill_amount(form: PurchaseForm) -> None:
    """From a callback: put the total of the items into the amount, unless a person typed another one there."""
    total = items_total(form)
    typed = st.session_state.get(form.amount_key)
    if form.items and (not typed or typed == form.filled):
        form.errors.pop("amount", None)
        form.filled = "" if total is None else f"{total:.2f}"
        st.session_state[form.amount_key] = form.filled


def _draw_row(form: PurchaseForm, row: int, *, is_first: bool) -> None:
    visibility = "visible" if is_first else "collapsed"
    options: dict[str, Any] = {
        "on_change": fill_amount,
        "args": (form,),
        "label_visibility": visibility,
        "persist_state": "session",
    }
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.text_input(
                "Item", placeholder="Item", key=_key(form, row, "name"), autocomplete="off", width="stretch", **options
            )
            st.number_input(
                LABELS["quantity"],
                value=1.0,
                step=1.0,
                format=_ALL_DECIMALS,
                key=_key(form, row, "quantity"),
                width=110,
                **options,
            )
            st.number_input(
                LABELS["unitPrice"],
                value=None,
                step=1.0,
                format=_ALL_DECIMALS,
                placeholder="0.00",
                key=_key(form, row, "unitPrice"),
                width=150,
                **options,
            )
            st.button(
                ":material/close:",
                help="Remove this item",
                type="tertiary",
                key=_key(form, row, "remove"),
                on_click=_remove,
                args=(form, row),
            )
        if message := form.errors.get(_problem(row)):
            st.markdown(f":small[:red[:material/error: {plain(message)}]]")


def items_total(form: PurchaseForm) -> Decimal | None:
    """What the items that were typed come to; None without any."""
    items, _ = items_of(form)
    return round_to_cents(sum((item.total for item in items), Decimal(0))) if items else None


def _typed(form: PurchaseForm, row: int) -> Mapping[str, Any]:
    name, quantity, price = (st.session_state.get(_key(form, row, field)) for field in _FIELDS)
    typed = {"name": name or "", "quantity": quantity, "unitPrice": price}
    return {field: value for field, value in typed.items() if value is not None}


def _remove(form: PurchaseForm, row: int) -> None:
    with at_card():
        if row in form.items:
            form.items.remove(row)
        fill_amount(form)


def _key(form: PurchaseForm, row: int, name: str) -> str:
    return form.key(f"item_{row}_{name}")


def _problem(row: int) -> str:
    return f"item_{row}"
