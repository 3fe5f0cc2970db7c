"""The controls that decide which changes are shown; each is in the address, so that a link shows the same."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from kinso.errors import NotFound
from kinso.models.customers import LONGEST_SEARCH
from kinso.models.history import ChangeKind, HistoryQuery, Run
from kinso.models.shop import ShopSettings
from kinso.models.text import searchable
from kinso.services.customers.editing import get_customer
from kinso.services.history.changes import list_people_in_history
from kinso.services.history.runs import get_run, list_runs
from kinso.ui.customers.words import named
from kinso.ui.history.words import KINDS, describe
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import moment

HISTORY = Path(__file__).parents[3] / "pages" / "history.py"
DOWNLOAD = "/download/history.csv"
PERSON, CUSTOMER, KIND, SINCE, UNTIL, PAGE = "person", "customer", "kind", "from", "until", "history_page"
"""In the address under these names, by Streamlit."""
ONE_CUSTOMER, RUN = "of", "run"
"""In the address under these names, by this module: they hold identifiers, which are not what is on screen."""
_RUN_CONTROL = "history_run"
_ASKED = "history_link"
_CLEARED = {PERSON: None, CUSTOMER: "", KIND: None, SINCE: None, UNTIL: None, PAGE: 1}
_RUNS = 50
_LIFETIME = 45
"""Seconds that the names of people are kept."""
_DAYS = "YYYY-MM-DD"


def choose_query(context: RequestContext) -> HistoryQuery:
    """Draw the filters; returns what they say."""
    _follow_link()
    with st.grid("auto", min_column_width=150, gap="small"):
        person = _select("Person", _people(context.store.name, context), PERSON, "Everyone")
        customer_id = st.text_input(
            "Customer ID",
            type="search",
            key=CUSTOMER,
            bind="query-params",
            placeholder="All customers",
            on_change=_back_to_first_page,
        )
        kind = _select("What", list(KINDS.values()), KIND, "Everything")
        first, last = _choose_day("From", SINCE), _choose_day("Until", UNTIL)
        run = _choose_run(context)
    since, until = moments_of(first, last, context.shop)
    if first and last and first > last:
        st.warning("“From” is later than “Until”, so no day is left to show.", icon=":material/event_busy:")
    return HistoryQuery(
        customer=_choose_customer(context),
        customer_id=searchable(customer_id or "").strip()[:LONGEST_SEARCH],
        by_name=person or "",
        kind=_kind_of(kind),
        since=since,
        until=until,
        run=run,
    )


def moments_of(first: date | None, last: date | None, shop: ShopSettings) -> tuple[datetime | None, datetime | None]:
    """When the first day begins and the last one ends in the shop's zone."""
    since = datetime.combine(first, time.min, shop.zone) if first else None
    until = datetime.combine(last + timedelta(days=1), time.min, shop.zone) if last else None
    return since, until


def is_filtered(query: HistoryQuery) -> bool:
    """Whether some changes may be left out."""
    return query != HistoryQuery()


def clear_filters() -> None:
    """From a callback: everything that ever happened."""
    st.session_state.update(_CLEARED)
    for name in (ONE_CUSTOMER, RUN):
        _forget(name)


def show_only_run(id: str) -> None:
    """From a callback: what this run changed."""
    st.query_params[RUN] = id
    _back_to_first_page()


def likely_page() -> int:
    """The page that `choose_page` will most likely return, for those who need its content to count the pages."""
    page = st.session_state.get(PAGE) or st.query_params.get(PAGE, "")
    return int(page) if str(page).isdecimal() and 0 < len(str(page)) < 8 and int(page) else 1


def choose_page(pages: int) -> int:
    """Draw the page numbers where there are several; returns the chosen one."""
    return st.pagination(pages, key=PAGE, bind="query-params") if pages > 1 else 1


def download_address(query: HistoryQuery) -> str:
    """Where the whole result of a query is to be had as a file."""
    chosen = query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return f"{DOWNLOAD}?{urlencode(chosen)}" if chosen else DOWNLOAD


def link_to_history(label: str, **filters: str) -> None:
    """A link to the history page with some filters set, such as `run=…` or `of=…`."""
    st.page_link(HISTORY, label=label, icon=":material/history:", query_params=filters)


def _follow_link() -> None:
    """Whoever follows a link to a run or a customer wants what it says, and not what they filtered by before.

    Streamlit remembers the latter when they come back to the page within a session.
    """
    asked = (st.query_params.get(ONE_CUSTOMER), st.query_params.get(RUN))
    if asked != st.session_state.get(_ASKED, (None, None)) and any(asked):
        st.session_state.update({key: value for key, value in _CLEARED.items() if key not in st.query_params})
    st.session_state[_ASKED] = asked


def _select(label: str, options: list[str], key: str, everything: str) -> str | None:
    return st.selectbox(
        label,
        options,
        index=None,
        placeholder=everything,
        key=key,
        bind="query-params",
        on_change=_back_to_first_page,
    )


def _choose_day(label: str, key: str) -> date | None:
    return st.date_input(label, value=None, key=key, bind="query-params", format=_DAYS, on_change=_back_to_first_page)


def _choose_run(context: RequestContext) -> str | None:
    runs = {run.id: run for run in list_runs(context.store, context.actor, limit=_RUNS)}
    wanted = st.query_params.get(RUN)
    if wanted and wanted not in runs:
        runs |= _old_run(wanted, context)
    st.session_state[_RUN_CONTROL] = wanted if wanted in runs else None
    st.selectbox(
        "Bulk change",
        list(runs),
        index=None,
        placeholder="All",
        format_func=lambda id: f"{describe(runs[id], context.shop)} · {moment(runs[id].started_at, context.shop)}",
        key=_RUN_CONTROL,
        on_change=_follow_run,
    )
    return wanted or None


def _old_run(id: str, context: RequestContext) -> dict[str, Run]:
    try:
        return {id: get_run(context.store, context.actor, id)}
    except NotFound:
        return {}


def _choose_customer(context: RequestContext) -> str | None:
    wanted = st.query_params.get(ONE_CUSTOMER)
    if not wanted:
        return None
    try:
        who = named(get_customer(context.store, context.actor, wanted))
    except NotFound:
        who = "one customer, who is deleted now"
    st.button(
        f"Only {who}",
        icon=":material/close:",
        key="history_all_customers",
        help="Show all customers again",
        on_click=_forget,
        args=(ONE_CUSTOMER,),
    )
    return wanted


def _follow_run() -> None:
    chosen = st.session_state[_RUN_CONTROL]
    if chosen:
        show_only_run(chosen)
    else:
        _forget(RUN)


def _forget(name: str) -> None:
    if name in st.query_params:
        del st.query_params[name]
    _back_to_first_page()


def _back_to_first_page() -> None:
    st.session_state[PAGE] = 1


def _kind_of(words: str | None) -> ChangeKind | None:
    return next((kind for kind, known in KINDS.items() if known == words), None)


@st.cache_data(ttl=_LIFETIME, show_spinner=False)
def _people(database: str, _context: RequestContext) -> list[str]:
    return list_people_in_history(_context.store, _context.actor)
