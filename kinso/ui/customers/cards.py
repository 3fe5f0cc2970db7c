"""The list on a telephone: a card for each customer instead of the grid, which opens the customer at a touch."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

import streamlit as st
from jinja2 import Template

from kinso.ui.browser import CUSTOMER_ID, OPEN_BESIDE, run_script
from kinso.ui.customers.columns import LAST_PURCHASE
from kinso.ui.customers.grid_state import GridState, Row
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import day, money

_CARDS = Template(
    '<div class="kinso-cards">{% for card in cards %}<a href="{{ card.address }}" data-open="{{ card.id }}">'
    "<span><strong>{{ card.name }}</strong><strong>{{ card.spent }}</strong></span>"
    "<span><i>{{ card.contact }}</i>{% if card.member %}<em>Member</em>{% endif %}</span>"
    "<span><small>{{ card.number }}</small><small>{{ card.last }}</small></span></a>{% endfor %}</div>",
    autoescape=True,
)


def draw_cards(grid: GridState, context: RequestContext) -> None:
    """Draw what only a narrow screen shows; on it the grid is not shown."""
    st.html(_CARDS.render(cards=[_card(row, grid, context) for row in grid.rows if not row.gone]))
    run_script(OPEN_BESIDE)


def _card(row: Row, grid: GridState, context: RequestContext) -> dict[str, object]:
    customer = row.base
    last = grid.facts.get(customer.id, {}).get(LAST_PURCHASE)
    return {
        "address": f"/customer?{urlencode({CUSTOMER_ID: customer.id})}",
        "id": customer.id,
        "name": row.shown("customerName") or "(no name)",
        "spent": money(customer.purchase_amount, context.shop),
        "contact": row.shown("contactInfo"),
        "member": row.shown("membershipStatus"),
        "number": customer.customer_id,
        "last": f"Last purchase {day(date.fromisoformat(last))}" if last else "No purchase yet",
    }
