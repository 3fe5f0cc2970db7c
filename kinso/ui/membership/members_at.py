"""Who was a member on a day of the past."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.services.membership.status import count_members_at, list_members_at
from kinso.ui.visit import current_visit
from kinso.ui.wording import counted, day, membership, money_format, number, plain

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
    visit = current_visit()
    today = datetime.now(visit.shop.zone).date()
    st.date_input("Day", today, min_value=_FIRST_DAY, max_value=today, key=_DAY, format="YYYY-MM-DD", width=160)
    chosen: date | None = st.session_state[_DAY]
    if chosen is None:
        st.caption("Choose a day.")
        return
    moment = end_of(chosen, visit.shop)
    [count] = count_members_at(visit.store, visit.actor, [moment])
    when = f"At the end of {day(chosen)}" if chosen < today else "Today, up to now,"
    verb = "was" if count == 1 else "were"
    st.markdown(f"{plain(when)} **{counted(count, 'customer')}** {verb} {'a member' if count == 1 else 'members'}.")
    members = list_members_at(visit.store, visit.actor, moment, limit=_LISTED)
    if count > len(members):
        st.caption(f"Listed are the {number(len(members))} newest of those who are not deleted now.")
    if not members:
        return
    amount = st.column_config.NumberColumn(format=money_format(visit.shop))
    table = pd.DataFrame(
        {
            "Customer ID": [customer.customer_id for customer in members],
            "Name": [customer.customer_name for customer in members],
            "Purchase amount now": [float(customer.purchase_amount) for customer in members],
            "Membership now": [membership(customer.membership_status) for customer in members],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key="members_at_table",
        alt="Members then",
        column_config={"Purchase amount now": amount},
    )


def end_of(chosen: date, shop: ShopSettings) -> datetime:
    """The last moment of a day in the shop's zone, but never a future one."""
    end = datetime.combine(chosen + timedelta(days=1), time.min, shop.zone) - timedelta(milliseconds=1)
    return min(end, datetime.now(UTC))
