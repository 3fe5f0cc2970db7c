"""What an earlier Kinso stored is brought up to date once, by one process, whatever happens to it meanwhile."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from kinso.database import migrations
from kinso.database.backup_file import BackupReader
from kinso.database.backups import restore_backup, write_backup
from kinso.database.connection import Connection
from kinso.database.migrations import LOCK, NEWEST, STATE, Migration, migrate, version_of
from kinso.database.preparation import prepare
from kinso.errors import StartupError
from kinso.repository.store import Store
from kinso.services.shop.checks import check_database

ROOT = Path(__file__).parents[3]
SOLD = datetime(2024, 5, 17, 12, tzinfo=UTC)
LATER = SOLD + timedelta(days=40)
FIRST, SECOND, GONE = ObjectId(), ObjectId(), ObjectId()


def customer(id, customer_id, key):
    return {
        "_id": id,
        "customerId": customer_id,
        "customerName": "Sadia",
        "contactInfo": "s@shop.com",
        "purchaseAmount": 80.0,
        "membershipStatus": False,
        "membershipHeld": False,
        "createdAt": SOLD,
        "updatedAt": SOLD,
        "search": {"id": key, "name": "sadia", "contact": "s@shop.com", "text": "sadia", "keys": ["s@shop.com"]},
    }


def entry(sale_id, kind, at, amount, **fields):
    return {
        "_id": ObjectId(),
        "saleId": sale_id,
        "customer": str(FIRST),
        "kind": kind,
        "amount": amount,
        "soldAt": at,
        "void": False,
        **fields,
    }


@pytest.fixture
def earlier(new_database):
    """A database as a Kinso without migrations left it, before it knew most of what is stored today."""
    connection = new_database()
    database = connection.database
    database["customers"].insert_many(
        [customer(FIRST, "C\u20111", "c\u20111"), customer(SECOND, "c\u20111 ", f"c\u20111\0{SECOND}")]
    )
    database["customers"].create_index("search.id", unique=True, name="kinso_unique_id")
    database["trash"].insert_one({"_id": GONE, "customer": customer(GONE, "C-3", "c-3"), "deletedAt": LATER})
    database["sales"].insert_many(
        [entry("S-1", "sale", SOLD, 50.0), entry("R-1", "refund", LATER, -10.0, refundOf="S-1")]
    )
    database["sales"].create_index([(key, 1) for key in ("void", "kind", "soldAt", "customer", "amount")])
    database["changes"].insert_one({"customer": str(FIRST), "idKey": "c\u20111", "kind": "create", "at": SOLD})
    database["changes"].create_index([("customer", 1), ("at", 1), ("_id", 1)])
    database["users"].create_index("email", unique=True)
    return connection


def test_a_database_of_an_earlier_kinso_is_brought_up_to_date(earlier):
    prepare(earlier)
    database = earlier.database
    assert version_of(database) == NEWEST
    counted = {each["saleId"]: each["countsAt"] for each in database["sales"].find({"kind": {"$ne": "opening"}})}
    assert counted == {"S-1": SOLD, "R-1": SOLD}
    first, second = (database["customers"].find_one(id)["search"] for id in (FIRST, SECOND))
    assert (first["id"], "twin" in first) == ("c-1", False)
    assert (second["id"], second["twin"]) == (f"c-1\0{SECOND}", "c-1")
    openings = {each["customer"]: each["amount"] for each in database["sales"].find({"kind": "opening"})}
    assert openings == {str(FIRST): 40.0, str(SECOND): 80.0, str(GONE): 80.0}
    assert database["changes"].find_one()["idKey"] == "c-1"
    assert "email_1" not in database["users"].index_information()
    assert "void_1_kind_1_soldAt_1_customer_1_amount_1" not in database["sales"].index_information()
    assert "customer_1_at_1__id_1" not in database["changes"].index_information()
    assert database["settings"].find_one({"_id": "checks"})["sealedSince"] > LATER


def test_customers_tell_from_then_on_who_registered_them_and_from_where(earlier):
    run = ObjectId()
    ada = {"byId": "1", "byName": "Ada", "source": "app"}
    database = earlier.database
    database["runs"].insert_one({"_id": run, "kind": "import"})
    database["changes"].update_one({}, {"$set": ada})
    record = {"customer": str(SECOND), "idKey": "c", "kind": "create", "at": SOLD, "run": str(run)}
    database["changes"].insert_one(record | ada)
    prepare(earlier)
    told = [database["customers"].find_one(id)["registration"] for id in (FIRST, SECOND)]
    assert told == [ada, ada | {"source": "import"}]


def test_a_second_start_changes_nothing(earlier, mongodb_uri):
    prepare(earlier)
    sent = []

    class Listener(CommandListener):
        def started(self, event):
            sent.append(event.command_name)

        def succeeded(self, event):
            pass

        def failed(self, event):
            pass

    with MongoClient(mongodb_uri, tz_aware=True, event_listeners=[Listener()]) as client:
        prepare(Connection(client, client[earlier.database.name]))
    assert set(sent) <= {"hello", "find", "getMore", "aggregate", "listCollections", "listIndexes", "endSessions"}


def test_what_an_earlier_kinso_noted_as_done_is_not_done_again(earlier):
    earlier.database["settings"].insert_one({"_id": "ledger", "openedAt": SOLD})
    prepare(earlier)
    assert earlier.database["sales"].count_documents({"kind": "opening"}) == 0


def counting(done, *, hold=None):
    def work(number):
        def run(connection):
            done.append(number)
            if hold:
                hold.wait(60)

        return run

    return [Migration(number, f"step {number}", work(number)) for number in (1, 2, 3)]


def test_processes_that_start_at_once_run_each_migration_once(new_database):
    connections = [new_database()]
    connections += [new_database(connections[0].database.name) for _ in range(3)]
    done = []
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda connection: migrate(connection, counting(done)), connections))
    assert done == [1, 2, 3]
    assert version_of(connections[0].database) == 3
    assert connections[0].database[LOCK].find_one() is None


def test_who_waits_too_long_is_told_who_is_at_work(new_database, monkeypatch):
    monkeypatch.setattr(migrations, "_PATIENCE", 0.3)
    connection, hold, done = new_database(), threading.Event(), []
    other = threading.Thread(target=migrate, args=(new_database(connection.database.name), counting(done, hold=hold)))
    other.start()
    try:
        while not done:
            hold.wait(0.01)
        with pytest.raises(StartupError, match=rf"\(process {os.getpid()} on .*\) is still bringing the database"):
            migrate(connection, counting(done))
    finally:
        hold.set()
        other.join()
    assert done == [1, 2, 3]


@pytest.mark.parametrize("silent_for", [31, 0])
def test_a_process_of_another_machine_that_gives_no_sign_is_taken_over(new_database, monkeypatch, silent_for):
    monkeypatch.setattr(migrations, "_PATIENCE", 0.3)
    connection, done = new_database(), []
    since = datetime.now(UTC) - timedelta(seconds=silent_for)
    holder = {"by": "elsewhere 7 x", "number": 7, "host": "elsewhere", "since": since, "at": since}
    connection.database[LOCK].insert_one({"_id": STATE, "token": "theirs", **holder})
    if silent_for:
        migrate(connection, counting(done))
        assert done == [1, 2, 3]
    else:
        with pytest.raises(StartupError, match="process 7 on elsewhere"):
            migrate(connection, counting(done))


KILLED = """
import sys, time
from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.migrations import Migration
from kinso.database.migrations import migrate

def first(connection):
    connection.database["done"].insert_one({"number": 1})

def second(connection):
    connection.database["done"].insert_one({"number": "half of 2"})
    print("half", flush=True)
    time.sleep(600)

connection = connect(Settings(mongodb_uri=sys.argv[1], database=sys.argv[2]))
migrate(connection, [Migration(1, "first", first), Migration(2, "second", second)])
"""


def test_a_process_that_is_killed_in_the_middle_is_taken_over_at_once(new_database, mongodb_uri):
    connection, done = new_database(), []
    command = [sys.executable, "-c", KILLED, mongodb_uri, connection.database.name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()
    assert version_of(connection.database) == 1
    migrate(connection, counting(done)[:2])
    assert (done, version_of(connection.database)) == ([2], 2)


def test_a_database_of_a_newer_kinso_is_refused_before_anything_is_changed(new_database, mongodb_uri):
    connection = new_database()
    state = {"_id": STATE, "version": NEWEST + 1, "kinso": "9.9"}
    connection.database["settings"].insert_one(state)
    with pytest.raises(StartupError, match=rf"version {NEWEST + 1}, which a newer Kinso \(9.9\) gave them"):
        prepare(connection)
    assert connection.database.list_collection_names() == ["settings"]
    settings = {"KINSO_MONGODB_URI": mongodb_uri, "KINSO_DATABASE": connection.database.name}
    done = subprocess.run(
        [sys.executable, "-m", "kinso", "check"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "start the newer Kinso" in done.stderr


def test_a_backup_carries_its_version(earlier, new_database, admin):
    prepare(earlier)
    earlier.database["settings"].update_one({"_id": STATE}, {"$set": {"version": 2}})
    file, restored = BytesIO(), new_database()
    write_backup(earlier, file, lambda done, total: None)
    restore_backup(restored, BackupReader(file), lambda done, total: None)
    assert version_of(restored.database) == NEWEST
    assert check_database(Store(restored), admin).findings == check_database(Store(earlier), admin).findings


def test_a_backup_of_a_newer_kinso_is_not_restored(earlier, new_database):
    prepare(earlier)
    earlier.database["settings"].update_one({"_id": STATE}, {"$set": {"version": NEWEST + 1}})
    file, restored = BytesIO(), new_database()
    write_backup(earlier, file, lambda done, total: None)
    with pytest.raises(StartupError, match="start the newer Kinso"):
        restore_backup(restored, BackupReader(file), lambda done, total: None)
    assert restored.database["customers"].find_one() is None


def test_a_database_in_memory_has_the_newest_version(mock_store):
    assert version_of(mock_store.connection.database) == NEWEST
