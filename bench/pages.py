"""How long the server takes to draw each page, and to draw it again, for a person who is signed in."""

import logging
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from bench.figures import Figure
from bench.timing import milliseconds
from kinso.models.accounts import COMMAND_LINE, NewUser, Role, Session
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.purchases import PurchaseDraft
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store
from kinso.services.accounts.users import create_user
from kinso.services.customers.editing import list_customers
from kinso.services.purchases.recording import record_sale
from kinso.ui.browser import CUSTOMER_ID

ROOT = Path(__file__).parents[1]
PAGES = ("overview", "customers", "customer", "register", "membership", "history", "imports", "trash")
_PATIENCE = 120
_ROUNDS = 5
_TYPED = ("mül", "müll", "mülle", "müller")


class Pages:
    """The pages of the open application; `smallest` are the figures of the smallest shop of this run."""

    def __init__(self, store: Store, smallest: Sequence[Figure]) -> None:
        self._store = store
        self._smallest = {figure.work: figure for figure in smallest}
        self._session = _signed_in(store)

    def measure(self) -> Iterator[Figure]:
        with _quietly():
            for name in PAGES:
                yield from self._one(name)
            yield self._searching()

    def _one(self, name: str) -> Iterator[Figure]:
        # The first one of its kind imports its modules.
        self._page(name).run()
        self._sell()
        page = self._page(name)
        opened = milliseconds(page.run)
        again = statistics.median(milliseconds(page.run) for _ in range(_ROUNDS))
        assert not page.exception, name
        yield Figure(f"page {name}, opened", opened)
        figure = Figure(f"page {name}, drawn again", again)
        yield self._as_small(figure) if name == "customers" else figure

    def _searching(self) -> Figure:
        page = self._page("customers").run()
        taken, everybody = [], _shown(page)
        for text in _TYPED:
            page.session_state["q"] = text
            taken.append(milliseconds(page.run))
            assert _shown(page) != everybody
        return Figure("page customers, drawn for another search", statistics.median(taken)).at_most(150)

    def _as_small(self, figure: Figure) -> Figure:
        small = self._smallest.get(figure.work)
        return figure.within(1.5, small.ours, "the smallest shop's") if small else figure

    def _sell(self) -> None:
        """Have every figure be made anew."""
        st.cache_data.clear()
        record_sale(self._store, COMMAND_LINE, self._first.id, PurchaseDraft(amount=Decimal("1.00")))

    @property
    def _first(self) -> Customer:
        return list_customers(self._store, COMMAND_LINE, CustomerQuery(), page=1, limit=1).items[0]

    def _page(self, name: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "kinso" / "ui" / "main.py"), default_timeout=_PATIENCE)
        page.user = {"session": self._session}
        if name == "customer":
            page.query_params[CUSTOMER_ID] = self._first.id
        return page.switch_page(f"../../pages/{name}.py")


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Streamlit's warnings that there is no browser, and without what only its tests do at every turn."""
    program, scan = sys.modules["__main__"], manifest_scanner.scan_component_manifests
    logging.disable(logging.WARNING)
    # Otherwise it is read anew for every page what each installed package says of itself.
    manifest_scanner.scan_component_manifests = cache(scan)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        manifest_scanner.scan_component_manifests = scan
        # A page has taken its place, and processes that are started later would run that.
        sys.modules["__main__"] = program


def _shown(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["customerId"])


def _signed_in(store: Store) -> str:
    """The id of a manager's session."""
    email = f"{new_id()}@shop.com"
    user = create_user(
        store,
        COMMAND_LINE,
        NewUser(email=email, name="Bench", role=Role.MANAGER, password="a long sentence to measure"),
    )
    at = now()
    session = Session(id=new_id(), user_id=user.id, created_at=at, expires_at=at + timedelta(days=1))
    store.sessions.insert(session)
    return session.id
