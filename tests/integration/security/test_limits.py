"""What one request may ask for: the limits that the security page names, and that the running server keeps them."""

import re
from pathlib import Path

import pytest

from kinso.api.customers_bulk import MOST_ROWS
from kinso.api.middleware import LARGEST_BODY
from kinso.models.accounts import LONGEST_PASSWORD, Role
from kinso.models.customers import LARGEST_PAGE, LONGEST_SEARCH
from kinso.models.purchases import MOST_ITEMS
from kinso.services.accounts.sign_in import session_id_of
from kinso.services.accounts.users import sign_out_everywhere
from kinso.web.connections import BODY_SECONDS, HEAD_SECONDS, LARGEST_HEAD, MOST_HEADERS
from kinso.web.uploads import MOST_FILES

pytestmark = pytest.mark.xdist_group("running")

ROOT = Path(__file__).parents[3]
LIMITS = {
    "body of a call of the API, in bytes": LARGEST_BODY,
    "customers on a page of a list": LARGEST_PAGE,
    "rows of a bulk request": MOST_ROWS,
    "items of a purchase": MOST_ITEMS,
    "characters of a search": LONGEST_SEARCH,
    "characters of a password": LONGEST_PASSWORD,
    "address and headers, in bytes": LARGEST_HEAD,
    "headers": MOST_HEADERS,
    "seconds for the headers": HEAD_SECONDS,
    "seconds between parts of a body": BODY_SECONDS,
    "tabs of one browser with a file": MOST_FILES,
}


def test_the_page_names_the_limits_that_hold():
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8").partition("**Limits.**")[2].partition("\n\n**")[0]
    named = {
        what: int(number.replace(",", "")) for what, number in re.findall(r"^\| ([^|]+) \| ([\d,]+) \|", page, re.M)
    }
    assert named == LIMITS


def item():
    return {"name": "Tea", "quantity": 1, "unitPrice": 1}


BEYOND = {
    "a page": ("GET", f"/api/customers?limit={LARGEST_PAGE + 1}", None, 422),
    "a search": ("GET", f"/api/customers?search={'a' * (LONGEST_SEARCH + 1)}", None, 422),
    "a body": ("POST", "/api/customers", {"customerName": "a" * LARGEST_BODY}, 413),
    "rows": (
        "POST",
        "/api/customers/bulk",
        {"mode": "per-row", "customers": [{"customerId": f"C-{number}"} for number in range(MOST_ROWS + 1)]},
        422,
    ),
    "items": (
        "POST",
        "/api/sales",
        {"customerId": "ADA SECRET", "saleId": "R-1", "amount": MOST_ITEMS + 1, "items": [item()] * (MOST_ITEMS + 1)},
        422,
    ),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), BEYOND.values(), ids=BEYOND)
def test_whatever_is_beyond_a_limit_is_refused_with_a_sentence_and_changes_nothing(running, method, path, body, status):
    database = running.store.connection.database
    before = {name: database[name].count_documents({}) for name in ("customers", "changes", "runs", "sales")}
    headers = {"Authorization": f"Bearer {running.secret_of(Role.ADMIN)}"}
    answer = running.ask(method, path, headers=headers, json=body)
    assert (answer.status_code, answer.json()["success"]) == (status, False)
    assert answer.json()["message"]
    assert {name: database[name].count_documents({}) for name in before} == before


def test_an_account_may_have_any_number_of_sessions_and_ends_them_all_together(running):
    secrets = [running.secret_of(Role.STAFF) for _ in range(60)]

    def statuses():
        headers = ({"Authorization": f"Bearer {secret}"} for secret in secrets)
        return {running.ask("GET", "/api/auth/profile", headers=each).status_code for each in headers}

    assert statuses() == {200}
    user = running.store.users.by_email("staff@shop.com")
    sign_out_everywhere(running.store, user.acting("app"))
    assert statuses() == {401}
    assert running.store.sessions.get_with_user(session_id_of(secrets[0])) is None
