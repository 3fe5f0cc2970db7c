"""Text that would be an operator, a pattern or code, in every place that the API and the forms have for it."""

import copy
import json
from urllib.parse import quote

import pytest

from kinso.api.app import create_api
from kinso.config import Settings
from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.models.validation import parse
from kinso.services.accounts.first_admin import prepare_first_admin
from kinso.services.accounts.sign_in import SESSION_COOKIE, sign_in
from kinso.services.customers.editing import create_customer
from tests.integration.security.conftest import PASSWORD, fill_in

pytestmark = pytest.mark.slow

DESCRIPTION = create_api().openapi()
OPERATORS = [{"$gt": ""}, {"$ne": None}, {"$regex": ".*"}, {"$where": "sleep(9000) || true"}, [{"$gt": ""}], ["a", 7]]
TEXTS = [
    '{"$gt": ""}',
    '{"$ne": null}',
    "'; return true; var x='",
    "true, $where: '1 == 1'",
    ".*",
    "^",
    "(a+)+$",
    "$purchaseAmount",
    "$$ROOT",
    "\u0000",
    "%00",
    "../../",
]
READS = [(path, operation) for path, one in DESCRIPTION["paths"].items() if (operation := one.get("get"))]
CALLS = [(m, p, o) for p, one in DESCRIPTION["paths"].items() for m, o in one.items() if "requestBody" in o]


@pytest.fixture
def token(store, add):
    add("boss", Role.ADMIN)
    return sign_in(store, "boss@shop.com", PASSWORD, "192.0.2.1").secret


@pytest.fixture
def customer(store):
    draft = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com", "purchaseAmount": 5000}
    return create_customer(store, COMMAND_LINE, parse(CustomerDraft, draft))


@pytest.fixture
def call(browse, token, store):
    """Calls the API as an administrator and makes sure that nothing broke."""
    browser = browse()

    def call(method, path, **sent):
        answer = browser.request(method, f"/api{path}", headers={"Authorization": f"Bearer {token}"}, **sent)
        assert answer.status_code < 500, answer.text
        return answer

    return call


def stored(store):
    return list(store.connection.database["customers"].find().sort("_id"))


def named(path):
    return pytest.param(*path, id=" ".join(str(part) for part in path if isinstance(part, str)))


@pytest.mark.parametrize(("path", "operation"), [named(read) for read in READS])
def test_no_parameter_takes_an_operator(call, customer, store, path, operation):
    address = path.replace("{_id}", customer.id).replace("{membershipStatus}", "false")
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] != "query":
            continue
        for suffix in ("[$gt]", "[$ne]", "[$regex]", "[$where]", "[]", ".$gt", "[$in][]"):
            answer = call("GET", f"{address}?{quote(name + suffix)}=1")
            assert answer.status_code in {200, 422}
            if answer.status_code == 422:
                assert [error["field"] for error in answer.json()["errors"]] == [name]
            else:
                assert answer.content == call("GET", address).content
        for text in (text for text in TEXTS if text != "\0"):
            answer = call("GET", address, params={name: text})
            if answer.status_code == 200:
                assert customer.contact_info not in answer.text
            else:
                assert answer.status_code in {404, 422}


@pytest.mark.parametrize("text", [text for text in TEXTS if text != "../../"])
def test_no_id_in_a_path_takes_an_operator(call, customer, store, text):
    before = stored(store)
    for method, template in (
        ("GET", "/customers/{}"),
        ("DELETE", "/customers/{}"),
        ("GET", "/runs/{}"),
        ("POST", "/runs/{}/undo"),
        ("GET", "/customers/membership/by-status/{}"),
    ):
        assert call(method, template.format(quote(text, safe=""))).status_code in {404, 422}
    for path in ("/customers/{}", "/customers/membership/update/{}"):
        body = {"membershipStatus": True}
        assert call("PUT", path.format(quote(text, safe="")), json=body).status_code in {404, 422}
    assert stored(store) == before


@pytest.mark.parametrize(("method", "path", "operation"), [named(one) for one in CALLS])
def test_no_body_takes_an_operator(call, customer, store, method, path, operation):
    address = path.replace("{_id}", customer.id)
    before, accounts = stored(store), store.users.all()
    example = example_of(operation)
    assert example
    for changed in replaced_everywhere(example, OPERATORS):
        answer = call(method, address, json=changed)
        assert answer.status_code in {401, 409, 422}, answer.text
    assert stored(store) == before
    assert [user.email for user in store.users.all()] == [user.email for user in accounts]


@pytest.mark.parametrize(
    "extra", ["_id", "version", "createdAt", "search", "role", "__proto__", "$set", "$where", "a.b"]
)
def test_what_nobody_asked_for_is_not_stored(call, customer, store, extra):
    """Mass assignment."""
    body = {"customerId": "C-2", "customerName": "Bob", "contactInfo": "bob@shop.com", extra: "planted"}
    for method, path in (("POST", "/customers"), ("PUT", f"/customers/{customer.id}")):
        call(method, path, json=body)
    assert "planted" not in str(stored(store))
    assert [user.role for user in store.users.all()] == [Role.ADMIN]


@pytest.mark.parametrize("text", [*TEXTS, *map(json.dumps, OPERATORS)])
def test_the_forms_take_text_as_text(browse, store, add, text):
    add("ann")
    for field in ("email", "password"):
        browser = browse()
        form = fill_in(browser, "/sign-in", **{"email": "ann@shop.com", "password": "wrong guess", field: text})
        assert browser.post("/sign-in", data=form).status_code in {401, 422, 429}
        del form[field]
        for suffix in ("[$gt]", "[$ne]", ".$gt"):
            assert browser.post("/sign-in", data=form | {field + suffix: ""}).status_code in {401, 422, 429}
        assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize("text", TEXTS)
def test_the_set_up_code_is_not_a_pattern(browse, store, text):
    prepare_first_admin(store, Settings())
    browser = browse()
    form = fill_in(browser, "/set-up", code=text, name="Eve", email="eve@shop.com", password=PASSWORD)
    assert browser.post("/set-up", data=form).status_code == 422
    assert store.users.all() == []


@pytest.mark.parametrize("text", TEXTS)
def test_no_cookie_or_token_is_a_pattern(browse, add, token, text):
    for headers in ({"Authorization": f"Bearer {text}".encode()}, {"Cookie": f"{SESSION_COOKIE}={text}".encode()}):
        answer = browse().get("/api/auth/profile", headers=headers)
        assert answer.status_code == 401


def example_of(operation):
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    for one in (schema, *schema.get("anyOf", []), *schema.get("allOf", [])):
        name = one.get("$ref", "").rpartition("/")[2]
        if name:
            return DESCRIPTION["components"]["schemas"][name]["examples"][0]
    return schema["examples"][0]


def replaced_everywhere(value, payloads):
    """The value with each of its parts replaced by each of the payloads, one at a time."""
    for path in paths_of(value):
        for payload in payloads:
            changed = copy.deepcopy(value)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = payload
            yield changed


def paths_of(value, here=()):
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in steps:
        yield (*here, step)
        yield from paths_of(part, (*here, step))
