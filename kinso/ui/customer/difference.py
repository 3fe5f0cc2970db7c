"""An amount that differs from its items: shown while it is typed, and kept as a discount or a surcharge."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.transfer.amounts import read_amount
from kinso.ui.customer.card import Difference, PurchaseForm, at_card
from kinso.ui.customer.items import items_total
from kinso.ui.wording import money, plain

_MEANT, _MISTAKE = "meant", "mistake"


def typed_amount(form: PurchaseForm) -> Decimal | float | None:
    """What was typed as the amount; raises ValueError with a sentence part for what is no amount."""
    typed = st.session_state.get(form.amount_key)
    if not isinstance(typed, str):
        return typed
    return read_amount(typed, ",") if typed.strip() else None


def difference_of(form: PurchaseForm) -> Difference | None:
    """The difference that is typed at present; None when there is none, or nothing to compare."""
    items = items_total(form)
    try:
        paid = typed_amount(form)
    except ValueError:
        return None
    if items is None or not isinstance(paid, Decimal) or paid == items:
        return None
    return Difference(items, paid)


def draw_difference(form: PurchaseForm, shop: ShopSettings) -> None:
    """What the items come to, and what the difference is, if there is one; the form remembers which one was shown."""
    form.shown = difference = difference_of(form)
    if difference is None:
        return
    amount, items = (plain(money(each, shop)) for each in (difference.amount, difference.items))
    direction = "less" if difference.name == "discount" else "more"
    st.markdown(f":material/info: The items come to **{items}**; the amount is **{amount} {direction}**.")
    labels = {_MEANT: f"A {difference.name} of {amount}", _MISTAKE: f"Not meant: take {items}"}
    st.radio(
        "The difference is",
        list(labels),
        format_func=labels.__getitem__,
        horizontal=True,
        key=form.key("difference"),
        on_change=_take_items,
        args=(form, difference),
    )


def _take_items(form: PurchaseForm, difference: Difference) -> None:
    with at_card():
        if st.session_state.get(form.key("difference")) == _MISTAKE:
            form.filled = f"{difference.items:.2f}"
            st.session_state[form.amount_key] = form.filled
            st.session_state[form.key("difference")] = _MEANT
