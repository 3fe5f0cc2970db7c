"""The API as it is mounted in the app, on a real database; every answer is held against the API's own description."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from starlette.applications import Starlette
from starlette.routing import Mount

from kinso.api.app import create_api
from kinso.models.accounts import NewUser, Role, Session
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts.sign_in import session_id_of
from kinso.services.application import ApplicationContext, use_application
from tests.support.live import serve_api

HOST = "shop.test"

Token = Callable[..., str]


class ApiClient:
    """Calls `/api` without a network."""

    def __init__(self) -> None:
        self._api = create_api()
        self._description = self._api.openapi()
        self._runner = asyncio.Runner()
        app = Starlette(routes=[Mount("/api", self._api)])
        # What the app fails at shall be seen as the client sees it.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}/api")

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def __call__(
        self, method: str, path: str, *, token: str = "", cookie: str = "", headers: Any = None, **body: Any
    ) -> httpx.Response:
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if cookie:
            sent["Cookie"] = f"kinso_session={cookie}"
        answer = self._runner.run(self._client.request(method, path, headers=sent, **body))
        self._client.cookies.clear()
        if method != "HEAD" and not path.startswith(("/openapi", "/docs")):
            self._check(method, answer)
        return answer

    def _check(self, method: str, answer: httpx.Response) -> None:
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        path = self._path(answer)
        described = self._responses(method, path).get(str(answer.status_code), {})
        self._check_headers(answer, described.get("headers", {}))
        if answer.status_code == 304:
            assert answer.content == b""
            assert described
        elif answer.is_success and "text/csv" in described.get("content", {}):
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        else:
            self._check_envelope(method, answer)

    def _check_headers(self, answer: httpx.Response, described: dict[str, Any]) -> None:
        for name, header in described.items():
            if header.get("required") or name in answer.headers:
                Draft202012Validator(header["schema"]).validate(answer.headers[name])
        for name in ("ETag", "Idempotency-Replayed", "Content-Disposition"):
            assert name in described or name not in answer.headers

    def _check_envelope(self, method: str, answer: httpx.Response) -> None:
        content = answer.json()
        assert answer.headers["content-type"] == "application/json"
        assert content["success"] is answer.is_success
        allowed = (
            {"success", "message", "data", "pagination"} if answer.is_success else {"success", "message", "errors"}
        )
        assert content.keys() <= allowed
        described = self._responses(method, self._path(answer))
        schema = described.get(str(answer.status_code)) if answer.status_code != 500 else None
        if described and schema is None:
            assert answer.status_code == 500, f"{method} {answer.url} does not say that it answers {answer.status_code}"
        if schema:
            self._validate(schema["content"]["application/json"]["schema"], content)

    def _path(self, answer: httpx.Response) -> str:
        """With its escapes, because a slash in a name is none of the address."""
        return answer.url.raw_path.decode().partition("?")[0].removeprefix("/api").removesuffix("/")

    def _responses(self, method: str, path: str) -> dict[str, Any]:
        paths = self._description["paths"]
        if path in paths:
            return paths[path].get(method.lower(), {}).get("responses", {})
        for template, operations in paths.items():
            if method.lower() in operations and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
                return operations[method.lower()]["responses"]
        return {}

    def _validate(self, schema: dict[str, Any], content: Any) -> None:
        whole = {**schema, "components": self._description["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(content)


@pytest.fixture(scope="session")
def _client() -> Iterator[ApiClient]:
    client = ApiClient()
    yield client
    client.close()


@pytest.fixture
def api(store: Store, _client: ApiClient) -> Iterator[ApiClient]:
    with use_application(ApplicationContext.around(store)):
        yield _client


@pytest.fixture
def live(store: Store) -> Iterator[str]:
    """The address of the API on a real port, for what needs a network."""
    with use_application(ApplicationContext.around(store)), serve_api() as address:
        yield address


@pytest.fixture
def token(store: Store) -> Token:
    """Signs someone with this role in, without the expensive password."""
    return tokens_of(store)


def tokens_of(store: Store) -> Token:
    """The same for any store."""

    def sign_in(role: Role | str = Role.ADMIN) -> str:
        new = NewUser(email=f"{role}@{HOST}", name=f"{role} person", role=Role(role), password="not used here")
        user = store.users.by_email(new.email) or store.users.insert(new, "no hash", now())
        secret = f"secret of {user.id}"
        session_id = session_id_of(secret)
        if store.sessions.get_with_user(session_id) is None:
            end = now() + timedelta(hours=1)
            store.sessions.insert(Session(id=session_id, user_id=user.id, created_at=now(), expires_at=end))
        return secret

    return sign_in


@pytest.fixture
def register(api: ApiClient, token: Token) -> Callable[..., dict[str, Any]]:
    """Registers a customer and returns it as the API tells it."""

    def register(customer_id: str, **values: Any) -> dict[str, Any]:
        filled = {"customerName": f"Customer {customer_id}", "contactInfo": f"{customer_id.lower()}@shop.com", **values}
        answer = api("POST", "/customers", token=token(), json={"customerId": customer_id, **filled})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()["data"]
        return created

    return register
