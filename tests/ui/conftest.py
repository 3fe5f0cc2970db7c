"""Pages driven by AppTest, signed in with any role, on the real MongoDB."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from kinso.mirror.mirror import Mirror
from kinso.models.accounts import NewUser, Role, Session
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.validation import parse
from kinso.repository.documents import new_id, now
from kinso.services.application import ApplicationContext, use_application

_MAIN = Path(__file__).parents[2] / "kinso" / "ui" / "main.py"

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def _packages_are_read_once() -> Iterator[None]:
    """For every new AppTest, Streamlit reads what each installed package says of itself; that stays the same."""
    once = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def application(store, settings) -> Iterator[ApplicationContext]:
    """The application that the pages ask, on the test's empty database."""
    st.cache_data.clear()
    with use_application(ApplicationContext.around(store, settings)) as application:
        yield application


@pytest.fixture
def signed_in(store) -> Callable[[Role], str]:
    """Makes a user with a role and a session of theirs; returns the session's id."""

    def sign_in(role: Role) -> str:
        email = f"{role}.{new_id()}@shop.com"
        data = {"email": email, "name": f"{role.capitalize()} Person", "role": role, "password": "long enough"}
        at = now()
        user = store.users.insert(parse(NewUser, data), "no password opens this account", at)
        session = Session(id=new_id(), user_id=user.id, created_at=at, expires_at=at + timedelta(hours=1))
        store.sessions.insert(session)
        return session.id

    return sign_in


@pytest.fixture
def open_page(application, signed_in) -> OpenPage:
    """Opens a page by its name for a new person: `open_page("customers", Role.STAFF, q="ada")`.

    Keyword arguments are the query of the address.
    """

    def open_page(name: str, role: Role = Role.MANAGER, **query: str) -> AppTest:
        page = AppTest.from_file(str(_MAIN), default_timeout=30)
        page.user = {"session": signed_in(role)}
        page.query_params.update(query)
        return page.switch_page(f"../../pages/{name}.py").run()

    return open_page


@pytest.fixture
def questions(store, monkeypatch) -> list[str]:
    """What the mirror is asked from now on."""
    asked: list[str] = []

    def noting(answer):
        def ask(sql, parameters=None):
            asked.append(sql)
            return answer(sql, parameters)

        return ask

    rows, together = Mirror.rows, Mirror.together

    @contextmanager
    def noted_together(mirror):
        with together(mirror) as answer:
            yield noting(answer)

    def noted_rows(mirror, sql, parameters=None):
        return noting(partial(rows, mirror))(sql, parameters)

    monkeypatch.setattr(Mirror, "rows", noted_rows)
    monkeypatch.setattr(Mirror, "together", noted_together)
    return asked


@pytest.fixture
def add_customer(store) -> Callable[..., Customer]:
    """Stores a customer: `add_customer("C-1", customer_name="Ada")`; what is not given has a default."""

    def add(customer_id: str, **fields: object) -> Customer:
        data = {"customer_name": f"Name of {customer_id}", "contact_info": f"{customer_id}@example.com", **fields}
        return store.customers.insert(parse(CustomerDraft, {"customer_id": customer_id, **data}), now())

    return add


@pytest.fixture
def toasts() -> Callable[[AppTest], list[str]]:
    """The texts of the toasts that a page shows."""
    return lambda page: [toast.value for toast in page.toast]


@pytest.fixture
def ada(add_customer):
    return add_customer("C-1", customer_name="Ada Lovelace", contact_info="ada@example.com", purchase_amount=100)


@pytest.fixture
def bob(add_customer):
    return add_customer("C-2", customer_name="Bob Byte", contact_info="bob@example.com", membership_status=True)
