import csv
import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.errors import Conflict, DuplicateCustomerId, NotFound, NotPermitted
from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.filters import read_filter
from kinso.models.history import HistoryQuery
from kinso.models.purchases import PurchaseDraft
from kinso.repository.documents import now
from kinso.services.customers.editing import (
    create_customer,
    delete_customer,
    get_customer,
    set_membership,
    update_customer,
)
from kinso.services.history.changes import export_history, list_history, list_people_in_history
from kinso.services.history.trash import empty_trash, erase_person, list_trash, restore_customers
from kinso.services.history.undo import revert_change
from kinso.services.membership.activation import activate_at_threshold, set_membership_of_matching
from kinso.services.membership.eligibility import count_members_at, list_members_at, list_memberships
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.checks import check_database


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)
    return create_customer(store, staff, draft)


def assert_forgotten(connection):
    """Nothing in the database names Ada; an id, which is hexadecimal, may hold these letters by chance."""
    names = re.compile(r"(?<![0-9a-f])ada(?![0-9a-f])|lovelace|a-1'")
    for name in connection.database.list_collection_names():
        for document in connection.database[name].find():
            assert not names.search(str(document).lower())


def latest(store, customer):
    return store.changes.of_customer(customer.id, limit=1)[0]


def listed(store, actor, **query):
    page = list_history(store, actor, HistoryQuery(**query), page=1, limit=50)
    assert page.total == len(page.items)
    return [(change.kind, change.by_name, change.customer_id) for change in page.items]


def test_history_is_filtered_by_person_customer_kind_dates_and_run(store, staff, manager, ada):
    bea = create_customer(
        store, manager, CustomerDraft(customer_id="B-1", customer_name="Bea", contact_info="bea@shop.com")
    )
    run = activate_at_threshold(store, staff, 50)
    update_customer(store, manager, bea.id, CustomerPatch(customer_name="Bee"))
    everything = listed(store, staff)
    assert [kind for kind, _, _ in everything] == ["edit", "membership", "create", "create"]
    assert listed(store, staff, by_name=manager.name) == [everything[0], everything[2]]
    assert listed(store, staff, customer_id=" a-1") == [everything[1], everything[3]]
    assert listed(store, staff, customer=bea.id, kind="create") == [everything[2]]
    assert listed(store, staff, run=run.id) == [everything[1]]
    assert listed(store, staff, since=now() + timedelta(minutes=1)) == []
    assert listed(store, staff, until=now() + timedelta(minutes=1)) == everything
    assert list_people_in_history(store, staff) == sorted({staff.name, manager.name})


def test_history_downloads_as_a_file_with_a_row_for_each_field_and_no_formulas(store, analyst, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="=1+1", purchase_amount=7))
    text = b"".join(export_history(store, analyst, HistoryQuery(kind="edit"))).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["field"], row["before"], row["after"]) for row in rows] == [
        ("customerName", "Ada", "'=1+1"),
        ("purchaseAmount", "100.00", "7.00"),
    ]


def test_a_single_change_is_undone_as_a_new_change(store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea", purchase_amount=5))
    change = latest(store, ada)
    update_customer(store, staff, ada.id, CustomerPatch(contact_info="new@shop.com"))
    record = revert_change(store, staff, change.id)
    stored = get_customer(store, staff, ada.id)
    assert (stored.customer_name, stored.purchase_amount, stored.contact_info) == (
        "Ada",
        Decimal("100.00"),
        "new@shop.com",
    )
    assert (record.undoes, latest(store, ada).id) == (change.id, record.id)


def test_a_change_that_somebody_built_on_is_not_undone(store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
    change = latest(store, ada)
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Cara"))
    with pytest.raises(Conflict, match="A-1 customer name changed again since"):
        revert_change(store, staff, change.id)
    assert get_customer(store, staff, ada.id).customer_name == "Cara"


def test_undoing_a_registration_or_a_deletion_needs_the_permission_for_it(store, staff, manager, ada):
    creation = latest(store, ada)
    with pytest.raises(NotPermitted):
        revert_change(store, staff, creation.id)
    revert_change(store, manager, creation.id)
    deletion = latest(store, ada)
    with pytest.raises(NotPermitted):
        revert_change(store, staff, deletion.id)
    revert_change(store, manager, deletion.id)
    assert get_customer(store, staff, ada.id).customer_name == "Ada"


def test_undoing_needs_the_permission_for_what_is_undone(store, staff, ada, monkeypatch):
    bought = record_sale(store, staff, ada.id, PurchaseDraft(amount=5)).entry.change
    set_membership(store, staff, ada.id, membership_status=True)
    for permission, change in ((Permission.PURCHASES, bought), (Permission.MEMBERSHIP, latest(store, ada).id)):
        with monkeypatch.context() as less:
            less.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {permission})
            with pytest.raises(NotPermitted):
                revert_change(store, staff, change)
        assert revert_change(store, staff, change).undoes == change


def test_memberships_tell_since_when_and_why(store, staff, manager, ada):
    start = now()
    run = activate_at_threshold(store, staff, 50)
    [interval] = list_memberships(store, staff, ada.id)
    assert (interval.end, interval.begun.decided_by, interval.begun.by_name, interval.begun.run) == (
        None,
        "rule",
        staff.name,
        run.id,
    )
    assert (interval.begun.balance, interval.begun.reason) == (Decimal("100.00"), "Purchase amount at or above 50.00")
    set_membership(store, manager, ada.id, membership_status=False)
    [interval] = list_memberships(store, staff, ada.id)
    assert (interval.ended.decided_by, interval.ended.by_name) == ("person", manager.name)
    assert interval.begin < interval.end
    assert count_members_at(store, staff, [start, interval.begin, interval.end]) == [0, 1, 0]
    assert [customer.id for customer in list_members_at(store, staff, interval.begin)] == [ada.id]


def test_a_deleted_member_is_none_while_in_the_trash_and_one_again_after(store, manager, ada):
    set_membership(store, manager, ada.id, membership_status=True)
    delete_customer(store, manager, ada.id)
    assert count_members_at(store, manager, [now()]) == [0]
    restore_customers(store, manager, [ada.id])
    assert count_members_at(store, manager, [now()]) == [1]
    assert len(list_memberships(store, manager, ada.id)) == 2


def test_restoring_is_all_or_nothing_and_names_an_id_that_was_taken(store, manager, ada):
    bea = create_customer(
        store, manager, CustomerDraft(customer_id="B-1", customer_name="Bea", contact_info="bea@shop.com")
    )
    delete_customer(store, manager, ada.id)
    delete_customer(store, manager, bea.id)
    create_customer(store, manager, CustomerDraft(customer_id="b-1", customer_name="New", contact_info="n@shop.com"))
    with pytest.raises(DuplicateCustomerId, match="B-1"):
        restore_customers(store, manager, [ada.id, bea.id])
    assert len(list_trash(store, manager)) == 2
    for nobody in ("0" * 24, "nonsense"):
        with pytest.raises(NotFound):
            restore_customers(store, manager, [ada.id, nobody])
    assert len(list_trash(store, manager)) == 2


def test_the_trash_is_emptied_of_what_was_deleted_long_ago(store, manager, ada, connection):
    delete_customer(store, manager, ada.id)
    assert empty_trash(store) == 0
    long_ago = now() - timedelta(days=31)
    connection.database["trash"].update_many({}, {"$set": {"deletedAt": long_ago}})
    assert empty_trash(store) == 1
    assert list_trash(store, manager) == []


@pytest.mark.parametrize("deleted", [False, True])
def test_an_erased_person_leaves_figures_but_no_name_anywhere(store, manager, ada, connection, deleted):
    update_customer(store, manager, ada.id, CustomerPatch(contact_info="lovelace@shop.com", membership_status=True))
    if deleted:
        delete_customer(store, manager, ada.id)
    alias = erase_person(store, manager, ada.id)
    assert_forgotten(connection)
    found = connection.database["trash" if deleted else "customers"].find_one()
    kept = found["customer"] if deleted else found
    assert (kept["customerId"], kept["purchaseAmount"], kept["membershipStatus"]) == (alias, 100.0, True)
    with pytest.raises(Conflict, match="for good"):
        revert_change(store, manager, latest(store, ada).id)
    if not deleted:
        assert list(store.customers.iterate(CustomerQuery(search="ada"))) == []


def test_a_person_is_erased_of_whom_only_the_history_tells(store, manager, admin, ada, connection):
    set_membership(store, manager, ada.id, membership_status=True)
    delete_customer(store, manager, ada.id)
    connection.database["trash"].update_many({}, {"$set": {"deletedAt": now() - timedelta(days=31)}})
    assert empty_trash(store) == 1
    alias = erase_person(store, manager, ada.id)
    assert_forgotten(connection)
    erased, *_, created = store.changes.of_customer(ada.id, limit=9)
    assert (erased.kind, erased.customer_id, erased.balance) == ("erase", alias, ada.purchase_amount)
    assert created.after["purchaseAmount"] == ada.purchase_amount
    assert check_database(store, admin).findings == []
    with pytest.raises(NotFound):
        erase_person(store, manager, "0" * 24)


def test_a_person_is_erased_whole_whatever_the_case_of_the_id(store, manager, ada, connection):
    update_customer(store, manager, ada.id, CustomerPatch(contact_info="lovelace@shop.com"))
    assert erase_person(store, manager, ada.id.upper()) == f"erased-{ada.id}"
    assert_forgotten(connection)


@pytest.mark.parametrize("deleted", [False, True])
def test_whoever_is_erased_is_erased_from_what_runs_were_asked_for(store, manager, ada, deleted):
    update_customer(
        store, manager, ada.id, CustomerPatch(customer_name="Zoë Quux", contact_info="+880 1711-000 001 (work)")
    )
    searched = ["ADA", "zoe  quux", "Quux", "old zoë quux", "a-1", "+880 1711-000 001 (work)", "880-1711-000001"]
    others = ["qu", "zoey", "880 1711", "B-2"]
    runs = [
        set_membership_of_matching(store, manager, CustomerQuery(search=text), membership_status=True)
        for text in (*searched, *others)
    ]
    named = set_membership_of_matching(store, manager, CustomerQuery(customer_name="zoë quux"), membership_status=False)
    told = {"fact": "customerName", "is": "in", "value": ["Zoë Quux", "B-2"]}
    other = {"fact": "spent", "is": ">=", "value": 1}
    query = CustomerQuery(filter=read_filter({"any": [told, other]}))
    filtered = set_membership_of_matching(store, manager, query, membership_status=False)
    if deleted:
        delete_customer(store, manager, ada.id)
    erase_person(store, manager, ada.id)
    asked = [store.runs.get(run.id).parameters["filter"]["search"] for run in runs]
    assert asked == ["(erased)"] * len(searched) + others
    assert store.runs.get(named.id).parameters["filter"] == {"customerName": "(erased)"}
    kept = {"any": [told | {"value": ["(erased)", "B-2"]}, other]}
    assert store.runs.get(filtered.id).parameters["filter"] == {"filter": kept}


def test_whoever_is_erased_is_erased_from_the_conditions_of_runs(store, manager, ada):
    update_customer(store, manager, ada.id, CustomerPatch(customer_name="Zoë Quux"))

    def asked(name, names):
        spent = {"fact": "spent", "is": ">=", "value": 5}
        named = {"not": {"fact": "customerName", "is": "in", "value": names}}
        return {"all": [spent, named, {"any": [{"fact": "customerName", "is": "contains", "value": name}]}]}

    query = CustomerQuery(filter=asked("quux", ["Zoë Quux", "Bob"]))
    run = set_membership_of_matching(store, manager, query, membership_status=True)
    erase_person(store, manager, ada.id)
    kept = store.runs.get(run.id).parameters["filter"]["filter"]
    assert kept == asked("(erased)", ["(erased)", "Bob"])


def test_a_membership_that_another_application_took_away_can_be_given_again(store, staff, admin, ada, connection):
    set_membership(store, staff, ada.id, membership_status=True)
    connection.database["customers"].update_one({}, {"$set": {"membershipStatus": False}})
    set_membership(store, staff, ada.id, membership_status=True)
    latest, earlier = list_memberships(store, staff, ada.id)
    assert (latest.end, earlier.end, earlier.ended.by_name) == (None, latest.begin, "Another application")
    said = [finding.sentence for finding in check_database(store, admin).findings]
    assert not [sentence for sentence in said if "recorded" in sentence]
