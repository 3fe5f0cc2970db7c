"""The list on paper: a grid is a picture of the rows in view, so a table of all rows takes its place there."""

from __future__ import annotations

from html import escape

import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.ui.customers.sheet import Row, Sheet
from kinso.ui.customers.words import value_in_words
from kinso.ui.wording import day

_TEXTS = ("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus")


def draw_for_print(sheet: Sheet, shop: ShopSettings) -> None:
    """Draw what only a printer shows: every row of this page of the list."""
    heads = "".join(f"<th>{escape(LABELS[name])}</th>" for name in (*_TEXTS, "createdAt"))
    rows = "".join(f"<tr>{_cells(row, shop)}</tr>" for row in sheet.rows)
    st.html(f'<table class="kinso-print"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')


def _cells(row: Row, shop: ShopSettings) -> str:
    texts = [value_in_words(name, row.shown(name), shop) for name in _TEXTS]
    texts.append(day(row.base.created_at.astimezone(shop.zone).date()))
    return "".join(f"<td>{escape(text)}</td>" for text in texts)
