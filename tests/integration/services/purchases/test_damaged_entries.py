"""An entry in which another program wrote something odd is listed like any other, and hides none of them."""

import pytest
from bson import ObjectId

from kinso.models.customers import CustomerDraft
from kinso.models.purchases import LedgerQuery, PurchaseDraft
from kinso.models.validation import parse
from kinso.services.customers.editing import create_customer
from kinso.services.purchases.recording import get_entry, list_entries, record_sale

ODD = {
    "kind": "gift",
    "refundOf": 5,
    "recordedAt": "some day",
    "soldAt": None,
    "countsAt": "some day",
    "items": [None],
    "paymentMethod": 5,
    "note": 5,
    "run": 7,
    "byName": None,
    "byId": {"a": 1},
    "source": 1.5,
    "change": None,
    "discount": "much",
    "amount": "much",
}


@pytest.fixture
def ada(store, staff):
    draft = {"customer_id": "C-1", "customer_name": "Ada Lovelace", "contact_info": "ada@shop.com"}
    return create_customer(store, staff, parse(CustomerDraft, draft))


@pytest.fixture
def sale(store, admin, ada):
    record_sale(store, admin, ada.id, PurchaseDraft(amount=5, sale_id="S-1"))
    return store.connection.database["sales"].find_one({"saleId": "S-1"})


def shown(store, admin, sale):
    """By sale ID, wherever entries are listed."""
    everything = list_entries(store, admin, LedgerQuery(), page=1, limit=10).items
    of_customer = list_entries(store, admin, LedgerQuery(customer=sale["customer"]), page=1, limit=10).items
    return [
        sorted(each.sale_id for each in found if each.sale_id.startswith("S-")) for found in (everything, of_customer)
    ]


@pytest.mark.parametrize("name", ODD)
def test_one_odd_value_hides_no_entry(store, admin, sale, name):
    odd = {**sale, "_id": ObjectId(), "saleId": "S-2", "idKey": "s-2", name: ODD[name]}
    store.connection.database["sales"].insert_one(odd, bypass_document_validation=True)
    assert shown(store, admin, sale) == [["S-1", "S-2"]] * 2
    assert get_entry(store, admin, "S-2").customer == sale["customer"]


def test_an_entry_with_nothing_but_odd_values_hides_none(store, admin, sale):
    odd = {**sale, **ODD, "_id": ObjectId(), "saleId": "S-2", "idKey": "s-2"}
    store.connection.database["sales"].insert_one(odd, bypass_document_validation=True)
    assert shown(store, admin, sale) == [["S-1", "S-2"]] * 2
