"""The mirror holds what the documents say, at once after every write of this process and soon after others'."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.monitoring import CommandListener

from kinso.config import Settings
from kinso.database.commits import MIRRORED, Commits, position_of
from kinso.database.connection import Connection, connect
from kinso.errors import DatabaseUnavailable
from kinso.mirror.mirror import Batch, Mirror
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.mirror import mirror_of
from kinso.repository.mirrored import id_of, key_of
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.purchases.recording import list_entries, record_sale, refund_sale
from kinso.services.shop.checks import check_database
from tests.support.mirror import cut_streams, differences


@pytest.fixture
def add(store):
    def add(customer_id, **fields):
        draft = {"customer_id": customer_id, "customer_name": "Ada", "contact_info": "ada@shop.com", **fields}
        return store.customers.insert(parse(CustomerDraft, draft), now())

    return add


def names(store):
    return [name for (name,) in store.mirror.rows("SELECT customer_name FROM customers ORDER BY customer_name")]


def test_whoever_saved_sees_it_in_the_next_answer(store, add, manager):
    assert names(store) == []
    ada = add("C-1")
    for number in range(20):
        ada = update_customer(store, manager, ada.id, CustomerPatch(customer_name=f"Ada {number}"), version=ada.version)
        assert names(store) == [f"Ada {number}"]
    delete_customer(store, manager, ada.id)
    assert names(store) == []


def test_a_row_has_the_values_of_the_customer(store, add):
    ada = add("C-1", purchase_amount=Decimal("12.34"), tags=["b", "a"], notes="First\nsecond")
    [row] = store.mirror.rows(
        "SELECT key, customer_id, purchase_amount, membership_status, tags, notes, created_at, version FROM customers"
    )
    created = ada.created_at.astimezone(UTC).replace(tzinfo=None)
    assert row == (key_of(ada.id), "C-1", 1234, False, ["a", "b"], "First\nsecond", created, 1)
    assert id_of(row[0]) == ada.id


def test_what_another_process_writes_arrives_by_itself(store, settings, add):
    assert names(store) == []
    other = connect(settings)
    other.database["customers"].insert_one({**_document(), "customerName": "Bob"})
    other.close()
    deadline = time.monotonic() + 10
    while names(store) != ["Bob"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert names(store) == ["Bob"]


def _document(**fields):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    search = {"id": str(ObjectId()), "name": "", "contact": "", "text": "", "keys": ["k"]}
    values = {"customerId": "X", "customerName": "X", "contactInfo": "12345", "purchaseAmount": 1.5}
    stored = {"membershipStatus": False, "membershipHeld": False, "createdAt": moment, "updatedAt": moment}
    return {"_id": ObjectId(), **values, **stored, "version": 1, "search": search, **fields}


CHANGES = {
    "a field": {"$set": {"customerName": "Bob"}},
    "a helper field": {"$set": {"search.text": "bob"}},
    "all helper fields": {"$set": {"search": {"id": "b", "name": "n", "contact": "c", "text": "t", "keys": ["l"]}}},
    "a field that is removed": {"$unset": {"version": ""}},
    "a list": {"$set": {"tags": ["x", "y"]}},
    "a part of a list": {"$push": {"tags": "z"}},
    "a date that is none": {"$set": {"createdAt": datetime.max.replace(tzinfo=UTC)}},
    "an unknown field": {"$set": {"another.application": {"wrote": 1}}},
    "a number": {"$inc": {"purchaseAmount": 0.1, "version": 1}},
    "nothing": {"$set": {"customerName": "X"}},
    "a part of the keys": [{"$set": {"search.keys": {"$concatArrays": [{"$ifNull": ["$search.keys", []]}, ["l"]]}}}],
    "by a pipeline": [{"$set": {"tags": {"$concatArrays": [["a"], {"$ifNull": ["$tags", []]}]}}}],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_kind_of_update_is_followed(store, change):
    customers = store.connection.database["customers"]
    assert names(store) == []
    ids = customers.insert_many([_document(tags=["one"]) for _ in range(3)]).inserted_ids
    assert differences(store) == {}
    customers.update_one({"_id": ids[0]}, change)
    assert differences(store) == {}
    customers.update_one({"_id": ids[0]}, change)
    customers.replace_one({"_id": ids[1]}, _document(_id=ids[1], customerName="Replaced"))
    customers.delete_one({"_id": ids[2]})
    assert differences(store) == {}


def test_odd_ids_and_values_of_another_application_are_held_too(store):
    customers = store.connection.database["customers"]
    assert names(store) == []
    odd = [_document(_id=id) for id in ("text", 7, "0123456789abcdef01234567", datetime(2026, 1, 1, tzinfo=UTC))]
    odd += [_document(tags="one", customerName=["x", {"y": 1}], purchaseAmount=1e300, version="7")]
    customers.insert_many(odd, bypass_document_validation=True)
    assert differences(store) == {}
    assert sorted(id for (id,) in store.mirror.rows("SELECT odd_id FROM customers") if id) == sorted(
        str(document["_id"]) for document in odd[:4]
    )


def test_a_document_whose_id_is_one_itself_is_followed(store):
    customers = store.connection.database["customers"]
    assert names(store) == []
    tables = store.mirror.up_to_date()
    customers.insert_one(_document(_id={"shop": 1, "number": 5}))
    assert names(store) == ["X"]
    customers.update_one({}, {"$set": {"customerName": "Y"}})
    assert names(store) == ["Y"]
    customers.update_one({}, [{"$set": {"tags": ["a"]}}])
    assert differences(store) == {}
    customers.delete_one({})
    assert names(store) == []
    assert store.mirror.up_to_date() is tables


def test_inserted_updated_and_removed_in_one_go_is_not_there(store):
    assert names(store) == []
    customers = store.connection.database["customers"]
    documents = [_document() for _ in range(3)]

    def work():
        customers.insert_many(documents)
        customers.update_many({}, {"$set": {"customerName": "Changed"}})
        customers.delete_one({"_id": documents[0]["_id"]})

    store.transact(work)
    assert names(store) == ["Changed", "Changed"]
    assert differences(store) == {}


def test_a_transaction_that_fails_leaves_nothing_and_keeps_nobody_waiting(store):
    assert names(store) == []

    def work():
        store.connection.database["customers"].insert_one(_document())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.transact(work)
    begun = time.monotonic()
    assert names(store) == []
    assert time.monotonic() - begun < 5


def test_a_stream_that_was_cut_goes_on(store, add):
    add("C-1")
    assert names(store) == ["Ada"]
    assert cut_streams(store.connection)
    add("C-2", customer_name="Bob")
    assert names(store) == ["Ada", "Bob"]
    assert differences(store) == {}


def test_after_a_collection_was_dropped_all_is_read_anew(new_database):
    store = Store(new_database())
    customers = store.connection.database["customers"]
    customers.insert_one(_document(customerName="Ada"))
    assert names(store) == ["Ada"]
    customers.drop()
    assert names(store) == []
    customers.insert_one(_document())
    assert names(store) == ["X"]


def test_what_is_written_right_after_it_was_loaded_is_in_the_next_answer(new_database):
    for _ in range(5):
        store = Store(new_database())
        assert names(store) == []
        store.connection.database["customers"].insert_one(_document(customerName="Ada"))
        assert names(store) == ["Ada"]


def test_without_a_database_the_question_is_refused_soon():
    connection = connect(Settings(mongodb_uri="mongodb://127.0.0.1:9/?replicaSet=none"))
    with pytest.raises(DatabaseUnavailable):
        Store(connection).mirror.rows("SELECT 1")
    connection.close()


def test_a_closed_mirror_refuses(new_database):
    connection: Connection = new_database()
    store = Store(connection)
    assert store.mirror.rows("SELECT 1") == [(1,)]
    store.mirror.close()
    with pytest.raises(DatabaseUnavailable):
        store.mirror.rows("SELECT 1")


def test_in_memory_every_write_is_seen_at_once(mock_store, manager):
    draft = parse(CustomerDraft, {"customer_id": "C-1", "customer_name": "Ada", "contact_info": "ada@shop.com"})
    ada = mock_store.customers.insert(draft, now())
    assert names(mock_store) == ["Ada"]
    update_customer(mock_store, manager, ada.id, CustomerPatch(customer_name="Bob"), version=1)
    assert names(mock_store) == ["Bob"]
    delete_customer(mock_store, manager, ada.id)
    assert names(mock_store) == []


def test_check_names_what_the_mirror_has_otherwise_and_has_it_loaded_anew(store, admin):
    drafts = [CustomerDraft(customer_id=id, customer_name="Ada", contact_info="ada@shop.com") for id in ("C-1", "C-2")]
    ada, bea = [create_customer(store, admin, draft) for draft in drafts]
    assert check_database(store, admin).is_clean
    wrong = {"key": [key_of(ada.id)], "customer_name": ["Somebody else"]}
    store.mirror._mirror.apply({"customers": Batch(parts=[wrong], gone=[key_of(bea.id)])})
    assert [finding.sentence for finding in check_database(store, admin).findings] == [
        f"The mirror has another document {ada.id} of customers than the database.",
        f"The mirror has another document {bea.id} of customers than the database.",
        "The mirror has 1 fewer documents of customers than the database.",
    ]
    assert_loaded_anew(store, wrong=["Somebody else"])


def assert_loaded_anew(store, *, wrong):
    deadline = time.monotonic() + 10
    while names(store) == wrong and time.monotonic() < deadline:
        time.sleep(0.05)
    assert names(store) == ["Ada", "Ada"]
    assert differences(store) == {}


def test_check_compares_what_the_same_person_would_have_in_common(store, admin):
    draft = CustomerDraft(customer_id="C-1", customer_name="Ada", contact_info="ada@shop.com")
    ada = create_customer(store, admin, draft)
    assert check_database(store, admin).is_clean
    store.mirror.up_to_date().apply({"customer_keys": Batch(gone=[key_of(ada.id)])})
    assert [finding.sentence for finding in check_database(store, admin).findings] == [
        f"The mirror has another document {ada.id} of customers than the database."
    ]


def test_check_is_not_misled_by_what_is_sold_meanwhile(store, admin, add, monkeypatch):
    ada = add("C-1")
    count = Collection.count_documents

    def count_while_people_sell(collection, filter, *args, **options):
        if collection.name == "sales" and not filter:
            record_sale(store, admin, ada.id, PurchaseDraft(amount=1))
        return count(collection, filter, *args, **options)

    monkeypatch.setattr(Collection, "count_documents", count_while_people_sell)
    assert store.mirror_checks.surplus() == {}


def test_what_check_finds_in_one_process_has_every_other_one_load_anew(store, settings, add):
    ada, _ = add("C-1"), add("C-2")
    with closing(connect(settings.model_copy(update={"database": store.name}))) as connection:
        other = Store(connection)
        assert names(other) == ["Ada", "Ada"]
        other.mirror.reload_if_asked()
        tables = other.mirror.up_to_date()
        tables.apply({"customers": Batch(parts=[{"key": [key_of(ada.id)], "customer_name": ["Somebody else"]}])})
        assert names(other) == ["Ada", "Somebody else"]
        store.mirror_checks.reload()
        other.mirror.reload_if_asked()
        assert_loaded_anew(other, wrong=["Ada", "Somebody else"])


def test_purchases_without_a_readable_date_are_the_oldest_on_every_page(store, add, admin, enter):
    ada = add("C-1")
    for day in range(1, 7):
        enter(ada, f"{day}.00", datetime(2026, 1, day, tzinfo=UTC))
    sales = store.connection.database["sales"]
    sales.update_many({"amount": {"$lte": 2}}, {"$set": {"soldAt": "some day"}}, bypass_document_validation=True)
    pages = [list_entries(store, admin, LedgerQuery(), page=page, limit=2).items for page in (1, 2, 3)]
    assert [int(each.amount) for page in pages for each in page] == [6, 5, 4, 3, 2, 1]


def test_what_is_loaded_is_with_the_majority_and_of_no_moment_before_it_follows(store, settings):
    concerns = {}

    class Listener(CommandListener):
        def started(self, event):
            if event.command_name == "find" and "afterClusterTime" in event.command.get("readConcern", {}):
                concerns[event.command["find"]] = event.command["readConcern"]

        def succeeded(self, event):
            pass

        def failed(self, event):
            pass

    commits = Commits(settings.database)
    client = MongoClient(settings.mongodb_uri, tz_aware=True, event_listeners=[commits, Listener()])
    with closing(Connection(client, client[settings.database], commits=commits)) as connection:
        mirror = mirror_of(connection)
        before = position_of(client.admin.command("ping")["operationTime"])
        mirror.catch_up()
    assert set(concerns) == set(MIRRORED)
    assert {each["level"] for each in concerns.values()} == {"majority"}
    assert all(position_of(each["afterClusterTime"]) >= before for each in concerns.values())


def test_only_what_counts_in_a_month_that_has_ended_changes_what_was_said_of_it(store, add, manager):
    ada, ended = add("C-1"), now() - timedelta(days=40)

    def said_anew(do):
        before = store.mirror.version_before(ended)
        done = do()
        return store.mirror.version_before(ended) > before, done

    def sell(days):
        draft = PurchaseDraft(amount=Decimal("9.50"), sold_at=now() - timedelta(days=days, seconds=1))
        return record_sale(store, manager, ada.id, draft).entry

    is_anew, recent = said_anew(lambda: sell(0))
    assert not is_anew
    is_anew, old = said_anew(lambda: sell(50))
    assert is_anew
    assert not said_anew(lambda: refund_sale(store, manager, recent.sale_id, RefundDraft(amount=Decimal("1.00"))))[0]
    assert said_anew(lambda: refund_sale(store, manager, old.sale_id, RefundDraft(amount=Decimal("1.00"))))[0]
    assert said_anew(lambda: delete_customer(store, manager, ada.id))[0]


def test_without_a_folder_nothing_is_put_beside_the_program():
    assert Mirror().rows("SELECT current_setting('temp_directory')") == [("",)]
