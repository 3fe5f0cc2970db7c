"""The examination of a database: clean after whatever people did, and every kind of damage found and named."""

from datetime import timedelta
from decimal import Decimal

import pytest
from bson import Decimal128, ObjectId

from kinso.database.preparation import prepare
from kinso.database.schema import INDEXES
from kinso.errors import NotPermitted
from kinso.models import shop
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.repository import shop as reading
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.customers.saving import save_edits
from kinso.services.history import runs
from kinso.services.history.trash import empty_trash, erase_person, restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.membership.activation import (
    activate_at_threshold,
    set_membership_of_matching,
    set_membership_of_selected,
)
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import import_customers

LATER = timedelta(days=1)


@pytest.fixture
def base(store, manager):
    return [create(store, manager, f"C-{number}", purchase_amount=number * 100.10) for number in range(6)]


@pytest.fixture
def database(connection):
    return connection.database


def create(store, actor, customer_id, **fields):
    typed = {"customer_id": customer_id, "customer_name": "Ann", "contact_info": "ann@shop.com", **fields}
    return create_customer(store, actor, CustomerDraft(**typed))


def sentences(store, admin):
    report = check_database(store, admin)
    assert report.finding_count == len(report.findings)
    return [finding.sentence for finding in report.findings]


def only_sentence(store, admin):
    [sentence] = sentences(store, admin)
    return sentence


def key(customer):
    return {"_id": ObjectId(customer.id)}


def damage(database, customer, **fields):
    database["customers"].update_one(key(customer), {"$set": fields}, bypass_document_validation=True)


def fail_after(done_enough):
    def progress(done, total):
        if done >= done_enough:
            raise RuntimeError("The power went out.")

    return progress


def do_all_kinds_of_things(store, manager, base, database):
    load_samples(store, manager, 40)
    update_customer(store, manager, base[0].id, CustomerPatch(customer_id="N-0", customer_name="Bea"))
    save_edits(store, manager, [CustomerEdit(base[1], {"purchaseAmount": 5, "contactInfo": "+46 70 123 45 67"})])
    for status in (True, False, True):
        set_membership(store, manager, base[1].id, membership_status=status)
    activation = activate_at_threshold(store, manager, 200)
    set_membership(store, manager, base[3].id, membership_status=False)
    undo = undo_run(store, manager, activation.id)
    undo_run(store, manager, undo.id)
    set_membership_of_matching(store, manager, CustomerQuery(search="example"), membership_status=False)
    set_membership_of_selected(store, manager, [base[1].id, base[2].id], membership_status=True)
    file = b"customerId,customerName,contactInfo,purchaseAmount,membershipStatus\nC-2,X2,xx@shop.com,7.5,false\n"
    imported = import_customers(store, manager, file + b"Z-9,Z9,zz@shop.com,20,true\n").run
    delete_customer(store, manager, base[2].id)
    undo_run(store, manager, imported.id)
    restore_customers(store, manager, [base[2].id])
    revert_change(store, manager, store.changes.of_customer(base[0].id, limit=1)[0].id)
    for customer in (base[3], base[4]):
        delete_customer(store, manager, customer.id)
    for customer in (base[1], base[4]):
        erase_person(store, manager, customer.id)
    restore_customers(store, manager, [base[4].id])
    delete_customer(store, manager, base[5].id)
    database["trash"].update_one(key(base[5]), {"$set": {"deletedAt": now() - timedelta(days=400)}})
    assert empty_trash(store) == 1
    with pytest.raises(RuntimeError):
        load_samples(store, manager, 80, fail_after(30))


def test_a_database_is_clean_whatever_people_did(store, admin, manager, base, database, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 15)
    do_all_kinds_of_things(store, manager, base, database)
    report = check_database(store, admin)
    assert report.findings == []
    assert report.is_clean
    assert (report.customers, report.trashed) == (44, 2)
    assert report.changes == database["changes"].count_documents({})


def test_it_reads_a_little_at_a_time_and_misses_nobody(store, admin, manager, base, database, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 15)
    do_all_kinds_of_things(store, manager, base, database)
    whole = check_database(store, admin)
    monkeypatch.setattr(reading, "_CUSTOMERS_AT_ONCE", 2)
    monkeypatch.setattr(reading, "_RECORDS_AT_ONCE", 5)
    told = []
    report = check_database(store, admin, lambda done, total: told.append((done, total)))
    assert report == whole
    assert len(told) > 15
    assert told[-1] == (46, 46)


def test_only_an_administrator_examines(store, manager):
    with pytest.raises(NotPermitted):
        check_database(store, manager)


def test_an_empty_database_is_clean(store, admin):
    assert check_database(store, admin).is_clean


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"customerName": 7}, "the field customerName is not a text"),
        ({"purchaseAmount": "7"}, "the field purchaseAmount is not a number"),
        ({"purchaseAmount": Decimal128("7.00")}, "the field purchaseAmount is not a number"),
        ({"purchaseAmount": True}, "the field purchaseAmount is not a number"),
        ({"membershipStatus": 0}, "the field membershipStatus is not true or false"),
        ({"createdAt": "today"}, "the field createdAt is not a date"),
        ({"purchaseAmount": -1.0}, "the purchase amount -1.0 is negative"),
        ({"purchaseAmount": 0.1 + 0.2}, "the purchase amount 0.30000000000000004 is not a whole number of cents"),
        ({"purchaseAmount": float("nan")}, "the purchase amount nan is not a whole number of cents"),
        ({"search.text": "nothing"}, "what it is searched and ordered by does not belong to its texts"),
        ({"search.id": "c-other"}, "what it is searched and ordered by does not belong to its texts"),
        ({"search": None}, "what it is searched and ordered by does not belong to its texts"),
        ({"version": "1"}, "the field version is not a whole number"),
        ({"version": 3}, "it is at version 3, but its history ends at version 1"),
        ({"version": 0}, "it is at version 0, but its history ends at version 1"),
        ({"customerName": "Bob"}, "the stored customerName is not what its history says"),
        ({"membershipHeld": "no"}, "the field membershipHeld is not true or false"),
    ],
    ids=str,
)
def test_a_damaged_field_is_named_with_the_customer(store, admin, base, database, fields, problem):
    damage(database, base[3], **fields)
    found = check_database(store, admin).findings
    assert f"Customer C-3: {problem}." in [finding.sentence for finding in found]
    assert {finding.customer for finding in found} == {base[3].id}


@pytest.mark.parametrize("field", ["customerName", "contactInfo", "purchaseAmount", "membershipHeld", "updatedAt"])
def test_a_missing_field_is_named(store, admin, base, database, field):
    database["customers"].update_one(key(base[3]), {"$unset": {field: ""}}, bypass_document_validation=True)
    assert f"Customer C-3: the field {field} is missing." in sentences(store, admin)


def test_a_customer_whose_id_is_missing_is_named_by_what_is_known(store, admin, base, database):
    database["customers"].update_one(key(base[3]), {"$unset": {"customerId": ""}}, bypass_document_validation=True)
    assert "Customer C-3: the field customerId is missing." in sentences(store, admin)


def test_a_customer_that_cannot_be_opened_is_named(store, admin, base, database):
    document = database["customers"].find_one(key(base[0]))
    document.update(_id=17, customerId="S-17", search={**document["search"], "id": "s-17"})
    database["customers"].insert_one(document)
    assert only_sentence(store, admin) == "Customer S-17: its _id is not an ObjectId, so it cannot be opened."


def adopted(new_database, *names):
    """A store of customers, all of them members, that another application stored."""
    connection = new_database()
    fields = {"customerName": "Ann", "contactInfo": "ann@shop.com", "purchaseAmount": 99, "membershipStatus": True}
    connection.database["customers"].insert_many(
        [{"customerId": name, "createdAt": now(), "updatedAt": now(), **fields} for name in names]
    )
    prepare(connection)
    return Store(connection)


def test_case_duplicates_are_named_but_nothing_is_wrong_with_them(new_database, admin):
    report = check_database(adopted(new_database, "abc1", "ABC1", "abc2"), admin)
    assert report.findings == []
    assert report.duplicates == ["Customer ID ABC1 differs from abc1 in letter case, spaces, dashes or the like only."]


def test_adopted_customers_are_as_clean_as_others_whatever_people_do_with_them(new_database, admin, manager):
    store = adopted(new_database, "abc1", "ABC1", "abc2", "abc3")
    first, duplicate, other, deleted = store.customers.iterate(CustomerQuery(sort_by="customerId", sort_order="asc"))
    update_customer(store, manager, duplicate.id, CustomerPatch(customer_name="Bea"))
    update_customer(store, manager, first.id, CustomerPatch(purchase_amount=5))
    set_membership(store, manager, other.id, membership_status=False)
    delete_customer(store, manager, deleted.id)
    assert sentences(store, admin) == []
    delete_customer(store, manager, duplicate.id)
    restore_customers(store, manager, [deleted.id, duplicate.id])
    assert sentences(store, admin) == []


def test_a_write_that_was_not_recorded_is_found(store, admin, manager, base, database):
    update_customer(store, manager, base[3].id, CustomerPatch(customer_name="Bea"))
    database["changes"].delete_many({"customer": base[3].id})
    assert only_sentence(store, admin) == ("Customer C-3: it is at version 2, but nothing of that is in its history.")


def test_a_hole_in_the_history_is_found(store, admin, manager, base, database):
    for name in ("Bea", "Cara", "Dora"):
        update_customer(store, manager, base[3].id, CustomerPatch(customer_name=name))
    database["changes"].delete_one({"customer": base[3].id, "version": 3})
    assert sentences(store, admin) == [
        "Customer C-3: its history lacks what happened between version 2 and version 4.",
        "Customer C-3: its history does not fit together: version 4 replaced another customerName.",
    ]


def test_a_version_that_is_recorded_twice_is_found(store, admin, base, database):
    document = database["changes"].find_one({"customer": base[3].id})
    database["changes"].insert_one({**document, "_id": ObjectId()})
    assert only_sentence(store, admin) == "Customer C-3: its history has version 1 twice."


def test_a_recorded_change_that_was_not_made_is_found(store, admin, base, database):
    document = database["changes"].find_one({"customer": base[3].id})
    edit = {"kind": "edit", "version": 2, "before": {"customerName": "Ann"}, "after": {"customerName": "Bea"}}
    database["changes"].insert_one({**document, **edit, "_id": ObjectId()})
    assert sentences(store, admin) == [
        "Customer C-3: it is at version 1, but its history ends at version 2.",
        "Customer C-3: the stored customerName is not what its history says.",
    ]


def test_a_customer_that_is_gone_without_a_deletion_is_found(store, admin, base, database):
    database["customers"].delete_one(key(base[3]))
    assert sentences(store, admin) == [
        "Customer C-3: it has a history that does not end with its deletion, but it is gone.",
        "Customer C-3: it is gone, but purchases of it still count.",
    ]


def test_a_customer_both_here_and_in_the_trash_is_found(store, admin, base, database):
    document = database["customers"].find_one(key(base[3]))
    database["trash"].insert_one({"_id": document["_id"], "customer": document, "deletedAt": now(), "byName": "Ann"})
    assert only_sentence(store, admin) == "Customer C-3: it is both among the customers and in the trash."


def test_a_trashed_customer_without_a_recorded_deletion_is_found(store, admin, manager, base, database):
    delete_customer(store, manager, base[3].id)
    database["changes"].delete_one({"customer": base[3].id, "kind": "delete"})
    assert only_sentence(store, admin) == (
        "Customer C-3: it is in the trash, but its history does not end with its deletion."
    )


def test_a_deleted_customer_who_is_still_there_is_found(store, admin, manager, base, database):
    document = database["customers"].find_one(key(base[3]))
    delete_customer(store, manager, base[3].id)
    database["trash"].delete_one(key(base[3]))
    database["customers"].insert_one(document)
    assert sentences(store, admin) == [
        "Customer C-3: it is there, although its history ends with its deletion.",
        "Customer C-3: its purchase amount is 300.30, but its ledger adds up to 0.00.",
    ]


def test_a_damaged_document_in_the_trash_is_found(store, admin, manager, base, database):
    delete_customer(store, manager, base[3].id)
    database["trash"].update_one(key(base[3]), {"$set": {"customer.purchaseAmount": 1.005}})
    assert sentences(store, admin) == [
        "Customer C-3: the purchase amount 1.005 is not a whole number of cents.",
        "Customer C-3: the stored purchaseAmount is not what its history says.",
        "Customer C-3: its purchase amount is 1.01, but its ledger adds up to 300.30.",
    ]


def member(store, manager, database, customer):
    """The stored membership of a customer who becomes a member."""
    set_membership(store, manager, customer.id, membership_status=True)
    return database["memberships"].find_one({"customer": customer.id})


def test_a_member_since_nobody_knows_when_is_found(store, admin, manager, base, database):
    database["memberships"].delete_one(member(store, manager, database, base[3]))
    assert only_sentence(store, admin) == "Customer C-3: it is a member, but since when is not recorded."


@pytest.mark.parametrize("deleted", [False, True])
def test_a_lasting_membership_of_a_non_member_is_found(store, admin, manager, base, database, deleted):
    interval = member(store, manager, database, base[3])
    set_membership(store, manager, base[3].id, membership_status=False)
    if deleted:
        delete_customer(store, manager, base[3].id)
    database["memberships"].replace_one({"_id": interval["_id"]}, interval)
    assert only_sentence(store, admin) == (
        "Customer C-3: it is not a member, but a membership of it is recorded as lasting."
    )


@pytest.mark.parametrize(
    ("begin", "end", "is_open", "problem"),
    [
        (LATER, 2 * LATER, False, "two memberships of it overlap"),
        (-2 * LATER, LATER, False, "two memberships of it overlap"),
        (-LATER, -2 * LATER, False, "a membership of it ends before it begins"),
        (-2 * LATER, -LATER, True, "a membership of it is marked as lasting but has an end, or the other way round"),
        (-LATER, None, False, "2 memberships of it are recorded as lasting"),
    ],
    ids=["after", "around", "reversed", "open with an end", "two"],
)
def test_memberships_that_cannot_be_are_found(store, admin, manager, base, database, begin, end, is_open, problem):
    interval = member(store, manager, database, base[3])
    moments = {"from": interval["from"] + begin, "to": end and interval["from"] + end}
    other = {"customer": base[3].id, **moments, "begun": interval["begun"]}
    database["memberships"].drop_index("kinso_one_open_membership")
    database["memberships"].insert_one({**other, "open": True} if is_open else other)
    try:
        assert f"Customer C-3: {problem}." in sentences(store, admin)
    finally:
        database["memberships"].delete_many({})
        database["memberships"].create_indexes(INDEXES["memberships"])


def test_a_run_that_stands_still_is_found(store, admin, base, database):
    run = activate_at_threshold(store, admin, 300)
    stopped = {"status": "running", "heartbeatAt": now() - timedelta(minutes=2)}
    database["runs"].update_one({"_id": ObjectId(run.id)}, {"$set": stopped})
    assert only_sentence(store, admin) == (
        f"Run {run.id} says that it is running, but it has not moved for more than a minute."
    )


def test_a_run_that_says_a_wrong_number_is_found(store, admin, base, database):
    run = activate_at_threshold(store, admin, 300)
    database["runs"].update_one({"_id": ObjectId(run.id)}, {"$inc": {"changed": 1}})
    assert only_sentence(store, admin) == f"Run {run.id} says that it changed 4 customers, but 3 are recorded."


def test_changes_of_a_run_that_is_not_recorded_are_found(store, admin, base, database):
    run = activate_at_threshold(store, admin, 300)
    database["runs"].delete_one({"_id": ObjectId(run.id)})
    assert only_sentence(store, admin) == f"Run {run.id} is named by changes, but it is not recorded."


def test_a_run_that_was_only_said_to_be_undone_is_found(store, admin, manager, base, database):
    run = activate_at_threshold(store, admin, 300)
    update_customer(store, manager, base[4].id, CustomerPatch(customer_name="Edited since"))
    set_membership(store, manager, base[5].id, membership_status=False)
    database["runs"].update_one({"_id": ObjectId(run.id)}, {"$set": {"status": "rolled-back"}})
    assert sentences(store, admin) == [
        f"Customer {name}: version 2 is still in force, although its run {run.id} was undone."
        for name in ("C-3", "C-4")
    ]


def test_a_run_undone_by_one_that_was_undone_is_found(store, admin, manager, base, database):
    run = activate_at_threshold(store, admin, 300)
    with pytest.raises(RuntimeError):
        undo_run(store, manager, run.id, on_progress=fail_after(1))
    failed = store.runs.recent(limit=1)[0].id
    database["runs"].update_one({"_id": ObjectId(run.id)}, {"$set": {"undoneBy": failed}})
    assert only_sentence(store, admin) == (
        f"Run {run.id} is marked as undone by run {failed}, which was undone itself."
    )


def test_accounts_without_an_administrator_and_repeated_addresses_are_found(store, admin, database):
    person = {"name": "Ada", "role": "admin", "active": False, "passwordHash": "x", "createdAt": now()}
    database["users"].insert_many([{"email": email, **person} for email in ("ada@shop.com", "Ada@shop.com")])
    assert sentences(store, admin) == [
        "The e-mail address ada@shop.com has several accounts.",
        "There are accounts, but no active administrator.",
    ]
    database["users"].update_one({"email": "ada@shop.com"}, {"$set": {"active": True}})
    assert sentences(store, admin) == ["The e-mail address ada@shop.com has several accounts."]


def test_an_entry_that_counts_at_another_moment_than_it_should_is_found(store, admin, manager, base, database):
    sale = record_sale(store, manager, base[3].id, PurchaseDraft(sale_id="S-1", amount=10)).entry
    refund_sale(store, manager, "S-1", RefundDraft(sale_id="R-1", amount=Decimal(1)))
    wrong = {"$set": {"countsAt": sale.sold_at - LATER}}
    for kind, sale_id in (("sale", "S-1"), ("refund", "R-1")):
        sound = database["sales"].find_one({"saleId": sale_id})
        database["sales"].update_one({"saleId": sale_id}, wrong)
        assert only_sentence(store, admin) == (
            f"Customer C-3: the {kind} {sale_id} counts at another moment than it should."
        )
        database["sales"].replace_one({"_id": sound["_id"]}, sound)


def test_a_purchase_that_counts_twice_in_the_revenue_is_found(store, admin, manager, base, database):
    record_sale(store, manager, base[3].id, PurchaseDraft(sale_id="S-1", amount=10))
    database["sales"].update_one({"saleId": "S-1"}, {"$set": {"trashed": True, "revenueOnly": True}})
    assert only_sentence(store, admin) == "Customer C-3: what it bought counts twice in the revenue."


def test_of_very_many_findings_the_first_are_named_and_all_are_counted(store, admin, base, database, monkeypatch):
    monkeypatch.setattr(shop, "MOST_FINDINGS", 2)
    database["memberships"].delete_many({})
    database["changes"].delete_many({})
    report = check_database(store, admin)
    assert (report.finding_count, len(report.findings), report.is_clean) == (6, 2, False)
