"""The embedded server from its start to its end, whoever ends it."""

import os
import shutil
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest

from kinso.config import Settings
from kinso.database.connection import Connection, connect
from kinso.database.embedded import folder as folders
from kinso.database.embedded import mongod
from kinso.database.embedded.binary import find_binary
from kinso.database.embedded.server import EmbeddedServer
from kinso.errors import DatabaseUnavailable
from tests.support.processes import Holder, is_alive, listens_on_socket, listens_on_tcp, until

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def note(connection: Connection, number: int) -> None:
    connection.database["notes"].insert_one({"number": number})


def numbers(connection: Connection) -> list[int]:
    return sorted(found["number"] for found in connection.database["notes"].find())


def eventually_note(connection: Connection, number: int) -> None:
    def noted() -> bool:
        try:
            connection.transact(lambda: note(connection, number))
        except DatabaseUnavailable:
            return False
        return True

    until(noted, "the database takes writes again")


def test_data_survives_a_restart(serve):
    server, connection = serve()
    note(connection, 1)
    connection.close()
    server.stop()
    _, connection = serve()
    note(connection, 2)
    assert numbers(connection) == [1, 2]


@linux_only
def test_only_its_owner_can_reach_the_server(serve, data_dir):
    server, _ = serve()
    assert server.is_owner
    assert listens_on_socket(server.process_id, str(data_dir.resolve() / "mongodb" / "mongod.sock"))
    assert not listens_on_tcp(server.process_id)
    for private in (data_dir, data_dir / "mongodb", data_dir / "mongodb" / "db"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700


@linux_only
def test_the_server_is_not_told_kinsos_own_secrets(serve, monkeypatch):
    monkeypatch.setenv("KINSO_ADMIN_PASSWORD", "not for the database")
    server, _ = serve()
    assert b"KINSO_" not in Path(f"/proc/{server.process_id}/environ").read_bytes()


def test_an_existing_folder_keeps_its_permissions_and_the_data_in_it_are_private(serve, data_dir):
    data_dir.mkdir()
    data_dir.chmod(0o755)
    serve()
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755
    assert stat.S_IMODE((data_dir / "mongodb").stat().st_mode) == 0o700


def test_no_process_is_left_after_a_stop(serve):
    server, connection = serve()
    process_id = server.process_id
    assert is_alive(process_id)
    connection.close()
    server.stop()
    server.stop()
    assert not is_alive(process_id)
    assert not server.is_owner


def test_the_server_has_a_process_group_of_its_own(serve):
    server, _ = serve()
    assert os.getpgid(server.process_id) == server.process_id != os.getpgid(0)


def test_a_second_process_joins_the_running_server(serve, data_dir):
    with Holder(data_dir).wait_until_ready() as owner:
        server, connection = serve()
        assert not server.is_owner
        note(connection, 1)
        connection.close()
        server.stop()
        assert is_alive(owner.mongod)
        _, connection = serve()
        assert numbers(connection) == [1]


def test_of_processes_that_start_at_once_one_owns_the_server(serve, data_dir):
    with Holder(data_dir) as first, Holder(data_dir) as second, Holder(data_dir) as third:
        holders = [holder.wait_until_ready() for holder in (first, second, third)]
        assert len([holder for holder in holders if holder.mongod]) == 1
        assert len({holder.uri for holder in holders}) == 1


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_joined_process_takes_over_when_the_owner_ends(serve, data_dir, ending):
    with Holder(data_dir).wait_until_ready() as owner:
        server, connection = serve()
        note(connection, 1)
        owner.end(ending)
        until(lambda: server.is_owner, "the joined process owns the server")
        eventually_note(connection, 2)
        assert not is_alive(owner.mongod)
        assert numbers(connection) == [1, 2]


@linux_only
def test_the_server_ends_with_a_killed_owner(data_dir):
    with Holder(data_dir).wait_until_ready() as owner:
        owner.end(signal.SIGKILL)
        until(lambda: not is_alive(owner.mongod), "the server ended")


def test_the_server_ends_with_a_terminated_owner(data_dir):
    with Holder(data_dir).wait_until_ready() as owner:
        assert owner.end(signal.SIGTERM) == 0
        assert not is_alive(owner.mongod)


def test_the_next_start_recovers_when_owner_and_server_were_killed(serve, data_dir):
    with Holder(data_dir).wait_until_ready() as owner:
        connection = connect(Settings(), owner.uri)
        for number in range(20):
            note(connection, number)
        connection.close()
        os.kill(owner.process_id, signal.SIGSTOP)
        os.kill(owner.mongod, signal.SIGKILL)
        owner.end(signal.SIGKILL)
    server, connection = serve()
    assert server.is_owner
    assert numbers(connection) == list(range(20))


def test_a_killed_server_is_restarted_with_all_acknowledged_writes(serve):
    server, connection = serve()
    acknowledged: list[int] = []
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            try:
                note(connection, number)
            except Exception:
                continue
            acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(acknowledged) > 50, "some writes were acknowledged")
        killed = server.process_id
        os.kill(killed, signal.SIGKILL)
        until(lambda: server.process_id != killed, "the server was restarted")
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 50, "writes are acknowledged again")
    finally:
        over.set()
        writer.join()
    assert set(acknowledged) <= set(numbers(connection))


def test_a_moved_folder_and_a_copy_of_it_both_open(serve, data_dir):
    server, connection = serve()
    note(connection, 1)
    connection.close()
    server.stop()
    copy, moved = data_dir.with_name("copy"), data_dir.with_name("moved")
    shutil.copytree(data_dir, copy)
    data_dir.rename(moved)
    _, of_copy = serve(copy)
    _, of_moved = serve(moved)
    note(of_copy, 2)
    note(of_moved, 3)
    assert numbers(of_copy) == [1, 2]
    assert numbers(of_moved) == [1, 3]


@pytest.mark.parametrize("name", ["long" * 30, "blank, comma: and ü"])
def test_a_folder_whose_path_suits_no_socket_gets_a_private_place_for_it(serve, data_dir, name, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    folder = data_dir / name
    with Holder(folder).wait_until_ready() as owner:
        server, connection = serve(folder)
        note(connection, 1)
        owner.end(signal.SIGTERM)
        until(lambda: server.is_owner, "the joined process owns the server")
        eventually_note(connection, 2)
        place = Path(folders.recorded_host(folders.open_folder(folder))).parent
        assert numbers(connection) == [1, 2]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not place.is_relative_to(data_dir)
    shutil.rmtree(place)


def test_a_folder_whose_name_is_a_command_runs_nothing(serve, data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.chdir(tmp_path)
    folder = data_dir / "$(touch ran) `touch ran`; touch ran #"
    _, connection = serve(folder)
    note(connection, 1)
    assert numbers(connection) == [1]
    assert list(tmp_path.iterdir()) == []
    shutil.rmtree(Path(folders.recorded_host(folders.open_folder(folder))).parent)


def test_a_server_that_its_owner_left_behind_is_replaced(serve, data_dir):
    folder = folders.open_folder(data_dir)
    leftover = mongod.start(find_binary(os.environ.get("KINSO_MONGOD")), folder, folders.claim_host(folder))
    try:
        until(leftover.accepts, "the left server answers")
        server, connection = serve()
        assert not leftover.is_running
        assert server.is_owner
        note(connection, 1)
    finally:
        leftover.stop()


def test_a_left_server_that_heeds_nothing_is_killed_and_replaced(serve, data_dir):
    folder = folders.open_folder(data_dir)
    leftover = mongod.start(find_binary(os.environ.get("KINSO_MONGOD")), folder, folders.claim_host(folder))
    try:
        until(leftover.accepts, "the left server answers")
        leftover.process.send_signal(signal.SIGSTOP)
        server = EmbeddedServer(data_dir, patience=1)
        try:
            server.start()
            assert leftover.process.wait(10) == -signal.SIGKILL
        finally:
            server.stop()
    finally:
        leftover.process.kill()
        leftover.stop()


def test_the_log_is_put_aside_when_it_has_grown(serve, data_dir, monkeypatch):
    serve()
    log = data_dir / "mongodb" / "mongod.log"
    grown = log.stat().st_size
    monkeypatch.setattr(mongod, "_LARGEST_LOG", grown)
    aside = log.with_suffix(".log.1")
    until(aside.exists, "the log was put aside")
    monkeypatch.undo()
    until(lambda: log.exists() and log.stat().st_size > 0, "the server writes a new log")
    assert aside.stat().st_size >= grown


def test_a_start_that_is_stopped_ends_what_it_began(data_dir, tmp_path):
    slow = tmp_path / "mongod"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o700)
    server = EmbeddedServer(data_dir, str(slow))
    failures: list[Exception] = []

    def start() -> None:
        try:
            server.start()
        except Exception as error:
            failures.append(error)

    starter = threading.Thread(target=start)
    starter.start()
    until(lambda: server.process_id is not None, "the process runs")
    process_id = server.process_id
    server.stop()
    starter.join()
    assert "stopped" in str(failures[0])
    assert not is_alive(process_id)
