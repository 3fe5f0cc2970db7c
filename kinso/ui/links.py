"""Ways from a page to somewhere else: to a file, which the browser saves without leaving, and to another page."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

_WANTED = "page_to_go_to"
_PAGES = Path(__file__).parents[2] / "pages"
_CUSTOMER, _CUSTOMERS = _PAGES / "customer.py", _PAGES / "customers.py"
CUSTOMER_ID = "id"
"""In the address of a customer's page: the `_id`."""

_LINK = (
    '<a href="{address}" download style="display:block;padding:.5rem .75rem;border-radius:.5rem;color:inherit;'
    'text-decoration:none;border:1px solid color-mix(in srgb, currentColor 22%, transparent)">'
    '<span style="font-weight:600">{title}</span><br><span style="font-size:.85rem;opacity:.75">{text}</span></a>'
)


def download_link(address: str, title: str, text: str) -> None:
    """A link to a file of our own, with a line about what is in it."""
    st.html(_LINK.format(address=escape(address), title=escape(title), text=escape(text)))


def go_to(page: Path, **query: str) -> None:
    """From a callback: have the next run leave for another page, at an address with this query."""
    st.session_state[_WANTED] = (page, query)


def open_customer(id: str) -> None:
    """From a callback: have the next run show the page of the customer with this `_id`."""
    go_to(_CUSTOMER, **{CUSTOMER_ID: id})


def link_to_customer(id: str, label: str, *, icon: str | None = None) -> None:
    """A link to the page of the customer with this `_id`; `label` is read as Markdown."""
    st.page_link(_CUSTOMER, label=label, icon=icon, query_params={CUSTOMER_ID: id})


def link_to_customers() -> None:
    """The way to the list of all customers."""
    st.page_link(_CUSTOMERS, label="All customers", icon=":material/group:")


def leave_if_asked() -> None:
    """Leave, when a callback asked for it; as soon as Streamlit knows the pages."""
    page, query = st.session_state.pop(_WANTED, (None, {}))
    if page is not None:
        st.switch_page(page, query_params=query)
