"""What holds whatever is sent."""

import string
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.database.search import id_key
from tests.support.examples import fewer_examples

pytestmark = pytest.mark.slow

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf")), min_size=5, max_size=60).filter(
    lambda text: len(text.strip()) >= 5
)
AMOUNTS = st.floats(0, 1_000_000, allow_nan=False) | st.integers(0, 1_000_000)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "customerName": TEXT,
        "contactInfo": TEXT,
        "purchaseAmount": AMOUNTS,
        "membershipStatus": st.booleans(),
    },
)
MOVING = ("version", "updatedAt")
IDS = st.text(string.ascii_letters + "ßİé", min_size=3, max_size=4)


@pytest.fixture
def empty(store):
    """Empties the shop."""

    def empty():
        for name in ("customers", "changes", "runs", "memberships", "trash", "requests"):
            store.connection.database[name].delete_many({})

    return empty


def as_stored(text):
    return unicodedata.normalize("NFC", text).strip()


def cents(amount):
    return float(Decimal(repr(amount)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


@fewer_examples()
@given(name=TEXT, contact=TEXT, amount=AMOUNTS, changes=st.lists(FIELDS, max_size=3))
def test_what_is_sent_is_stored_and_what_is_not_sent_is_kept(api, token, empty, name, contact, amount, changes):
    empty()
    body = {"customerId": "C-1", "customerName": name, "contactInfo": contact, "purchaseAmount": amount}
    told = api("POST", "/customers", token=token(), json=body).json()["data"]
    expected = {**told, "purchaseAmount": cents(amount)}
    for change in changes:
        headers = {"If-Match": f'"v{expected["version"]}"'}
        answer = api("PUT", f"/customers/{told['_id']}", token=token(), json=change, headers=headers)
        assert answer.status_code == 200, answer.text
        now = answer.json()["data"]
        wanted = {name: value for name, value in {**expected, **change}.items() if name not in MOVING}
        wanted |= {name: as_stored(wanted[name]) for name in ("customerName", "contactInfo")}
        wanted["purchaseAmount"] = cents(wanted["purchaseAmount"])
        assert {name: now[name] for name in wanted} == wanted
        is_changed = any(expected[name] != now[name] for name in wanted)
        assert now["version"] == expected["version"] + is_changed
        expected = now


@fewer_examples()
@given(
    search=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30),
    by=st.sampled_from(["customerId", "purchaseAmount", "createdAt"]),
    limit=st.integers(1, 5),
)
def test_the_pages_of_a_search_are_its_whole_result_each_once(api, token, register, store, search, by, limit):
    if store.customers.get_by_customer_id("C-0") is None:
        for number in range(7):
            register(f"C-{number}", customerName=f"Ada ({number}) .*", purchaseAmount=number % 3)
    query = {"search": search, "sortBy": by, "limit": limit}
    first = api("GET", "/customers", token=token(), params={**query, "limit": 1000}).json()
    pages = first["pagination"]["total"] // limit + 1
    found = [
        api("GET", "/customers", token=token(), params={**query, "page": page + 1}).json() for page in range(pages)
    ]
    assert [customer for page in found for customer in page["data"]] == first["data"]
    exported = api("GET", "/customers/export", token=token(), params={"search": search, "flavour": "raw"})
    assert exported.content.count(b"\r\n") == len(first["data"]) + 1


@fewer_examples()
@given(lists=st.lists(st.lists(st.tuples(IDS, FIELDS), min_size=1, max_size=6), min_size=1, max_size=3))
def test_a_list_leaves_what_the_same_requests_one_by_one_would(api, token, store, empty, lists):
    empty()
    expected = {}
    for rows in lists:
        sent = [
            {"customerId": id, "customerName": "Somebody", "contactInfo": "some@shop.com", **row} for id, row in rows
        ]
        answer = api("POST", "/customers/bulk", token=token(), json={"mode": "per-row", "customers": sent})
        keys = [id_key(id) for id, _row in rows]
        if len(set(keys)) < len(keys):
            assert answer.status_code == 422
            continue
        for key, row, result in zip(keys, sent, answer.json()["data"]["results"], strict=True):
            assert (result["outcome"] == "created") is (key not in expected)
            expected[key] = {**expected.get(key, {"purchaseAmount": 0, "membershipStatus": False}), **row}
    stored = {
        id_key(customer["customerId"]): customer
        for customer in api("GET", "/customers?limit=100", token=token()).json()["data"]
    }
    assert stored.keys() == expected.keys()
    for key, row in expected.items():
        assert stored[key]["purchaseAmount"] == cents(row["purchaseAmount"])
        assert stored[key]["membershipStatus"] == row["membershipStatus"]
        assert stored[key]["customerName"] == as_stored(row["customerName"])


@fewer_examples()
@given(
    rows=st.lists(st.tuples(IDS, FIELDS), min_size=1, max_size=5, unique_by=lambda row: id_key(row[0])),
    before=st.lists(IDS, max_size=3, unique_by=id_key),
)
def test_undoing_a_list_brings_back_what_was(api, token, register, store, empty, rows, before):
    empty()
    for id in before:
        register(id, purchaseAmount=7)

    def shown():
        listed = api("GET", "/customers?limit=100&sortBy=customerId", token=token()).json()["data"]
        return [{name: row[name] for name in row if name not in MOVING} for row in listed]

    was = shown()
    sent = [{"customerId": id, "customerName": "Somebody", "contactInfo": "some@shop.com", **row} for id, row in rows]
    done = api("POST", "/customers/bulk", token=token(), json={"mode": "all-or-nothing", "customers": sent})
    run_id = done.json()["data"]["runId"]
    if run_id:
        undone = api("POST", f"/runs/{run_id}/undo", token=token())
        assert undone.json()["data"]["exceptionCount"] == 0
    assert shown() == was
