"""The API without a database server, for a look: everything works, and nothing is kept."""

import pytest

from kinso.models.accounts import NewUser, Role
from kinso.repository.documents import now
from kinso.services.accounts.users import create_token
from kinso.services.application import ApplicationContext, use_application

ADA = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com", "purchaseAmount": 2000}
BEA = {"customerId": "C-2", "customerName": "Bea", "contactInfo": "bea@shop.com"}


@pytest.fixture
def call(mock_store, _client):
    new = NewUser(email="ada@shop.com", name="Ada", role=Role.ADMIN, password="not used here")
    owner = mock_store.users.insert(new, "no hash", now())
    secret = create_token(mock_store, owner.acting("app"), "Till 1").secret

    def call(method, path, *, key="", **request):
        headers = {"Idempotency-Key": key} if key else {}
        return _client(method, path, token=secret, headers=headers, **request)

    with use_application(ApplicationContext.around(mock_store)):
        yield call


def test_the_api_works_in_memory(call):
    first, again = (call("POST", "/customers", key="a", json=ADA) for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"

    lists = {"mode": "per-row", "customers": [{"customerId": "c-1", "customerName": "Ada L"}, BEA, {"customerId": "x"}]}
    data = call("POST", "/customers/bulk", key="b", json=lists).json()["data"]
    assert [row["outcome"] for row in data["results"]] == ["updated", "created", "failed"]

    activation = call("POST", "/customers/membership/auto-activate", key="c", json={"threshold": 1000}).json()["data"]
    assert activation["updatedCount"] == 1
    assert call("POST", f"/runs/{data['runId']}/undo", key="d").json()["data"]["changed"] == 2
    assert [run["kind"] for run in call("GET", "/runs").json()["data"]] == ["undo", "auto-activation", "import"]
    [left] = call("GET", "/customers").json()["data"]
    assert (left["customerName"], left["membershipStatus"]) == ("Ada", True)
    assert call("GET", "/customers/export?flavour=raw").content.count(b"\r\n") == 2
