import re

import pytest

from kinso.api.app import create_api
from kinso.api.description import LEAST_ROLE
from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.models.segments import SegmentDraft
from kinso.services.accounts.sign_in import resume, session_id_of
from kinso.services.customers.duplicates import remember_different
from kinso.services.customers.editing import create_customer
from kinso.services.customers.merging import merge_customers
from kinso.services.membership.activation import set_membership_of_selected
from kinso.services.purchases.recording import record_sale
from kinso.services.segments import create_segment

ROLES = list(Role)
NEW = {"customerId": "C-2", "customerName": "Bea", "contactInfo": "bea@shop.com"}
SEGMENT = {"name": "Big", "filter": {"fact": "spent", "is": ">=", "value": 500}}
EVERYBODY = {"filter": {"all": []}}
TAG = {"field": "tags", "edit": "add", "value": ["a"]}
CALLS = [
    ("GET", "/auth/profile", None, Role.ANALYST),
    ("POST", "/auth/logout", None, Role.ANALYST),
    ("GET", "/customers", None, Role.ANALYST),
    ("GET", "/customers/stats", None, Role.ANALYST),
    ("GET", "/customers/next-id", None, Role.STAFF),
    ("GET", "/facts", None, Role.ANALYST),
    ("GET", "/customers/export", None, Role.ANALYST),
    ("GET", "/customers/{_id}", None, Role.ANALYST),
    ("GET", "/customers/membership/by-status/{membershipStatus}", None, Role.ANALYST),
    ("GET", "/runs", None, Role.ANALYST),
    ("GET", "/runs/{_id}", None, Role.ANALYST),
    ("GET", "/sales", None, Role.ANALYST),
    ("GET", "/sales/{saleId}", None, Role.ANALYST),
    ("GET", "/customers/{_id}/sales", None, Role.ANALYST),
    ("GET", "/segments", None, Role.ANALYST),
    ("GET", "/segments/templates", None, Role.ANALYST),
    ("GET", "/segments/{_id}", None, Role.ANALYST),
    ("GET", "/segments/{_id}/customers", None, Role.ANALYST),
    ("GET", "/segments/{_id}/moves", None, Role.ANALYST),
    ("POST", "/segments", SEGMENT, Role.ANALYST),
    ("PUT", "/segments/{_id}", SEGMENT, Role.ANALYST),
    ("DELETE", "/segments/{_id}", None, Role.ANALYST),
    ("POST", "/customers", NEW, Role.STAFF),
    ("POST", "/customers/bulk", {"mode": "per-row", "customers": [NEW]}, Role.STAFF),
    ("POST", "/customers/bulk", {"mode": "all-or-nothing", "customers": [NEW]}, Role.STAFF),
    ("POST", "/customers/bulk/membership", {**EVERYBODY, "membershipStatus": True}, Role.STAFF),
    ("POST", "/customers/bulk/edit", {**EVERYBODY, "field": "notes", "edit": "set", "value": "A"}, Role.STAFF),
    ("POST", "/customers/bulk/edit", {**EVERYBODY, **TAG, "dryRun": True}, Role.STAFF),
    ("POST", "/customers/bulk/delete", EVERYBODY, Role.MANAGER),
    ("POST", "/customers/bulk/erase", {**EVERYBODY, "confirm": 1}, Role.MANAGER),
    ("PUT", "/customers/{_id}", {"customerName": "Bea"}, Role.STAFF),
    ("PUT", "/customers/membership/update/{_id}", {"membershipStatus": True}, Role.STAFF),
    ("POST", "/customers/membership/auto-activate", {"threshold": 5}, Role.STAFF),
    ("POST", "/customers/membership/auto-activate", {"threshold": 5, "dryRun": True}, Role.STAFF),
    ("POST", "/sales", {"customerId": "C-1", "amount": 5}, Role.STAFF),
    ("POST", "/sales/{saleId}/refund", {"amount": 1}, Role.STAFF),
    ("GET", "/customers/duplicates", None, Role.ANALYST),
    ("POST", "/customers/{_id}/merge", {"with": "{withId}"}, Role.STAFF),
    ("POST", "/customers/{_id}/different-from/{withId}", None, Role.STAFF),
    ("DELETE", "/customers/{_id}/different-from/{withId}", None, Role.STAFF),
    ("POST", "/runs/{_id}/undo", None, Role.STAFF),
    ("DELETE", "/customers/{_id}", None, Role.MANAGER),
]
OPEN = {("GET", "/health"), ("POST", "/auth/login")}
AT_THE_LIMIT = [
    (*call, role) for call in CALLS for role in ROLES[max(0, ROLES.index(call[-1]) - 1) : ROLES.index(call[-1]) + 1]
]
"""Every call with the least role that may and the one below; the table of use cases has all roles."""


def test_the_table_of_calls_is_complete():
    paths = create_api().openapi()["paths"]
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert described - OPEN == {(method, path) for method, path, _body, _role in CALLS}


def test_the_description_says_who_may_call_what():
    paths = create_api().openapi()["paths"]
    told = {(method, path): paths[path][method.lower()].get(LEAST_ROLE) for method, path, _body, _role in CALLS}
    assert told == {(method, path): role for method, path, _body, role in CALLS}


@pytest.mark.parametrize(("method", "path", "body", "least", "role"), AT_THE_LIMIT)
def test_a_role_may_do_its_own_and_nothing_beyond(api, token, register, store, method, path, body, least, role):
    owner = actor_of(store, token(role))
    other = register("D-1") if "{withId}" in f"{path}{body}" else None
    address = _fill(path, register("C-1", purchaseAmount=10), store, owner=owner, other=other)
    if other and method == "DELETE":
        remember_different(store, COMMAND_LINE, *address.split("/")[2::2])
    body = {"with": other["_id"]} if path.endswith("/merge") else body
    before = list(store.connection.database["customers"].find())
    answer = api(method, address, token=token(role), json=body)
    if ROLES.index(role) >= ROLES.index(least):
        assert answer.is_success, answer.text
    else:
        assert answer.status_code == 403
        assert role in answer.json()["message"]
        assert list(store.connection.database["customers"].find()) == before


@pytest.mark.parametrize(("method", "path", "body", "least"), CALLS)
def test_nobody_gets_anything_without_a_session(api, register, store, method, path, body, least):
    address = _fill(path, register("C-1", purchaseAmount=10), store)
    before = list(store.connection.database["customers"].find())
    for sent in (body, {"threshold": "odd", "customerName": 5}):
        answer = api(method, address, json=sent)
        assert (answer.status_code, answer.json()) == (401, {"success": False, "message": "Please sign in."})
    assert list(store.connection.database["customers"].find()) == before


UNREADABLE = [
    {"content": b"{", "headers": {"Content-Type": "application/json"}},
    {"content": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"json": {"customerId": 5, "threshold": -1, "mode": "odd", "membershipStatus": "yes"}},
    {"json": {}, "headers": {"Idempotency-Key": "a b", "If-Match": "odd"}},
]


@pytest.mark.parametrize(
    ("method", "path", "least", "role"),
    sorted({(method, path, least, role) for method, path, _, least, role in AT_THE_LIMIT}),
)
def test_who_may_not_is_told_so_before_anything_about_the_request(api, token, method, path, least, role):
    address = (
        path.replace("{_id}", "no id")
        .replace("{membershipStatus}", "perhaps")
        .replace("{saleId}", "none")
        .replace("{withId}", "none")
    )
    for odd in [{}, {"json": {}}, *UNREADABLE]:
        answer = api(method, f"{address}?page=none&sortBy=$where&$ne=1", token=token(role), **odd)
        if ROLES.index(role) < ROLES.index(least):
            assert (answer.status_code, answer.json().keys()) == (403, {"success", "message"})
        else:
            assert answer.status_code != 403


@pytest.mark.parametrize("secret", ["", "no session", "kinso_" + "x" * 43])
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, *_ in CALLS])
def test_who_is_not_signed_in_is_told_that_and_nothing_about_the_request(api, method, path, secret):
    address = path.replace("{_id}", "no id").replace("{membershipStatus}", "perhaps")
    for odd in UNREADABLE:
        answer = api(method, f"{address}?page=none&limit=0&sortBy=$where", token=secret, **odd)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json().keys() == {"success", "message"}


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, *_ in CALLS if method != "GET"])
def test_another_site_is_told_nothing_about_its_request_either(api, token, method, path):
    for odd in UNREADABLE:
        odd = {**odd, "headers": {**odd.get("headers", {}), "Origin": "http://evil.test"}}
        answer = api(method, path.replace("{_id}", "no id"), cookie=token(), **odd)
        assert answer.status_code == 403
        assert "errors" not in answer.json()


def actor_of(store, secret):
    return resume(store, session_id_of(secret)).acting("api")


def _fill(path, customer, store, owner=COMMAND_LINE, other=None):
    id = customer["_id"]
    path = path.replace("{withId}", other["_id"] if other else id)
    if path.startswith("/segments/"):
        id = create_segment(store, owner, SegmentDraft(name="Own", filter=SEGMENT["filter"])).segment.id
    if path.endswith("/undo"):
        draft = CustomerDraft(customer_id="D-1", customer_name="Ada", contact_info="ada@shop.com")
        merging = owner.model_copy(update={"role": Role.MANAGER})
        id = merge_customers(store, merging, id, create_customer(store, COMMAND_LINE, draft).id).id
    elif path.startswith("/runs/"):
        id = set_membership_of_selected(store, COMMAND_LINE, [id], membership_status=True).id
    if path.startswith("/sales/"):
        record_sale(store, COMMAND_LINE, id, PurchaseDraft(sale_id="R-1", amount=1))
        path = path.replace("{saleId}", "R-1")
    return re.sub(r"\{membershipStatus\}", "false", path).replace("{_id}", id)
