"""A program's day with the shop, over a real connection."""

import csv
import io

import pytest

from kinso.models.accounts import NewUser, Role
from kinso.repository.documents import now
from kinso.services.accounts.users import create_token
from tests.support.api_client import Refused, ShopClient


@pytest.fixture
def shop(live, store):
    new = NewUser(email="till@shop.com", name="Till", role=Role.MANAGER, password="not used here")
    owner = store.users.insert(new, "no hash", now())
    with ShopClient(live, create_token(store, owner.acting("app"), "Till 1").secret) as client:
        yield client


def person(number, **more):
    return {"customerId": f"C-{number:03}", "customerName": f"Person {number}", "contactInfo": "a@shop.com", **more}


def test_a_day_with_the_shop(shop):
    ada = shop.register(person(1, purchaseAmount=1500), key="once")
    assert shop.register(person(1, purchaseAmount=1500), key="once") == ada

    ada = shop.change(ada, {"contactInfo": "+880 171 234 567"})
    assert [found["_id"] for found in shop.customers({"search": "+880171"})] == [ada["_id"]]

    saved = shop.save_all([person(number, purchaseAmount=number * 100) for number in range(2, 27)], "all-or-nothing")
    assert saved["created"] == 25
    assert len(list(shop.customers(page_size=10))) == 26

    assert shop.activate(1000, dry_run=True)["updatedCount"] == 18
    activation = shop.activate(1000)
    assert activation["updatedCount"] == 18
    assert len(shop.by_status(True)) == shop.statistics()["members"] == 18
    assert shop.undo(activation["runId"])["changed"] == 18
    assert shop.by_status(True) == []
    assert [run["kind"] for run in shop.runs()] == ["undo", "auto-activation", "import"]

    member = shop.set_membership(shop.customer(ada["_id"]), True)
    assert shop.by_status(True) == [member]
    rows = list(csv.DictReader(io.StringIO(shop.export({"membershipStatus": "true"}).decode(), newline="")))
    assert [row["customerId"] for row in rows] == ["C-001"]

    shop.delete(member)
    assert shop.statistics()["totalCustomers"] == 25


def test_a_till_sells_refunds_and_repeats(shop):
    ada = shop.register(person(1, purchaseAmount=10))
    sold = shop.sell(
        {"customerId": ada["customerId"], "saleId": "till 1/1", "items": [{"name": "Tea", "unitPrice": 5}]}
    )
    assert (sold["amount"], sold["purchaseAmount"], sold["repeated"]) == (5, 15, False)
    assert shop.sell({"customerId": ada["customerId"], "saleId": "till 1/1", "amount": 5})["repeated"]
    assert shop.refund("till 1/1", 2)["purchaseAmount"] == 13
    assert [sale["amount"] for sale in shop.sales(ada)] == [-2, 5, 10]
    with pytest.raises(Refused) as refused:
        shop.refund("till 1/1", 4)
    assert (refused.value.status, refused.value.fields) == (422, ["amount"])


def test_two_programs_do_not_overwrite_each_other(shop):
    seen = shop.register(person(1))
    shop.change(seen, {"customerName": "Ada"})
    with pytest.raises(Refused) as refused:
        shop.change(seen, {"customerName": "Eve"})
    assert (refused.value.status, refused.value.headers["etag"]) == (412, '"v2"')
    assert shop.customer(seen["_id"])["customerName"] == "Ada"


def test_a_refusal_names_the_fields(shop):
    with pytest.raises(Refused) as refused:
        shop.register(person(1, purchaseAmount=-1, customerName=""))
    assert (refused.value.status, refused.value.fields) == (422, ["customerName", "purchaseAmount"])
