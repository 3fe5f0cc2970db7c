"""What somebody altered in the database by hand is found and named, and hides nothing else."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from kinso.database.migrations import STATE
from kinso.database.preparation import prepare
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import SettingsChange
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history.trash import empty_trash, list_trash, restore_customers
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
TWO_YEARS = timedelta(days=730)


@pytest.fixture
def database(store, manager, connection):
    """A small shop of whose past everything is known since an hour ago."""
    prepare(connection)
    an_hour_ago = now() - timedelta(hours=1)
    known = {"sealedSince": an_hour_ago, "trashEmptiedUntil": an_hour_ago}
    connection.database["settings"].update_one({"_id": "checks"}, {"$set": known})
    ids = {}
    for name in ("MEMBER", "BUYER", "DELETED"):
        draft = CustomerDraft(customer_id=name, customer_name="Ann", contact_info=f"{name}@shop.com")
        ids[name] = create_customer(store, manager, draft).id
    update_customer(store, manager, ids["BUYER"], CustomerPatch(customer_name="Bea"))
    for status in (True, False, True):
        set_membership(store, manager, ids["MEMBER"], membership_status=status)
    record_sale(store, manager, ids["BUYER"], PurchaseDraft(sale_id="S-1", amount=Decimal(900)))
    refund_sale(store, manager, "S-1", RefundDraft(sale_id="R-1", amount=Decimal(100)))
    undo_run(store, manager, activate_at_threshold(store, manager, 500).id)
    delete_customer(store, manager, ids["DELETED"])
    store.shop.record(SettingsChange(now(), "Ada", {"name": "Old"}, {"name": "New"}))
    return connection.database


def findings(store, admin):
    return [finding.sentence for finding in check_database(store, admin).findings]


def alter(collection, match, values):
    def plant(database):
        done = database[collection].update_one(match, values, bypass_document_validation=True)
        assert done.modified_count == 1

    return plant


def shift(collection, match, *fields, by):
    def plant(database):
        found = database[collection].find_one(match)
        alter(collection, {"_id": found["_id"]}, {"$set": {field: found[field] + by for field in fields}})(database)

    return plant


def invent_membership(database):
    decision = {"basis": "person", "byName": "Ann", "amount": 0.0}
    begin = now() - timedelta(days=90)
    buyer = database["customers"].find_one({"customerId": "BUYER"})
    interval = {"customer": str(buyer["_id"]), "from": begin, "to": begin + timedelta(days=9)}
    database["memberships"].insert_one({**interval, "begun": decision, "ended": decision})


def invent_change(database):
    change = database["changes"].find_one({"customerId": "BUYER"}, sort=[("version", -1)])
    del change["_id"], change["seal"]
    database["changes"].insert_one({**change, "version": change["version"] + 1, "before": {}, "after": {}})
    database["customers"].update_one({"customerId": "BUYER"}, {"$inc": {"version": 1}})


def forget(collection, match):
    def plant(database):
        assert database[collection].delete_one(match).deleted_count == 1

    return plant


def drop_index(collection, name):
    return lambda database: database[collection].drop_index(name)


def set_validation(**options):
    return lambda database: database.command("collMod", "customers", **options)


EDIT = {"customerId": "BUYER", "kind": "edit"}
ENDED = {"to": {"$ne": None}, "customer": {"$exists": True}}
LASTING = {"open": True}
NOWHERE = str(ObjectId())

PLANTED = {
    "an index dropped": (drop_index("customers", "search.name_1__id_1"), "The index on search.name, _id of .* missing"),
    "a unique index dropped": (drop_index("sales", "kinso_unique_sale_id"), "The index on saleId of .* sales is miss"),
    "a validator dropped": (set_validation(validator={}), "The validator of the collection customers is missing"),
    "a validator weakened": (set_validation(validationAction="warn"), "The validator of the collection customers"),
    "a trash document removed": (forget("trash", {}), "Customer DELETED: it was deleted, but .* not in the trash"),
    "a deletion at a text": (alter("trash", {}, {"$set": {"deletedAt": "x"}}), "DELETED: when it was deleted is not"),
    "when somebody was deleted": (shift("trash", {}, "deletedAt", by=-TWO_YEARS), "DELETED: when it was deleted, or"),
    "who deleted somebody": (alter("trash", {}, {"$set": {"byName": "Eve"}}), "DELETED: when it was deleted, or who"),
    "trash without a customer": (alter("trash", {}, {"$set": {"customer": "gone"}}), "DELETED: .* is no customer"),
    "a membership begun earlier": (shift("memberships", LASTING, "from", by=-TWO_YEARS), "MEMBER: .* was altered"),
    "a membership ended later": (
        shift("memberships", ENDED, "to", by=timedelta(microseconds=1000)),
        r"(MEMBER|BUYER): the end .* was altered",
    ),
    "a membership shifted": (shift("memberships", ENDED, "from", "to", by=-TWO_YEARS), "the beginning .* was altered"),
    "a membership in the future": (shift("memberships", LASTING, "from", by=TWO_YEARS), "MEMBER: .* was altered"),
    "a membership as a text": (alter("memberships", LASTING, {"$set": {"from": "1999"}}), "MEMBER: .* is not a date"),
    "a membership invented": (invent_membership, "BUYER: .* Kinso did not record it"),
    "a membership forgotten": (forget("memberships", ENDED), "its history tells of a membership that is not recorded"),
    "who made somebody a member": (alter("memberships", LASTING, {"$set": {"begun.byName": "Eve"}}), "MEMBER: .* alt"),
    "soldAt moved back": (
        shift("sales", {"saleId": "S-1"}, "soldAt", by=-TWO_YEARS),
        "BUYER: the date of the sale S-1",
    ),
    "soldAt and countsAt": (
        shift("sales", {"saleId": "S-1"}, "soldAt", "countsAt", by=-TWO_YEARS),
        "BUYER: the date of the sale S-1 or who",
    ),
    "soldAt of a refund": (shift("sales", {"saleId": "R-1"}, "soldAt", by=TWO_YEARS), "the date of the refund R-1"),
    "soldAt as a text": (alter("sales", {"saleId": "S-1"}, {"$set": {"soldAt": "today"}}), "sale S-1, soldAt is not a"),
    "soldAt beyond all dates": (
        alter("sales", {"saleId": "S-1"}, {"$set": {"soldAt": DatetimeMS(2**60)}}),
        "sale S-1, soldAt is not a date",
    ),
    "who recorded a sale": (alter("sales", {"saleId": "S-1"}, {"$set": {"byName": "Eve"}}), "sale S-1 or who recorded"),
    "who made a change": (alter("changes", EDIT, {"$set": {"byName": "Eve"}}), "BUYER: who made version 2 or when was"),
    "whose account made it": (alter("changes", EDIT, {"$set": {"byId": NOWHERE}}), "BUYER: who made version 2 or when"),
    "when a change was made": (shift("changes", EDIT, "at", by=-TWO_YEARS), "BUYER: who made version 2 or when was"),
    "a change without a maker": (alter("changes", EDIT, {"$unset": {"byName": ""}}), "BUYER: who made version 2"),
    "a change invented": (invent_change, "BUYER: who made version 7 .* Kinso did not record it"),
    "a change undoing nothing": (
        alter("changes", EDIT, {"$set": {"undoes": NOWHERE}}),
        "BUYER: version 2 undoes a change that is not in its history",
    ),
    "an unknown kind of change": (
        alter("changes", EDIT, {"$set": {"kind": "magic"}}),
        "version 2 .* no known kind",
    ),
    "who began a run": (alter("runs", {"kind": "undo"}, {"$set": {"byName": "Eve"}}), "Run .* who began it, or when"),
    "undone by nothing": (
        alter("runs", {"kind": "auto-activation"}, {"$set": {"undoneBy": NOWHERE}}),
        f"marked as undone by run {NOWHERE}, which is not recorded",
    ),
    "an unknown status": (alter("runs", {"kind": "undo"}, {"$set": {"status": "odd"}}), "Run .* field status .*'odd'"),
    "a run begun at a text": (alter("runs", {"kind": "undo"}, {"$set": {"startedAt": "x"}}), "Run .* field startedAt"),
    "a run with odd exceptions": (
        alter("runs", {"kind": "undo"}, {"$set": {"exceptions": [7]}}),
        "Run .* exceptions",
    ),
    "an entry without kind": (
        alter("sales", {"saleId": "S-1"}, {"$unset": {"kind": ""}}),
        "S-1 .* no known kind",
    ),
    "an amount that is no number": (
        alter("sales", {"saleId": "S-1"}, {"$set": {"amount": float("nan")}}),
        "the amount of the entry S-1 of its ledger is not a number",
    ),
    "an entry undone by nothing": (
        alter("sales", {"saleId": "R-1"}, {"$set": {"voidedBy": NOWHERE}}),
        "BUYER: the history lacks a change that undid an entry of its ledger",
    ),
    "a version of a thousand": (
        alter("customers", {"customerId": "BUYER"}, {"$set": {"version": {"$numberInt": "7"}}}),
        "BUYER: the field version is not a whole number",
    ),
    "a history that is a text": (alter("changes", EDIT, {"$set": {"before": "Ann"}}), "BUYER: .* cannot be examined"),
    "a date beyond all dates": (
        alter("customers", {"customerId": "BUYER"}, {"$set": {"createdAt": DatetimeMS(2**60)}}),
        "BUYER: the field createdAt is not a date",
    ),
    "who changed the settings": (
        alter("settings_changes", {"byName": "Ada"}, {"$set": {"byName": "Eve"}}),
        "Change of settings .* who made it, or when, was altered",
    ),
}


@pytest.mark.parametrize(("plant", "sentence"), PLANTED.values(), ids=PLANTED)
def test_what_was_altered_by_hand_is_named_and_hides_nothing_else(store, admin, database, plant, sentence):
    assert findings(store, admin) == []
    database["customers"].update_one({"customerId": "MEMBER"}, {"$set": {"contactInfo": "another"}})
    try:
        plant(database)
        found = findings(store, admin)
    finally:
        prepare(store.connection)
    assert any(re.search(sentence, each) for each in found), found
    assert "Customer MEMBER: the stored contactInfo is not what its history says." in found
    assert not any("\n" in each for each in found)


def test_everything_at_once_is_found(store, admin, database):
    for plant, _ in PLANTED.values():
        try:
            plant(database)
        except (AssertionError, TypeError):
            # Another one has altered or removed the same before.
            continue
    try:
        found = findings(store, admin)
    finally:
        prepare(store.connection)
    assert len(found) > 25


@pytest.mark.slow
def test_check_on_the_command_line_names_what_its_own_start_puts_back(store, database, settings):
    database["customers"].drop_index("search.name_1__id_1")
    database.command("collMod", "sales", validator={})
    command = [sys.executable, "-m", "kinso", "check"]
    own = {"KINSO_MONGODB_URI": settings.mongodb_uri, "KINSO_DATABASE": settings.database}
    for code, lines in ((1, 2), (0, 1)):
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **own}, timeout=60, check=False
        )
        assert (done.returncode, done.stdout.count("\n")) == (code, lines), done
        assert ("the index on search.name, _id of the collection customers is missing" in done.stdout) is (code == 1)
        assert ("the validator of the collection sales is missing" in done.stdout) is (code == 1)


def test_an_index_that_this_edition_brings_is_no_finding(store, admin, connection):
    prepare(connection)
    connection.database["settings"].update_one({"_id": "checks"}, {"$set": {"shape": "of an earlier edition"}})
    connection.database["customers"].drop_index("search.name_1__id_1")
    assert prepare(connection).put_back == []
    assert findings(store, admin) == []


def test_what_was_written_before_there_were_checksums_is_content(store, admin, manager, database):
    for name in ("changes", "sales", "runs", "settings_changes"):
        database[name].update_many({}, {"$unset": {"seal": ""}})
    database["memberships"].update_many({}, {"$unset": {"begun.seal": ""}})
    database["memberships"].update_many({"ended": {"$exists": True}}, {"$unset": {"ended.seal": ""}})
    since = datetime.now(UTC) + timedelta(seconds=2)
    database["settings"].update_one({"_id": "checks"}, {"$set": {"sealedSince": since}})
    assert findings(store, admin) == []


def test_a_customer_who_vanished_from_the_trash_of_a_shop_that_has_just_begun_is_found(
    store, admin, manager, connection
):
    prepare(connection)
    connection.database["settings"].delete_many({"_id": {"$in": ["checks", STATE]}})
    prepare(connection)
    draft = CustomerDraft(customer_id="EARLY", customer_name="Ann", contact_info="early@shop.com")
    delete_customer(store, manager, create_customer(store, manager, draft).id)
    assert findings(store, admin) == []
    assert connection.database["trash"].delete_many({}).deleted_count == 1
    assert findings(store, admin) == [
        "Customer EARLY: it was deleted, but it is not in the trash any more, which was not emptied of it."
    ]


@pytest.mark.parametrize("moment", ["yesterday", None, {"a": 1}])
def test_whoever_is_in_the_trash_without_a_date_is_listed_and_restored(store, manager, database, moment):
    database["trash"].update_one({}, {"$set": {"deletedAt": moment}, "$unset": {"byName": ""}})
    [trashed] = list_trash(store, manager)
    assert trashed.customer.customer_id == "DELETED"
    assert [each.customer_id for each in restore_customers(store, manager, [trashed.id])] == ["DELETED"]


def test_a_customer_whom_the_trash_was_emptied_of_is_no_finding(store, admin, manager, database):
    database["trash"].update_many({}, {"$set": {"deletedAt": now() - timedelta(days=400)}})
    assert empty_trash(store) == 1
    [sentence] = findings(store, admin)
    assert "not in the trash any more" in sentence
    assert store.trash.empty(deleted_before=now() + timedelta(seconds=1)) == 0
    draft = CustomerDraft(customer_id="LATER", customer_name="Ann", contact_info="later@shop.com")
    delete_customer(store, manager, create_customer(store, manager, draft).id)
    assert store.trash.empty(deleted_before=now() + timedelta(seconds=1)) == 1
    assert findings(store, admin) == []
