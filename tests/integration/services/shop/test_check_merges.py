"""What an examination says when somebody has altered by hand what a merge left."""

from decimal import Decimal

import pytest
from bson import ObjectId

from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.services.customers.editing import create_customer
from kinso.services.customers.merging import merge_customers
from kinso.services.history.undo import undo_run
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.checks import check_database


@pytest.fixture
def merged(store, staff):
    """C-2 was merged into C-1; C-3 is somebody else."""
    ids = []
    for number in (1, 2, 3):
        values = {"customer_id": f"C-{number}", "customer_name": "Sadia Karim", "contact_info": "s@shop.com"}
        ids.append(create_customer(store, staff, CustomerDraft(**values)).id)
    record_sale(store, staff, ids[1], PurchaseDraft(amount=Decimal(5), sale_id="S-1"))
    run = merge_customers(store, staff, ids[0], ids[1])
    record_sale(store, staff, ids[0], PurchaseDraft(amount=Decimal(7), sale_id="S-2"))
    return [*map(ObjectId, ids), run.id]


def findings(store):
    return [each.sentence for each in check_database(store, COMMAND_LINE).findings]


def gone(database, this, other, third, run):
    database["customers"].delete_one({"_id": this})


def without_alias(database, this, other, third, run):
    database["customers"].update_one({"_id": this}, {"$unset": {"mergedIds": "", "search.aliases": ""}})


def foreign_alias(database, this, other, third, run):
    database["customers"].update_one({"_id": third}, {"$set": {"mergedIds": ["X-1"]}})


def given_again(database, this, other, third, run):
    database["customers"].update_one({"_id": third}, {"$set": {"customerId": "C-2", "search.id": "c-2"}})


def there_as_well(database, this, other, third, run):
    database["customers"].insert_one(database["merged"].find_one()["customer"])


def another_run(database, this, other, third, run):
    database["merged"].update_one({}, {"$set": {"run": str(third)}})


def another_step(database, this, other, third, run):
    database["sales"].update_one({"saleId": "S-1"}, {"$set": {"merges.0.from": str(third)}})


def no_step(database, this, other, third, run):
    database["sales"].update_one({"saleId": "S-1"}, {"$unset": {"merges": ""}})


def no_record(database, this, other, third, run):
    database["merged"].delete_one({})


@pytest.mark.parametrize(
    ("alter", "sentence"),
    [
        (gone, "Customer C-2 was merged into a customer who is gone."),
        (without_alias, "Customer C-2 was merged into customer C-1, which does not have its ID."),
        (foreign_alias, "Customer C-3 has the ID X-1 of somebody who was not merged into it."),
        (given_again, "Customer C-1 has the ID C-2 of a merged customer, which customer C-2 has, too."),
        (there_as_well, "Customer C-2: it was merged into another customer, but it is there as well."),
        (another_run, "Customer C-2: it is merged into another customer, but no run that did so is in force."),
        (another_step, "Customer C-1: the entry S-1 of its ledger came to it by a merge that there is not."),
        (no_step, "Customer C-1: the history lacks a change that wrote to its ledger."),
        (no_record, "Customer C-1: the entry S-1 of its ledger came to it by a merge that there is not."),
    ],
)
def test_what_was_altered_is_named(store, merged, alter, sentence):
    assert findings(store) == []
    alter(store.connection.database, *merged)
    assert sentence in findings(store)


def test_what_an_undo_gave_names_that_undo(store, staff, merged):
    undo_run(store, staff, merged[-1], since="other")
    assert findings(store) == []
    store.connection.database["sales"].update_one({"saleId": "S-2"}, {"$set": {"givenBy": str(ObjectId())}})
    assert findings(store) == [
        "Customer C-2: the entry S-2 of its ledger was given to it by an undo that there is not."
    ]
