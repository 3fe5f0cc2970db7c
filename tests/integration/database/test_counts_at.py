"""Ledger entries that were stored before they had a moment at which they count get it at the next start."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo.errors import WriteError

from kinso.database.migrations import STATE
from kinso.database.preparation import prepare

SOLD = datetime(2024, 5, 17, 12, tzinfo=UTC)
LATER = SOLD + timedelta(days=40)
OLD_INDEX = "void_1_kind_1_soldAt_1_customer_1_amount_1"


@pytest.fixture
def earlier(new_database):
    """A database as an earlier version left it, with these entries."""

    def earlier(*entries):
        connection = new_database()
        prepare(connection)
        sales = connection.database["sales"]
        sales.create_index([(key, 1) for key in ("void", "kind", "soldAt", "customer", "amount")])
        connection.database.command("collMod", "sales", validator={})
        connection.database["settings"].delete_one({"_id": STATE})
        sales.insert_many(entries)
        return connection

    return earlier


def entry(sale_id, kind="sale", at=SOLD, **fields):
    return {"saleId": sale_id, "kind": kind, "soldAt": at, "customer": "1", "amount": 1.0, "void": False, **fields}


def moments(connection):
    return {each["saleId"]: each["countsAt"] for each in connection.database["sales"].find()}


def test_a_refund_counts_where_its_sale_does_and_everything_else_when_it_was_sold(earlier):
    connection = earlier(
        entry("S-1"),
        entry("O-1", "opening", LATER),
        entry("A-1", "adjustment", LATER),
        entry("R-1", "refund", LATER, refundOf="S-1"),
        entry("R-2", "refund", LATER, refundOf="S-1", customer="2"),
        entry("R-3", "refund", LATER, refundOf="S-0"),
    )
    prepare(connection)
    assert moments(connection) == {"S-1": SOLD, "R-1": SOLD, **dict.fromkeys(("O-1", "A-1", "R-2", "R-3"), LATER)}
    assert OLD_INDEX not in connection.database["sales"].index_information()


def test_of_several_sales_that_had_the_id_it_is_the_one_that_counts_as_the_refund_does(earlier):
    first, second, third = (SOLD + timedelta(days=day) for day in range(3))
    connection = earlier(
        entry("S-1", at=first, void=True),
        entry("R-1", "refund", LATER, refundOf="S-1", void=True, _id=ObjectId()),
        entry("S-1", at=second, void=True, trashed=True),
        entry("R-2", "refund", LATER, refundOf="S-1", void=True, trashed=True),
        entry("S-1", at=third),
        entry("R-3", "refund", LATER, refundOf="S-1"),
    )
    prepare(connection)
    found = moments(connection)
    assert [found[id] for id in ("R-1", "R-2", "R-3")] == [first, second, third]


def test_more_refunds_than_one_batch_takes_and_two_processes_at_once(earlier, new_database):
    refunds = [entry(f"R-{number}", "refund", LATER, refundOf="S-1") for number in range(2500)]
    connection = earlier(entry("S-1"), *refunds)
    others = [new_database(connection.database.name) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(prepare, others))
    assert set(moments(connection).values()) == {SOLD}


def test_what_an_earlier_version_wrote_after_a_later_one_is_completed_too(earlier):
    connection = earlier(entry("S-1"))
    prepare(connection)
    connection.database.command("collMod", "sales", validator={})
    connection.database["sales"].insert_one(entry("R-1", "refund", LATER, refundOf="S-1"))
    prepare(connection)
    assert moments(connection) == {"S-1": SOLD, "R-1": SOLD}


def test_nothing_is_stored_without_it_any_more(connection):
    with pytest.raises(WriteError, match="Document failed validation"):
        connection.database["sales"].insert_one(entry("S-1"))
