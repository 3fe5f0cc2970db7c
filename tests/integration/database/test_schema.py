"""The start-up step gives every database the same shape, whatever it finds."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from pymongo.errors import DuplicateKeyError, WriteError

from kinso.config import Settings
from kinso.database import search
from kinso.database.connection import connect
from kinso.database.embedded.binary import find_binary
from kinso.database.embedded.folder import uri_of
from kinso.database.preparation import prepare
from kinso.database.schema import INDEXES
from kinso.errors import StartupError
from kinso.models.customers import CustomerQuery
from kinso.repository.store import Store
from tests.support.processes import until

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)


def customer(customer_id: str = "C-1", **fields: object) -> dict[str, object]:
    document = {
        "customerId": customer_id,
        "customerName": f"Name of {customer_id}",
        "contactInfo": "someone@shop.com",
        "purchaseAmount": 12.5,
        "membershipStatus": False,
        "createdAt": NOW,
        "updatedAt": NOW,
        **fields,
    }
    return {**document, "search": search.helper_fields(document, "")}


def shape(database) -> dict[str, object]:
    return {
        found["name"]: (found["options"], sorted(database[found["name"]].index_information()))
        for found in database.list_collections()
        if found["name"] in INDEXES
    }


def test_a_second_preparation_finds_nothing_to_do(new_database):
    connection = new_database()
    prepare(connection)
    first = shape(connection.database)
    assert set(first) == set(INDEXES)
    assert prepare(connection).adopted == 0
    assert shape(connection.database) == first


def test_processes_that_prepare_at_once_do_not_disturb_each_other(new_database):
    connection = new_database()
    others = [new_database(connection.database.name) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, others))
    assert set(shape(connection.database)) == set(INDEXES)


@pytest.mark.parametrize(
    "fields",
    [
        {"purchaseAmount": "12.50"},
        {"purchaseAmount": -0.01},
        {"membershipStatus": "true"},
        {"customerName": None},
        {"customerId": 17},
        {"createdAt": "2024-01-01"},
        {"search": "text"},
        {"version": "2"},
    ],
    ids=str,
)
def test_a_customer_with_a_field_of_another_type_is_refused(connection, fields):
    with pytest.raises(WriteError, match="Document failed validation"):
        connection.database["customers"].insert_one({**customer(), **fields})


@pytest.mark.parametrize("field", sorted(customer()))
def test_a_customer_without_a_field_is_refused(connection, field):
    document = customer()
    del document[field]
    with pytest.raises(WriteError, match="Document failed validation"):
        connection.database["customers"].insert_one(document)


def test_a_customer_may_have_further_fields(connection):
    connection.database["customers"].insert_one(customer(__v=0, nickname="Bo", version=3, purchaseAmount=7))
    assert connection.database["customers"].count_documents({"nickname": "Bo"}) == 1


def test_ids_that_differ_in_letter_case_only_are_the_same_id(connection):
    connection.database["customers"].insert_one(customer("abc-1"))
    with pytest.raises(DuplicateKeyError):
        connection.database["customers"].insert_one(customer("ABC-1"))


def test_a_user_needs_a_known_role(connection):
    user = {"email": "a@b.c", "name": "Al", "role": "owner", "active": True, "passwordHash": "x", "createdAt": NOW}
    with pytest.raises(WriteError, match="Document failed validation"):
        connection.database["users"].insert_one(user)
    connection.database["users"].insert_one({**user, "role": "admin"})
    with pytest.raises(DuplicateKeyError):
        connection.database["users"].insert_one({**user, "role": "staff", "_id": 2})


@pytest.mark.parametrize("name", ["sessions", "attempts"])
def test_what_expires_is_removed_by_the_server(connection, name):
    indexes = connection.database[name].index_information()
    assert indexes["expiresAt_1"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize("sort_order", ["asc", "desc"])
@pytest.mark.parametrize("sort_by", ["customerId", "customerName", "createdAt"])
def test_the_first_page_of_a_plain_list_is_read_from_an_index(connection, sort_by, sort_order):
    database = connection.database
    database["customers"].insert_many([customer(f"C-{number}") for number in range(30)])
    database.command("profile", 2, filter={"op": "query", "ns": f"{database.name}.customers"})
    try:
        query = CustomerQuery(sort_by=sort_by, sort_order=sort_order)
        found = Store(connection).customers.find(query, page=1, limit=10)
    finally:
        database.command("profile", 0)
    profile = list(database["system.profile"].find())
    database["system.profile"].drop()
    assert len(found) == 10
    assert [("IXSCAN" in entry["planSummary"], entry.get("hasSortStage", False)) for entry in profile] == [
        (True, False)
    ]


def test_a_collection_without_validator_gets_one(new_database):
    connection = new_database()
    connection.database["customers"].insert_one(customer())
    prepare(connection)
    with pytest.raises(WriteError, match="Document failed validation"):
        connection.database["customers"].insert_one(customer("C-2", purchaseAmount="12"))


def test_an_equal_index_of_another_name_is_used(new_database):
    connection = new_database()
    connection.database["api_tokens"].create_index("hash", unique=True, name="mine")
    prepare(connection)
    names = connection.database["api_tokens"].index_information()
    assert "mine" in names
    assert "hash_1" not in names


def test_an_index_in_the_way_is_named(new_database):
    connection = new_database()
    connection.database["api_tokens"].create_index("hash")
    with pytest.raises(StartupError) as raised:
        prepare(connection)
    assert "collection api_tokens" in raised.value.message
    assert "hash_1" in raised.value.message
    assert "KINSO_DATABASE" in raised.value.message


def test_documents_that_must_not_be_alike_are_named(new_database):
    connection = new_database()
    connection.database["api_tokens"].insert_many([{"hash": "a@b.c"}, {"hash": "a@b.c"}])
    with pytest.raises(StartupError) as raised:
        prepare(connection)
    assert "a@b.c" in raised.value.message


def test_a_server_without_transactions_is_refused(data_dir):
    host = data_dir.with_name("mongod.sock")
    data_dir.mkdir()
    command = [find_binary(os.environ.get("KINSO_MONGOD")), "--dbpath", data_dir, "--bind_ip", host, "--nounixsocket"]
    standalone = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    connection = connect(Settings(mongodb_uri=uri_of(str(host))))
    try:
        until(host.exists, "the server listens")
        with pytest.raises(StartupError) as raised:
            prepare(connection)
    finally:
        connection.close()
        standalone.terminate()
        standalone.wait()
    assert "replica set" in raised.value.message
    assert "rs.initiate()" in raised.value.message


def test_a_wrong_password_is_said_so_without_showing_it(data_dir):
    host = data_dir.with_name("mongod.sock")
    data_dir.mkdir()
    command = [find_binary(os.environ.get("KINSO_MONGOD")), "--dbpath", data_dir, "--bind_ip", host, "--nounixsocket"]
    standalone = subprocess.Popen([*map(str, command), "--auth"], stdout=subprocess.DEVNULL)
    uri = uri_of(str(host)).replace("mongodb://", "mongodb://clerk:geheim@")
    connection = connect(Settings(mongodb_uri=uri))
    try:
        until(host.exists, "the server listens")
        with pytest.raises(StartupError) as raised:
            prepare(connection)
    finally:
        connection.close()
        standalone.terminate()
        standalone.wait()
    assert "refuses the user name or the password" in raised.value.message
    assert "geheim" not in raised.value.message


def test_a_database_in_memory_gets_the_indexes(mock_store):
    customers = mock_store.connection.database["customers"]
    customers.insert_one(customer("abc-1"))
    with pytest.raises(DuplicateKeyError):
        customers.insert_one(customer("ABC-1"))
    assert mock_store.transact(lambda: customers.count_documents({})) == 1


def test_what_a_run_changed_is_found_by_an_index_that_holds_no_other_changes(store):
    changes = store.connection.database["changes"]
    plan = changes.find({"run": "0" * 24}).sort("_id", 1).explain()["queryPlanner"]["winningPlan"]
    assert "kinso_changes_of_runs" in str(plan)
    assert "SORT" not in str(plan).upper().replace("SORTPATTERN", "")
