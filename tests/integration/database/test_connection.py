"""Transactions that calls join by themselves, and a server that does not answer."""

import threading
from datetime import UTC, datetime

import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure

from kinso.config import Settings
from kinso.database.connection import Connection, connect, translated_errors
from kinso.errors import DatabaseUnavailable


def add(connection: Connection, name: str) -> None:
    connection.database["settings"].insert_one({"name": name})


def names(connection: Connection) -> set[str]:
    return {found["name"] for found in connection.database["settings"].find()}


def test_a_transaction_returns_what_its_work_returns_and_keeps_its_writes(connection):
    def work() -> str:
        add(connection, "one")
        add(connection, "two")
        return "done"

    assert connection.transact(work) == "done"
    assert names(connection) == {"one", "two"}


def test_a_failed_transaction_leaves_nothing_behind(connection):
    def work() -> None:
        add(connection, "half")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        connection.transact(work)
    assert names(connection) == set()


def test_a_nested_transaction_is_undone_with_the_one_that_it_joined(connection):
    def work() -> None:
        connection.transact(lambda: add(connection, "inner"))
        assert names(connection) == {"inner"}
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        connection.transact(work)
    assert names(connection) == set()


def test_after_a_transaction_calls_stand_on_their_own_again(connection):
    with pytest.raises(ZeroDivisionError):
        connection.transact(lambda: 1 / 0)
    add(connection, "alone")
    assert names(connection) == {"alone"}


def test_another_thread_does_not_join_and_sees_nothing_before_the_end(connection):
    seen: list[set[str]] = []

    def work() -> None:
        add(connection, "hidden")
        other = threading.Thread(target=lambda: seen.append(names(connection)))
        other.start()
        other.join()

    connection.transact(work)
    assert seen == [set()]
    assert names(connection) == {"hidden"}


def test_transactions_that_collide_are_repeated_until_none_is_lost(connection):
    counters = connection.database["settings"]
    counters.insert_one({"_id": "counter", "value": 0})

    def count_up() -> None:
        value = counters.find_one({"_id": "counter"})["value"]
        counters.update_one({"_id": "counter"}, {"$set": {"value": value + 1}})

    def count() -> None:
        for _ in range(20):
            connection.transact(count_up)

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.find_one({"_id": "counter"})["value"] == 60


def test_a_duplicate_in_a_transaction_is_still_a_duplicate(connection):
    def work() -> None:
        connection.database["settings"].insert_one({"_id": 1})
        connection.database["settings"].insert_one({"_id": 1})

    with pytest.raises(DuplicateKeyError):
        connection.transact(work)
    assert connection.database["settings"].count_documents({}) == 0


def test_a_refused_document_is_not_taken_for_an_outage(connection):
    with pytest.raises(OperationFailure), translated_errors():
        connection.database["customers"].insert_one({"customerId": 5})


@pytest.mark.parametrize("option", ["w=majority", "w=0", "readPreference=secondaryPreferred", "readConcernLevel=local"])
def test_options_in_the_address_do_not_hinder_transactions(mongodb_uri, connection, option):
    other = connect(Settings(mongodb_uri=f"{mongodb_uri}&{option}", database=connection.database.name))
    try:
        other.transact(lambda: add(other, "written"))
        assert other.transact(lambda: names(other)) == {"written"}
    finally:
        other.close()


def test_writes_are_acknowledged_by_the_majority(connection):
    default = connection.client.admin.command("getDefaultRWConcern")["defaultWriteConcern"]
    assert default["w"] == "majority"


def test_times_come_back_with_their_zone(connection):
    moment = datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC)
    connection.database["settings"].insert_one({"name": "when", "at": moment})
    assert connection.database["settings"].find_one({"name": "when"})["at"] == moment


def test_a_server_that_does_not_answer_is_said_so():
    connection = connect(Settings(mongodb_uri="mongodb://127.0.0.1:9/?directConnection=true"))
    try:
        with pytest.raises(DatabaseUnavailable):
            connection.ping()
        with pytest.raises(DatabaseUnavailable):
            connection.transact(lambda: add(connection, "lost"))
    finally:
        connection.close()


def test_a_closed_connection_is_an_outage_too(connection):
    connection.close()
    with pytest.raises(DatabaseUnavailable):
        connection.ping()
    with pytest.raises(DatabaseUnavailable):
        connection.transact(lambda: add(connection, "late"))
