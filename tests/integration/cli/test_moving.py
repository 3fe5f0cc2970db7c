"""`move-to` on the command line: from the embedded server to a MongoDB of one's own."""

import platform
import re
import uuid
from contextlib import ExitStack

import pytest

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.preparation import prepare
from kinso.database.schema import INDEXES
from kinso.errors import Conflict
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.backups import move_shop
from tests.crash.app import serving
from tests.support.at_work import at_work


@pytest.fixture
def target(mongodb_uri):
    """A database of another name on the same server stands for the one on another server."""
    settings = Settings(mongodb_uri=mongodb_uri, database=f"moved_{uuid.uuid4().hex[:12]}")
    connection = connect(settings)
    yield Store(connection), settings
    connection.client.drop_database(connection.database)
    connection.close()


@pytest.fixture
def here(settings):
    """The environment in which commands find the shop of `store`."""
    return {"KINSO_MONGODB_URI": settings.mongodb_uri, "KINSO_DATABASE": settings.database}


def documents(store):
    database = store.connection.database
    return {name: list(database[name].find().sort("_id", 1)) for name in INDEXES}


def test_a_shop_in_a_folder_moves_to_a_server_with_everything(tmp_path, target, run):
    moved, settings = target
    environment = {"KINSO_DATA_DIR": str(tmp_path), "KINSO_DATABASE": settings.database}
    assert run("seed", 50, **environment)[0] == 0

    code, out, err = run("move-to", settings.mongodb_uri, **environment)

    assert (code, err) == (0, "")
    assert out.startswith("Moved 50 customers and all that belongs to them.")
    report = check_database(moved, COMMAND_LINE)
    assert (report.customers, report.findings) == (50, [])


def test_every_document_and_index_arrives_as_it_was(store, admin, target):
    moved, settings = target
    prepare(store.connection)
    load_samples(store, admin, 30)
    told = []

    move_shop(store, admin, settings, settings.mongodb_uri, lambda done, total: told.append((done, total)))

    assert documents(moved) == documents(store)
    assert told[-1][0] == sum(map(len, documents(store).values()))
    for name in INDEXES:
        sides = (each.connection.database[name] for each in (moved, store))
        assert next(sides).index_information() == next(sides).index_information()


def test_a_database_that_is_not_empty_is_left_alone(store, admin, target, run):
    moved, settings = target
    moved.connection.database["orders"].insert_one({"total": 5})

    code, out, err = run(
        "move-to", settings.mongodb_uri, KINSO_MONGODB_URI=settings.mongodb_uri, KINSO_DATABASE=settings.database
    )

    assert (code, out) == (1, "")
    assert "is not empty" in err
    assert moved.connection.database["orders"].count_documents({}) == 1


def test_a_server_that_does_not_answer_is_named(target, run):
    _, settings = target
    code, out, err = run(
        "move-to", "mongodb://127.0.0.1:1/", KINSO_MONGODB_URI=settings.mongodb_uri, KINSO_DATABASE=settings.database
    )
    assert (code, out, err) == (
        1,
        "",
        "The server to move to does not answer: check the address, and whether it runs.\n",
    )


def test_who_works_meanwhile_is_noticed_and_nothing_is_moved(store, admin, target):
    moved, settings = target
    load_samples(store, admin, 30)
    ada = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com")

    def work_meanwhile(done, total):
        if done == total:
            create_customer(store, admin, ada)

    with pytest.raises(Conflict, match="stop Kinso, and move again"):
        move_shop(store, admin, settings, settings.mongodb_uri, work_meanwhile)

    assert not any(documents(moved).values())
    assert check_database(store, admin).findings == []


def test_nothing_is_moved_while_kinso_is_up_even_if_nobody_does_anything(tmp_path, target, run):
    moved, settings = target
    environment = {"KINSO_DATA_DIR": str(tmp_path / "data"), "KINSO_DATABASE": settings.database}
    with serving(tmp_path, **environment) as app:
        with at_work(**environment) as second:
            code, out, err = run("move-to", settings.mongodb_uri, **environment)
            assert (code, out, err.count("\n")) == (1, "", 1)
            host = re.escape(platform.node())
            a_process = rf"process \d+ on {host}, since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC"
            assert re.fullmatch(
                rf"Kinso is running on this data \({a_process}; {a_process}\): stop them, and move again\.\n", err
            )
            assert {int(number) for number in re.findall(r"process (\d+)", err)} == {app.process_id, second.pid}
        code, out, err = run("move-to", settings.mongodb_uri, **environment)
        assert (code, out) == (1, "")
        assert f"(process {app.process_id} on " in err
    assert not any(documents(moved).values())
    assert run("move-to", settings.mongodb_uri, **environment)[0] == 0


def test_nothing_is_moved_onto_a_database_that_kinso_is_up_on(store, admin, target, here):
    _, settings = target
    with (
        at_work(**here | {"KINSO_DATABASE": settings.database}) as other,
        pytest.raises(Conflict, match=rf"\(process {other.pid} on .* move again"),
    ):
        move_shop(store, admin, settings, settings.mongodb_uri)


def test_a_process_that_died_stands_in_nobodys_way(store, admin, target, here):
    _, settings = target
    with at_work(**here) as gone:
        gone.kill()
        gone.wait()
    assert store.connection.database["processes"].count_documents({"number": gone.pid}) == 1
    elsewhere = {"_id": "another-machine 17 x", "number": 17, "host": "far", "since": now(), "seenAt": now()}
    store.connection.database["processes"].insert_one(elsewhere)
    move_shop(store, admin, settings, settings.mongodb_uri)


def test_who_works_on_another_database_of_the_server_is_in_nobodys_way(store, admin, target, here):
    _, settings = target
    prepare(store.connection)
    with at_work(**here | {"KINSO_DATABASE": f"{settings.database}_other"}):
        move_shop(store, admin, settings, settings.mongodb_uri)
    store.connection.client.drop_database(f"{settings.database}_other")


def test_kinso_that_starts_meanwhile_is_noticed_and_nothing_is_moved(store, admin, target, here):
    moved, settings = target
    prepare(store.connection)
    load_samples(store, admin, 30)
    with ExitStack() as started:

        def start_kinso(done, total):
            if done == total:
                started.enter_context(at_work(**here))

        with pytest.raises(Conflict, match=r"is running on this data .* move again"):
            move_shop(store, admin, settings, settings.mongodb_uri, start_kinso)
    assert not any(documents(moved).values())
