"""Who was a member on a day of the past, and tables of customers whose IDs lead to their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.membership import Spender
from kinso.models.shop import ShopSettings
from kinso.services.membership.eligibility import count_members_at, list_members_at
from kinso.ui.browser import open_customer
from kinso.ui.request_context import current_context
from kinso.ui.wording import counted, day, figure_of, format_of, membership, money_format, number, plain

_LISTED = 1000
EXPANDER, _DAY = "members_at", "members_at_day"
_FIRST_DAY = date(1990, 1, 1)


@st.fragment
def show_members_at() -> None:
    """Closed at first, because it is asked rarely."""
    expander = st.expander("Who was a member on a day?", icon=":material/event:", key=EXPANDER, on_change="rerun")
    if expander.open:
        with expander:
            _show()


def _show() -> None:
    context = current_context()
    today = datetime.now(context.shop.zone).date()
    st.date_input("Day", today, min_value=_FIRST_DAY, max_value=today, key=_DAY, format="YYYY-MM-DD", width=160)
    chosen: date | None = st.session_state[_DAY]
    if chosen is None:
        st.caption("Choose a day.")
        return
    moment = end_of(chosen, context.shop)
    [count] = count_members_at(context.store, context.actor, [moment])
    when = f"At the end of {day(chosen)}" if chosen < today else "Today, up to now,"
    verb = "was" if count == 1 else "were"
    st.markdown(f"{plain(when)} **{counted(count, 'customer')}** {verb} {'a member' if count == 1 else 'members'}.")
    members = list_members_at(context.store, context.actor, moment, limit=_LISTED)
    if count > len(members):
        st.caption(f"Listed are the {number(len(members))} newest of those who are not deleted now.")
    if not members:
        return
    amount = st.column_config.NumberColumn(format=money_format(context.shop))
    table = pd.DataFrame(
        {
            "Customer ID": [customer.customer_id for customer in members],
            "Name": [customer.customer_name for customer in members],
            "Total spent now": [float(customer.purchase_amount) for customer in members],
            "Membership now": [membership(customer.membership_status) for customer in members],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key="members_at_table",
        alt="Members then",
        column_config={"Total spent now": amount},
    )


def end_of(chosen: date, shop: ShopSettings) -> datetime:
    """The last moment of a day in the shop's zone, but never a future one."""
    end = datetime.combine(chosen + timedelta(days=1), time.min, shop.zone) - timedelta(milliseconds=1)
    return min(end, datetime.now(UTC))


_ID = "Customer ID"


def show_spenders(
    spenders: Sequence[Spender], shop: ShopSettings, *, key: str, alt: str, more: Mapping[str, Sequence[Any]]
) -> None:
    """Who they are and what counts of them; `more` are further columns, of which those with `Decimal`s are amounts."""
    if not spenders:
        st.caption("Nobody.")
        return
    basis = shop.basis
    columns: dict[str, Any] = {
        _ID: [each.customer.customer_id for each in spenders],
        "Name": [each.customer.customer_name for each in spenders],
        basis.column: [each.amount for each in spenders],
        **more,
    }
    amount = st.column_config.NumberColumn(format=format_of(basis.unit, shop))
    amounts = [name for name, values in columns.items() if isinstance(values[0], Decimal)]
    columns |= {name: [figure_of(basis.unit, each) for each in columns[name]] for name in amounts}
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
