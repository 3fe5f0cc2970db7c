"""A server that cannot start says why in one sentence, with the ways out."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinso.config import Settings
from kinso.database.connection import Connection, connect, translated_errors
from kinso.database.embedded.folder import FolderLock, open_folder
from kinso.database.embedded.server import EmbeddedServer
from kinso.errors import DatabaseUnavailable, StartupError
from tests.support.processes import until

pytestmark = pytest.mark.slow

ENDINGS = {
    "libssl.so.1.1": "echo 'mongod: error while loading shared libraries: libssl.so.1.1: cannot open' >&2; exit 127",
    "GLIBC_2.34": 'echo "/lib/libc.so.6: version \\`GLIBC_2.34\' not found (required by mongod)" >&2; exit 1',
    "AVX": "kill -ILL $$",
    "is full": "echo 'error: No space left on device'; exit 14",
    "Another MongoDB server is using": "echo 'DBPathInUse: Unable to lock the lock file'; exit 100",
    "another version of MongoDB": "exit 62",
    "is damaged": "echo 'WT_PANIC: WiredTiger library panic'; kill -ABRT $$",
    "not a mongod of version 4.4 or newer": "echo 'Error parsing command line: unrecognised option'; exit 2",
    "lack of memory": "kill -KILL $$",
    "ended with code 3": "exit 3",
    "cannot listen": "echo 'Failed to set up sockets during startup.'; exit 48",
}


def failure(data_dir: Path, binary: Path | str | None = None, **patience: float) -> str:
    server = EmbeddedServer(data_dir, str(binary) if binary else None, **patience)
    with pytest.raises(StartupError) as raised:
        server.start()
    assert not server.is_owner
    return raised.value.message


def is_one_sentence_with_two_ways_out(message: str) -> bool:
    known = ("KINSO_MONGOD ", "KINSO_DATA_DIR", "KINSO_MONGODB_URI", "free some memory", "put a backup in its place")
    ways = [way for way in known if way in message]
    return message.endswith(".") and "\n" not in message and ". " not in message and len(ways) >= 2


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    return tmp_path / "mongod"


def write_program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(("cause", "ending"), ENDINGS.items(), ids=list(ENDINGS))
def test_the_end_of_a_mongod_is_explained(data_dir, binary, cause, ending):
    message = failure(data_dir, write_program(binary, f"#!/bin/sh\n{ending}\n"))
    assert cause in message
    assert is_one_sentence_with_two_ways_out(message), message


def test_a_file_that_is_no_program_is_named(data_dir, binary):
    message = failure(data_dir, write_program(binary, "just text"))
    assert str(binary) in message
    assert "not a program that this machine can run" in message
    assert is_one_sentence_with_two_ways_out(message), message


def test_a_program_for_another_system_is_named(data_dir, binary):
    message = failure(data_dir, write_program(binary, "#!/nowhere/loader\n"))
    assert "not a program that this machine can run" in message


@pytest.mark.parametrize(("content", "problem"), [(None, "does not exist"), ("text", "is not an executable file")])
def test_a_configured_mongod_that_cannot_be_one_is_named(data_dir, binary, content, problem):
    if content:
        binary.write_text(content)
    message = failure(data_dir, binary)
    assert f"KINSO_MONGOD is {binary}, which {problem}" in message
    assert "KINSO_MONGODB_URI" in message


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = failure(tmp_path / "file" / "data")
    assert str(tmp_path / "file" / "data") in message
    assert is_one_sentence_with_two_ways_out(message), message


def test_a_folder_held_by_a_process_that_does_not_answer_is_named(data_dir):
    lock = FolderLock(open_folder(data_dir).lock)
    assert lock.acquire()
    message = failure(data_dir, patience=0.2)
    lock.release()
    assert f"process {os.getpid()}" in message
    assert "does not answer" in message
    assert is_one_sentence_with_two_ways_out(message), message


def test_data_that_another_server_holds_are_named(data_dir):
    folder = open_folder(data_dir)
    lock = FolderLock(folder.data / "mongod.lock")
    assert lock.acquire()
    message = failure(data_dir, patience=0.2)
    lock.release()
    assert str(folder.path) in message
    assert "Another MongoDB server" in message


def test_data_of_a_newer_version_are_named(serve, data_dir):
    server, connection = serve()
    connection.close()
    server.stop()
    turtle = data_dir / "mongodb" / "db" / "WiredTiger.turtle"
    turtle.write_text(turtle.read_text().replace("version=(major=1,", "version=(major=99,"))
    message = failure(data_dir)
    assert "another version of MongoDB" in message
    assert is_one_sentence_with_two_ways_out(message), message


def test_damaged_data_are_named(serve, data_dir):
    server, connection = serve()
    connection.close()
    server.stop()
    catalog = data_dir / "mongodb" / "db" / "WiredTiger.wt"
    catalog.write_bytes(b"damaged" * 1000)
    message = failure(data_dir)
    assert "is damaged" in message
    assert is_one_sentence_with_two_ways_out(message), message


def mount(place: Path, *options: str) -> None:
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a disk for the test")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")


def unmount(place: Path) -> None:
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_fills_up_later_is_named_and_nothing_acknowledged_is_lost(tmp_path, caplog):
    place = tmp_path / "disk"
    mount(place, "size=30m")
    server = EmbeddedServer(place / "data")
    connection = connect(Settings(), server.start())
    try:
        stored = fill(connection)
        until(lambda: "is full" in caplog.text, "the cause is logged")
        subprocess.run(["mount", "-o", "remount,size=500m", str(place)], check=True)
        until(lambda: answers(connection), "the database answers again")
        assert connection.database["notes"].count_documents({}) >= stored > 0
    finally:
        connection.close()
        server.stop()
        unmount(place)


def fill(connection: Connection) -> int:
    stored = 0
    with contextlib.suppress(DatabaseUnavailable), translated_errors():
        while True:
            connection.database["notes"].insert_one({"number": stored, "filling": os.urandom(200_000)})
            stored += 1
    return stored


def answers(connection: Connection) -> bool:
    try:
        connection.ping()
    except DatabaseUnavailable:
        return False
    return True


@pytest.mark.parametrize(
    ("options", "cause"), [(["size=200k"], "is full"), (["size=200k", "ro"], "cannot be used (Read-only file system)")]
)
def test_a_full_or_read_only_disk_is_named(tmp_path, options, cause):
    place = tmp_path / "disk"
    mount(place, *options)
    try:
        message = failure(place / "data")
    finally:
        unmount(place)
    assert cause in message
    assert is_one_sentence_with_two_ways_out(message), message
