"""Where there are no sockets the server listens on TCP, where a password keeps the machine's other users out."""

import stat
from contextlib import closing

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.server import EmbeddedServer
from tests.support.processes import listens_on_tcp

pytestmark = pytest.mark.xdist_group("embedded on tcp")


@pytest.fixture
def serve_on_tcp(data_dir):
    """Starts or joins the server of a folder as on a machine without sockets."""
    opened = []

    def start(*, on_tcp=True):
        opened.append(EmbeddedServer(data_dir, patience=60, on_tcp=on_tcp))
        return opened[-1], opened[-1].start()

    yield start
    for server in opened:
        server.stop()


def notes(uri):
    with closing(connect(Settings(), uri)) as connection:
        return connection.transact(lambda: [note["_id"] for note in connection.database["notes"].find()])


def add_note(uri, number):
    with closing(connect(Settings(), uri)) as connection:
        connection.transact(lambda: connection.database["notes"].insert_one({"_id": number}))


def is_kept_out(intruder):
    """For each thing that somebody may try at this address, whether it is refused."""
    with closing(MongoClient(intruder, serverSelectionTimeoutMS=500)) as client:
        attempts = [
            client.list_database_names,
            lambda: client["kinso"]["customers"].find_one(),
            lambda: client["kinso"]["customers"].insert_one({}),
            lambda: client.admin.command({"createUser": "eve", "pwd": "x", "roles": ["root"]}),
            lambda: client.admin.command("shutdown"),
        ]
        for attempt in attempts:
            with pytest.raises(PyMongoError, match=r"(?i)authenticat"):
                attempt()
            yield True


def test_nobody_gets_in_without_the_secret_of_the_folder(serve_on_tcp, data_dir):
    server, uri = serve_on_tcp()
    assert listens_on_tcp(server.process_id)
    secret = data_dir / "mongodb" / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) == 64
    host = uri.partition("@")[2].partition("/")[0]
    assert host.startswith("127.0.0.1:")
    for name in ("", "kinso:guess@"):
        assert all(is_kept_out(f"mongodb://{name}{host}/?directConnection=true"))
    add_note(uri, 1)
    assert notes(uri) == [1]


def test_the_secret_stays_over_a_restart_and_joins_the_running_server(serve_on_tcp):
    server, uri = serve_on_tcp()
    add_note(uri, 1)
    other, joined = serve_on_tcp()
    assert (joined, other.is_owner) == (uri, False)
    other.stop()
    server.stop()
    _, again = serve_on_tcp()
    assert (again, notes(again)) == (uri, [1])


def test_a_folder_from_before_gets_a_password_and_a_lost_one_is_replaced(serve_on_tcp, data_dir):
    server, uri = serve_on_tcp(on_tcp=False)
    add_note(uri, 1)
    server.stop()
    server, first = serve_on_tcp()
    assert notes(first) == [1]
    server.stop()
    (data_dir / "mongodb" / "secret").unlink()
    _, second = serve_on_tcp()
    assert second != first
    assert notes(second) == [1]
