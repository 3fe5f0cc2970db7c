"""What the questions before all bulk changes have in common: whom they concern, and what is to be known before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from kinso.models.bulk import Chosen
from kinso.models.customers import Customer, CustomerQuery
from kinso.ui.customers.filters import filter_in_words
from kinso.ui.customers.page_state import current_session
from kinso.ui.customers.words import isolated, listed, named
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, money, number, plain

_NAMED = 5


@dataclass(frozen=True)
class Those:
    """Whom something is done to: the customers of selected rows, as they were seen, or when None all of the query."""

    query: CustomerQuery
    rows: Sequence[Customer] | None = None

    @property
    def chosen(self) -> Chosen:
        """The same for the services."""
        return Chosen(self.query, None if self.rows is None else tuple(each.id for each in self.rows))


def tell_whom(those: Those, matched: int, first: Sequence[Customer], context: RequestContext) -> None:
    """Whom it concerns: the selected ones by name, or what all of them have in common, with some of the names."""
    if those.rows is not None:
        st.markdown(listed(those.rows))
        return
    asked = isolated(filter_in_words(those.query, context.shop))
    st.markdown(f"This concerns {asked}: **{counted(matched, 'customer')}**.")
    if first:
        names = ", ".join(map(named, first[:_NAMED]))
        more = matched - len(first[:_NAMED])
        st.caption(f"{names} and {number(more)} more" if more > 0 else names)


def tell_total(total: Decimal, count: int, context: RequestContext) -> None:
    """What those who are changed have spent."""
    if count:
        who = "Its purchase amount is" if count == 1 else "Their purchase amounts are together"
        st.caption(f"{who} {plain(money(total, context.shop))}.")


def tell_unsaved() -> None:
    """What is typed into the list comes first."""
    unsaved = current_session().pending_count
    if unsaved:
        st.warning(f"Save or discard your {counted(unsaved, 'unsaved change')} first.", icon=":material/edit_note:")


def nothing_typed() -> bool:
    """Whether everything typed into the list is saved."""
    return not current_session().pending_count
