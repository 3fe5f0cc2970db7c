"""A collection that another application made is taken over without losing or changing what it means."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from bson import Decimal128, Int64, ObjectId

from kinso.database import adoption, search
from kinso.database.preparation import prepare
from kinso.database.schema import UNIQUE_ID
from kinso.models.customers import CustomerQuery
from kinso.repository.store import Store

BORN = datetime(2023, 3, 4, 5, 6, 7, tzinfo=UTC)
LATER = datetime(2023, 9, 10, tzinfo=UTC)


def original(customer_id: str, **fields: object) -> dict[str, object]:
    """A document as the original application stores it."""
    return {
        "_id": ObjectId(),
        "customerId": customer_id,
        "customerName": "Åsa Ek",
        "contactInfo": "+46 70 123 45 67",
        "purchaseAmount": 99,
        "membershipStatus": True,
        "createdAt": BORN,
        "updatedAt": LATER,
        "__v": 0,
        **fields,
    }


def adopted(new_database, *documents: dict[str, object]):
    connection = new_database()
    customers = connection.database["customers"]
    customers.create_index("customerId", unique=True, partialFilterExpression={"customerId": {"$exists": True}})
    customers.insert_many(documents)
    return customers, prepare(connection)


def test_everything_stored_stays_as_it_is(new_database):
    document = original("A-1")
    customers, adoption = adopted(new_database, document)
    found = customers.find_one()
    assert adoption.adopted == 1
    assert {name: found[name] for name in document} == document
    assert found["search"] == search.helper_fields(document, "SE")


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (99, 99),
        (Int64(5_000_000_000), Int64(5_000_000_000)),
        (19.99, 19.99),
        (10.005, 10.01),
        (1.0049999, 1.0),
        (0.1 + 0.2, 0.3),
        (Decimal128("12.345"), 12.35),
        ("17.50", 17.5),
        (None, 0.0),
        (float("nan"), 0.0),
        ("a lot", 0.0),
        (True, 0.0),
        (1e26, 0.0),
    ],
    ids=str,
)
def test_amounts_become_numbers_of_whole_cents(new_database, stored, kept):
    customers, adoption = adopted(new_database, original("A-1", purchaseAmount=stored))
    amount = customers.find_one()["purchaseAmount"]
    assert (amount, type(amount)) == (kept, type(kept))
    unreadable = isinstance(stored, bool) or stored in ("a lot", 1e26) or stored != stored
    assert adoption.unreadable_amounts == (["A-1"] if unreadable else [])


def test_missing_fields_are_filled_in(new_database):
    id = ObjectId.from_datetime(BORN)
    customers, adoption = adopted(new_database, {"_id": id, "customerId": "A-1", "customerName": "Åsa Ek"})
    assert adoption.adopted == 1
    filled = customers.find_one()
    assert (filled["contactInfo"], filled["purchaseAmount"], filled["membershipStatus"]) == ("", 0.0, False)
    assert filled["createdAt"] == filled["updatedAt"] == BORN
    assert "version" not in filled


def test_a_missing_last_change_is_the_creation(new_database):
    document = original("A-1")
    del document["updatedAt"]
    customers, _ = adopted(new_database, document)
    assert customers.find_one()["updatedAt"] == BORN


@pytest.mark.parametrize("foreign", ["text", None, {"id": 5}, ["id"], {"id": "a-1", "name": "åsa"}], ids=str)
def test_a_foreign_search_field_is_replaced(new_database, foreign):
    document = original("A-1", search=foreign)
    customers, adoption = adopted(new_database, document)
    assert adoption.adopted == 1
    assert customers.find_one()["search"] == search.helper_fields(document, "SE")


def test_case_duplicates_keep_their_ids_and_are_named(new_database):
    first, second, third, other = (original(text) for text in ("abc1", "ABC1", "Abc1 ", "abc2"))
    customers, adoption = adopted(new_database, third, other, first, second)
    assert adoption.case_duplicates == [("abc1", "ABC1", "Abc1 ")]
    keys = {found["customerId"]: found["search"]["id"] for found in customers.find()}
    assert keys == {
        "abc1": "abc1",
        "ABC1": f"abc1\0{second['_id']}",
        "Abc1 ": f"abc1\0{third['_id']}",
        "abc2": "abc2",
    }
    assert {found["customerId"] for found in customers.find({"search.twin": "abc1"})} == {"ABC1", "Abc1 "}


def test_a_second_time_there_is_nothing_to_adopt(new_database):
    customers, _ = adopted(new_database, original("abc1"), original("ABC1"), {"customerId": "only"})
    before = list(customers.find())
    again = prepare(new_database(customers.database.name))
    assert (again.adopted, again.case_duplicates) == (0, [])
    assert list(customers.find()) == before


def test_what_was_stored_past_kinso_is_adopted_at_the_next_start(new_database):
    connection = new_database()
    prepare(connection)
    customers = connection.database["customers"]
    customers.insert_one(original("abc1"), bypass_document_validation=True)
    assert prepare(connection).adopted == 1
    customers.insert_one(original("ABC1"), bypass_document_validation=True)
    adoption = prepare(connection)
    assert adoption.adopted == 1
    assert adoption.case_duplicates == [("abc1", "ABC1")]
    assert customers.count_documents({"search.id": {"$type": "string"}}) == 2


@pytest.mark.slow
def test_two_processes_adopt_the_same_collection_at_once(new_database):
    connection = new_database()
    documents = [original(f"C-{number}") for number in range(2500)] + [original("c-7"), original("c-8")]
    connection.database["customers"].insert_many(documents)
    others = [new_database(connection.database.name) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        adoptions = list(pool.map(prepare, others))
    assert sum(adoption.adopted for adoption in adoptions) == len(documents)
    keys = [found["search"]["id"] for found in connection.database["customers"].find()]
    assert len(set(keys)) == len(documents)
    assert connection.database["customers"].count_documents({"search.id": "c-7"}) == 1
    assert connection.database["memberships"].count_documents({"open": True}) == len(documents)


def memberships_of(database):
    by_id = {str(found["_id"]): found["customerId"] for found in database["customers"].find()}
    found = database["memberships"].find()
    return sorted((by_id[each["customer"]], each["from"], each["to"], each["begun"]["basis"]) for each in found)


def test_adopted_members_are_members_since_they_were_registered(new_database):
    customers, _ = adopted(
        new_database,
        original("A-1", purchaseAmount="17.505"),
        original("B-1", membershipStatus=False),
        original("C-1", createdAt=None, _id=ObjectId.from_datetime(LATER)),
    )
    assert memberships_of(customers.database) == [("A-1", BORN, None, "adopted"), ("C-1", LATER, None, "adopted")]
    begun = customers.database["memberships"].find_one({"from": BORN})["begun"]
    assert (begun["amount"], begun["byName"]) == (17.51, "An earlier application")


def test_a_membership_that_an_interrupted_adoption_recorded_is_not_recorded_again(new_database):
    still, ended = original("A-1"), original("B-1")
    customers, _ = adopted(new_database, still, ended)
    customers.drop_index(UNIQUE_ID)
    customers.update_many({}, {"$unset": {"search": ""}}, bypass_document_validation=True)
    customers.update_one({"_id": ended["_id"]}, {"$set": {"membershipStatus": False}})
    assert prepare(new_database(customers.database.name)).adopted == 2
    assert memberships_of(customers.database) == [("A-1", BORN, None, "adopted")]


def test_an_interrupted_adoption_is_finished_by_the_next_start(new_database):
    customers, _ = adopted(new_database, original("abc1"))
    customers.drop_index(UNIQUE_ID)
    customers.insert_many([original("ABC1"), original("B-2")], bypass_document_validation=True)
    adoption = prepare(new_database(customers.database.name))
    assert adoption.adopted == 2
    assert adoption.case_duplicates == [("abc1", "ABC1")]


def test_a_purchase_during_the_adoption_is_not_taken_for_what_was_there_before(new_database, monkeypatch):
    connection = new_database()
    prepare(connection)
    database, document = connection.database, original("A-1", purchaseAmount=100)
    database["customers"].insert_one(document, bypass_document_validation=True)

    prepare_batch = adoption._prepare

    def buy_first(*arguments):
        record = {"saleId": "S-1", "customer": str(document["_id"]), "kind": "sale", "amount": 10.0, "void": False}
        database["sales"].insert_one({**record, "soldAt": LATER, "countsAt": LATER})
        database["customers"].update_one({"_id": document["_id"]}, {"$inc": {"purchaseAmount": 10}})
        monkeypatch.undo()
        return prepare_batch(*arguments)

    monkeypatch.setattr(adoption, "_prepare", buy_first)
    prepare(connection)
    assert sum(entry["amount"] for entry in database["sales"].find()) == 110


def test_adopted_customers_are_found_and_edited_like_others(new_database):
    customers, _ = adopted(new_database, original("abc1"), original("ABC1", purchaseAmount=12.345))
    repository = Store(new_database(customers.database.name)).customers
    found = repository.find(CustomerQuery(search="asa ek", sort_by="customerId", sort_order="asc"), page=1, limit=10)
    assert [customer.customer_id for customer in found] == ["abc1", "ABC1"]
    assert [customer.version for customer in found] == [0, 0]
    edited = repository.update(found[1], {"customerName": "Ida Ek"}, LATER)
    assert edited.version == 1
    assert repository.get(edited.id).customer_name == "Ida Ek"
