"""Which customers are shown, in what order and on which page, and the controls and addresses that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import streamlit as st
from jinja2 import Template
from streamlit.delta_generator import DeltaGenerator

from kinso.models.customers import LONGEST_SEARCH, SORT_FIELDS, CustomerQuery, MembershipCounts, SortField
from kinso.models.facts import FACTS
from kinso.models.fields import FIELDS
from kinso.models.filters import Filter, filter_of, text_of
from kinso.models.shop import ShopSettings
from kinso.models.text import searchable
from kinso.models.transfer.cells import Flavour
from kinso.models.validation import LABELS
from kinso.ui.browser import CUSTOMER_ID
from kinso.ui.customers.filter_editor import parts_of
from kinso.ui.customers.filter_words import filter_in_words as condition_in_words
from kinso.ui.wording import counted, listed, number

SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50
MEMBERSHIPS: dict[str, tuple[bool | None, bool | None]] = {
    "All": (None, None),
    "Members": (True, None),
    "Non-members": (False, None),
    "Eligible": (None, True),
}
"""What each choice asks of the membership and of the eligibility."""
_SORTED_FACTS = ("spent", "lastPurchase", "saleCount", "averageSale", "overdueBy", "toThreshold", "memberSince")
SORTS: dict[str, SortField] = {
    **{LABELS[name]: name for name in SORT_FIELDS},
    **{FACTS[name].label: name for name in _SORTED_FACTS},
}
ORDERS: dict[str, Literal["asc", "desc"]] = {"Ascending": "asc", "Descending": "desc"}
_SEARCHED = [field.label.removeprefix("Customer ") for field in FIELDS if field.searchable]
DOWNLOAD = "/download/customers.csv"
FILTER = "filter"
"""The filter's name in the address, and the key of the input that keeps it there."""


@dataclass(frozen=True)
class View:
    """A query and the part of its result that is on screen; `page` counts from 1."""

    query: CustomerQuery
    page: int
    size: int

    @property
    def first(self) -> int:
        """The place in the whole result of the first customer shown, counted from 1."""
        return (self.page - 1) * self.size + 1


def query_of(*, search: str, membership: str, sort: str, order: str, filter: Filter | None = None) -> CustomerQuery:
    """The query behind what the filter controls show; what cannot be searched for is left out."""
    membership_status, eligible = MEMBERSHIPS.get(membership, (None, None))
    return CustomerQuery(
        search=searchable(search)[:LONGEST_SEARCH],
        membership_status=membership_status,
        eligible=eligible,
        filter=filter,
        sort_by=SORTS.get(sort, "createdAt"),
        sort_order=ORDERS.get(order, "desc"),
    )


def controls_of(view: View) -> dict[str, str | int]:
    """The value of each filter control, by the name it has in the address."""
    query = view.query
    return {
        "q": query.search,
        "member": _key(MEMBERSHIPS, (query.membership_status, query.eligible)),
        FILTER: text_of(query.filter),
        "sort": _key(SORTS, query.sort_by),
        "order": _key(ORDERS, query.sort_order),
        "size": view.size,
        "page": view.page,
    }


def range_in_words(view: View, shown: int, total: int) -> str:
    """`1–50 of 2,357 customers`."""
    if not shown:
        return counted(total, "customer")
    return f"{number(view.first)}–{number(view.first + shown - 1)} of {counted(total, 'customer')}"


def filter_in_words(query: CustomerQuery, shop: ShopSettings) -> str:
    """What a query leaves out, such as `members whose name contains “an”`; typed text is in it as typed."""
    kind = {None: "customers", True: "members", False: "non-members"}[query.membership_status]
    if query.eligible:
        kind = f"eligible {kind}"
    text = query.search.strip()
    searched = f"{kind} whose {listed(_SEARCHED, 'or')} contains “{text}”" if text else kind
    if query.filter:
        how, parts = parts_of(query.filter)
        words = (", " if how == "all" else " or ").join(condition_in_words(part, shop) for part in parts)
        return f"{searched} with {words}"
    return searched if text else f"all {kind}"


def download_address(query: CustomerQuery, flavour: Flavour, facts: Sequence[str] = ()) -> str:
    """Where the whole result of a query is to be had as a file, with the facts of these names."""
    chosen = {"flavour": flavour, **query.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
    if query.filter:
        chosen[FILTER] = text_of(query.filter)
    if facts:
        chosen["facts"] = ",".join(facts)
    flags = {name: str(value).lower() for name, value in chosen.items() if isinstance(value, bool)}
    return f"{DOWNLOAD}?{urlencode({**chosen, **flags})}"


def _key(options: Mapping[str, object], value: object) -> str:
    return next(key for key, option in options.items() if option == value)


PAGE = "page"
_LONGEST_PAGE = 9
"""Digits."""
_PAUSE = "120ms"
"""Without a key, after which the list follows what was typed."""
_CUSTOMERS = Path(__file__).parents[3] / "pages" / "customers.py"
_START = View(CustomerQuery(), 1, DEFAULT_SIZE)


def choose_query(ordering: DeltaGenerator, *, live: bool) -> CustomerQuery:
    """Draw the search and the membership, and in `ordering` the order. With `live`, the search follows the typing."""
    with st.container(key="customers_search", horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            type="search",
            key="q",
            bind="query-params",
            placeholder=f"Search this list by {listed(_SEARCHED, 'or')}",
            live=_PAUSE if live else False,
            on_change=_back_to_first_page,
            label_visibility="collapsed",
            width="stretch",
        )
        membership = st.segmented_control(
            "Membership",
            list(MEMBERSHIPS),
            default="All",
            required=True,
            key="member",
            bind="query-params",
            on_change=_back_to_first_page,
            label_visibility="collapsed",
            wrap=True,
        )
    with ordering:
        sort, order = _choose_order()
    return query_of(
        search=search or "", membership=membership or "All", sort=sort, order=order, filter=_filter_in_address()
    )


def _choose_order() -> tuple[str, str]:
    names, start = list(SORTS), list(SORTS.values()).index(_START.query.sort_by)
    sort, order = (st.session_state.get(key) or st.query_params.get(key) for key in ("sort", "order"))
    name = sort if sort in SORTS else names[start]
    with st.popover(f"{name} {'↑' if order == 'Ascending' else '↓'}", icon=":material/sort:", key="ordering"):
        sort = st.selectbox(
            "Sort by", names, index=start, key="sort", bind="query-params", on_change=_back_to_first_page
        )
        order = st.segmented_control(
            "Order",
            list(ORDERS),
            default="Descending",
            required=True,
            key="order",
            bind="query-params",
            on_change=_back_to_first_page,
        )
    return sort, order or "Descending"


_COUNTS = Template(
    "<style>{% for count in counts %}.st-key-member button:nth-of-type({{ loop.index }}) p::after"
    ' { content: "{{ count }}"; }{% endfor %}</style>',
    autoescape=True,
)


def show_counts(counts: MembershipCounts) -> None:
    """Draw beside each choice of the membership how many customers it has.

    The words of the choices stay the same: a click on one that is called differently a moment later would be lost.
    """
    numbers = (counts.total, counts.members, counts.total - counts.members, counts.eligible)
    st.html(_COUNTS.render(counts=map(number, numbers)))


def _filter_in_address() -> Filter | None:
    """The filter, which stands in an input that nobody sees, so that the address follows it and leads back to it."""
    st.text_input("Filter", key=FILTER, bind="query-params", on_change=_back_to_first_page)
    return present_filter()


def present_filter() -> Filter | None:
    """What is asked of facts now; None also if it cannot be understood."""
    try:
        return filter_of(_filter_text()) if _filter_text() else None
    except ValueError:
        return None


def has_bad_filter() -> bool:
    """Whether the address has a filter that cannot be understood."""
    return bool(_filter_text()) and present_filter() is None


def _filter_text() -> str:
    return str(st.session_state.get(FILTER) or "")


def show_filter(filter: Filter | None) -> None:
    """From a callback: ask this of facts from now on."""
    st.session_state[FILTER] = text_of(filter)
    _back_to_first_page()


def choose_size() -> int:
    """Draw the page size; returns it."""
    size = st.selectbox(
        "Per page",
        SIZES,
        index=SIZES.index(DEFAULT_SIZE),
        key="size",
        bind="query-params",
        on_change=_back_to_first_page,
        width=100,
    )
    return size if size in SIZES else DEFAULT_SIZE


def page_asked_for() -> int:
    """The page that the address or the page numbers ask for, before they are drawn; there may be no such page."""
    asked = str(st.session_state.get(PAGE) or st.query_params.get(PAGE, ""))
    return max(1, int(asked)) if asked.isdecimal() and len(asked) <= _LONGEST_PAGE else 1


def choose_page(pages: int) -> int:
    """Draw the page numbers; returns the chosen one."""
    with st.container():
        return st.pagination(pages, key=PAGE, bind="query-params")


def show_filters_of(view: View) -> None:
    """From a callback: have the controls show the view that is on screen."""
    st.session_state.update(controls_of(view))


def follow_way_back(view: View | None) -> None:
    """Show `view` again, which was on screen last, when the browser's way back from a customer leads here.

    Leaving for a customer puts an address between both pages that has the customer and no filters.
    """
    if CUSTOMER_ID in st.query_params:
        chosen = controls_of(view).items() - controls_of(_START).items() if view else ()
        st.switch_page(_CUSTOMERS, query_params={name: str(value) for name, value in chosen})


def clear_filters() -> None:
    """From a callback: everyone again, in the order and page size chosen before."""
    st.session_state.update({"q": "", "member": "All", FILTER: "", PAGE: 1})


def _back_to_first_page() -> None:
    st.session_state[PAGE] = 1
