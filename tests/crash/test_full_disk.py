"""A disk without room: writes fail with a sentence, nothing is half done, and all goes on when there is room again."""

import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError

from tests.crash.shop import Shop
from tests.crash.test_kills import assert_every_promise_was_kept
from tests.support.processes import until

pytestmark = pytest.mark.xdist_group("crash")

_SIZE = "450m"


@pytest.fixture
def small_disk():
    """A disk of its own, which only an administrator of the machine may mount."""
    folder = Path(tempfile.mkdtemp(prefix="kinso-"))
    try:
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("There is no command to mount a small disk here.")
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"A small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    # The database lets go of its files a moment after it has let go of its lock.
    until(lambda: subprocess.run(["umount", str(folder)], check=False).returncode == 0, "the disk is not used any more")
    folder.rmdir()


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(65536))


def is_down(store) -> bool:
    """Whether the database has ended; it is told to write to the disk now, as it does every minute by itself."""
    try:
        store.connection.client.admin.command("fsync")
    except PyMongoError:
        return True
    return False


def test_on_a_full_disk_writes_fail_with_a_sentence_and_go_on_when_there_is_room(small_disk):
    shop = Shop(small_disk / "data", seed=1)
    try:
        shop.open()
        shop.go()
        shop.wait_for_confirmations(30)
        fill(small_disk / "filler")
        with shop.store() as store:
            until(lambda: is_down(store), "the database misses the room")
        until(lambda: bool(shop.ledger.sentences), "somebody is told that nothing can be saved")
        assert all(sentence.startswith("The database ") for sentence in shop.ledger.sentences)
        (small_disk / "filler").unlink()
        shop.wait_for_confirmations(30)
        shop.kill_kinso()
        shop.open()
        assert_every_promise_was_kept(shop)
    finally:
        shop.close()
