"""What another application stored can be read and edited, or is named with the way out; nothing of it is a failure."""

import logging
from datetime import UTC, datetime

import pytest
from bson import Binary, Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from kinso.config import Settings
from kinso.database.preparation import prepare
from kinso.errors import ConfigurationError
from kinso.models.accounts import COMMAND_LINE
from kinso.repository.store import Store
from kinso.services.accounts.first_admin import needs_set_up, prepare_first_admin
from kinso.services.accounts.sign_in import sign_in
from kinso.services.accounts.users import list_users
from kinso.services.application import ApplicationContext, use_application
from kinso.services.shop.checks import check_database
from tests.integration.api.conftest import tokens_of

BORN = datetime(2023, 3, 4, 5, 6, 7, tzinfo=UTC)
CUSTOMER = {"customerName": "Ann Ek", "contactInfo": "ann@shop.com", "purchaseAmount": 99, "membershipStatus": True}
PASSWORD = "long enough for a test"

ODD = {
    "a version as a text": {"version": "7"},
    "a version that is true": {"version": True},
    "a version below zero": {"version": -3},
    "a version with decimals": {"version": 7.5},
    "a version that is a list": {"version": [1]},
    "a contact in parts": {"contactInfo": {"phone": "01711-234567", "mail": ["ann@shop.com", None]}},
    "a contact that is a number": {"contactInfo": 1711234567.0},
    "a name in parts": {"customerName": {"first": "Ann", "last": "Ek"}},
    "a name that is nothing": {"customerName": None},
    "a name that is binary": {"customerName": Binary(b"\xff\x00")},
    "an amount of 1e300": {"purchaseAmount": 1e300},
    "an amount that is no number": {"purchaseAmount": float("nan")},
    "an endless amount": {"purchaseAmount": float("-inf")},
    "a negative amount": {"purchaseAmount": -5},
    "an amount in parts": {"purchaseAmount": {"$numberDecimal": "5"}},
    "a decimal of many digits": {"purchaseAmount": Decimal128("1E+30")},
    "a very long integer": {"purchaseAmount": Int64(2**62)},
    "a date as a text": {"createdAt": "2023-03-04", "updatedAt": 5},
    "a date beyond all calendars": {"createdAt": DatetimeMS(2**60), "updatedAt": DatetimeMS(-(2**60))},
    "a membership as a text": {"membershipStatus": "true", "membershipHeld": 1},
    "a search of its own": {"search": {"id": 5}},
    "an ID in parts": {"customerId": {"shop": 3, "number": 17}},
    "an ID that is a number": {"customerId": 17},
    "fields with the names of ours": {"history": "x", "seal": 5, "unreadableAmount": {"a": 1}},
}


def stored_by_another(new_database, *customers):
    """A database that has a customer with each of these fields."""
    connection = new_database()
    connection.database["customers"].insert_many(
        {"customerId": f"C-{number}", "createdAt": BORN, "updatedAt": BORN, "__v": 0, **CUSTOMER, **fields}
        for number, fields in enumerate(customers)
    )
    return connection


def work_with(api, token, listed, number):
    """Everything that people do with one customer; what each was answered with."""
    path, new_id = f"/customers/{listed['_id']}", f"NEW-{number}"
    contact = {"customerId": new_id, "contactInfo": f"{number}@shop.com", "purchaseAmount": 5}
    answers = [
        api("GET", path, token=token()),
        api("PUT", path, token=token(), json={"customerName": "Bea Ek", "version": listed["version"]}),
        api("PUT", path, token=token(), json=contact),
        api("POST", "/sales", token=token(), json={"customerId": new_id, "amount": 10}),
        api("GET", f"{path}/sales", token=token()),
        api("DELETE", path, token=token()),
    ]
    return [answer.status_code for answer in answers]


def work_with_all(api, token):
    """The answers about all customers together, and what went wrong with each."""
    together = [
        api("GET", "/customers?limit=100&sortBy=version", token=token()),
        api("GET", "/customers?limit=100&search=ann", token=token()),
        api("GET", "/customers/stats", token=token()),
        api("GET", "/customers/export", token=token()),
        api("POST", "/customers/membership/auto-activate", token=token(), json={"threshold": 10}),
    ]
    assert [answer.status_code for answer in together] == [200] * len(together), [each.text for each in together]
    listed = api("GET", "/customers?limit=100&sortBy=createdAt", token=token()).json()["data"]
    worked = {str(each): work_with(api, token, each, number) for number, each in enumerate(listed)}
    return listed, {each: codes for each, codes in worked.items() if codes != [200, 200, 200, 201, 200, 200]}


@pytest.mark.slow
def test_whatever_is_in_a_field_of_a_customer_can_be_read_and_edited(new_database, api):
    store = Store(stored_by_another(new_database, *ODD.values()))
    prepare(store.connection)
    with use_application(ApplicationContext.around(store)):
        listed, wrong = work_with_all(api, tokens_of(store))
    assert len(listed) == len(ODD)
    assert wrong == {}
    assert "RawBSON" not in str(listed)
    assert check_database(store, COMMAND_LINE).findings == []


@pytest.mark.slow
def test_what_a_hand_put_there_later_is_no_failure_either(new_database, api):
    odd = [fields for fields in ODD.values() if "search" not in fields]
    store = Store(stored_by_another(new_database, *({"customerName": "Ann Ek"} for _ in odd)))
    prepare(store.connection)
    customers = store.connection.database["customers"]
    for number, fields in enumerate(odd):
        customers.update_one({"customerId": f"C-{number}"}, {"$set": fields}, bypass_document_validation=True)
    with use_application(ApplicationContext.around(store)):
        listed, wrong = work_with_all(api, tokens_of(store))
    assert len(listed) == len(odd)
    assert not [each for each, codes in wrong.items() if max(codes) >= 500]


def test_the_parts_of_a_contact_are_a_text(new_database):
    connection = stored_by_another(new_database, {**ODD["a contact in parts"], **ODD["a name in parts"]})
    prepare(connection)
    [customer] = connection.database["customers"].find()
    assert (customer["customerName"], customer["contactInfo"]) == ("Ann, Ek", "01711-234567, ann@shop.com")


def test_what_an_unreadable_amount_was_is_told_until_somebody_types_the_right_one(new_database, api):
    store = Store(stored_by_another(new_database, {"purchaseAmount": 1e300}))
    prepare(store.connection)
    report = check_database(store, COMMAND_LINE)
    assert report.is_clean
    [sentence] = report.duplicates
    assert "Customer C-0: its purchase amount was 1e+300 when it was taken over" in sentence
    assert "type the right one" in sentence
    with use_application(ApplicationContext.around(store)):
        work_with_all(api, tokens_of(store))
    assert check_database(store, COMMAND_LINE).duplicates == []


def test_a_shop_that_an_earlier_kinso_took_over_is_mended_at_its_next_start(new_database):
    connection = stored_by_another(new_database, {})
    prepare(connection)
    database = connection.database
    database["customers"].update_one({}, {"$set": {"version": "7"}}, bypass_document_validation=True)
    database["settings"].update_one({"_id": "checks"}, {"$set": {"shape": "of an earlier edition"}})
    prepare(connection)
    assert database["customers"].find_one()["version"] == 0


ACCOUNTS = [
    {"email": "ada@shop.com", "name": "Ada", "role": "admin", "password": "$2b$10$abc", "createdAt": BORN},
    {"email": "eve@shop.com", "username": "eve", "passwordHash": "$2b$10$abc", "active": True, "role": "admin"},
    {"name": "No address"},
    {"name": "No address either", "role": 5},
    {"email": "x@shop.com", "name": "X", "role": "admin", "active": True, "passwordHash": "$2y$1", "createdAt": BORN},
]


def test_accounts_of_another_application_keep_nobody_from_signing_in(new_database, caplog):
    store = Store(new_database())
    store.connection.database["users"].insert_many(ACCOUNTS)
    prepare(store.connection)
    assert needs_set_up(store)
    settings = Settings(admin_email="ada@shop.com", admin_password=PASSWORD)
    with caplog.at_level(logging.WARNING):
        prepare_first_admin(store, settings)
    assert "5 accounts of another application" in caplog.text
    assert sign_in(store, "ada@shop.com", PASSWORD, "127.0.0.1").user.name == "Administrator"
    assert [user.email for user in list_users(store, COMMAND_LINE)] == ["ada@shop.com"]
    assert check_database(store, COMMAND_LINE).findings == []
    assert store.connection.database["users"].count_documents({}) == 6


def test_an_address_that_only_another_application_can_give_is_named_with_the_way_out(new_database):
    store = Store(new_database())
    users = store.connection.database["users"]
    users.create_index("email", unique=True)
    users.insert_one(dict(ACCOUNTS[0]))
    prepare(store.connection)
    settings = Settings(admin_email="ada@shop.com", admin_password=PASSWORD)
    with pytest.raises(ConfigurationError, match=r"belongs to an account of another application .* another address"):
        prepare_first_admin(store, settings)
    prepare_first_admin(store, Settings(admin_email="boss@shop.com", admin_password=PASSWORD))
    assert not needs_set_up(store)


def test_the_index_of_an_earlier_kinso_over_addresses_gives_way(new_database):
    connection = new_database()
    connection.database["users"].create_index("email", unique=True)
    prepare(connection)
    assert set(connection.database["users"].index_information()) == {"_id_", "kinso_unique_email"}
    assert prepare(connection).put_back == []
