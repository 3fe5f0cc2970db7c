"""A start goes on from what an earlier one left on disk, if that is right; nobody is left there who was erased."""

import shutil
import stat
import time
from contextlib import closing, contextmanager

import pytest

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.server import EmbeddedServer
from kinso.database.preparation import prepare
from kinso.models.customers import CustomerDraft
from kinso.models.validation import parse
from kinso.repository import mirror as following
from kinso.repository import snapshots as snapshots_of
from kinso.repository.documents import now
from kinso.repository.mirror_files import MirrorFiles
from kinso.repository.mirror_marks import MirrorMarks
from kinso.repository.store import Store
from kinso.services.customers.editing import delete_customer
from kinso.services.history.trash import empty_trash, erase_person, finish_erasures
from tests.support.mirror import contents, cut_streams, differences

NAME, PHONE = "Wilhelmina Zauberberg", "+12122007919"


@pytest.fixture
def opened(store, settings, tmp_path):
    """Opens the same database like a process that starts, with a folder of the mirror; closes it like one that ends."""
    stores = []

    def opened(*, keeps_snapshots=True):
        connection = connect(settings.model_copy(update={"database": store.name}))
        found = Store(connection)
        found.mirror.keep_in(tmp_path / "mirror", keeps_snapshots=keeps_snapshots, memory_limit="500MB")
        stores.append(found)
        return found

    yield opened
    for found in stores:
        found.connection.close()


@pytest.fixture
def loads(monkeypatch, connection):
    """How often everything was read from the database.

    The mirror of `connection` is left out: it follows only if a test before has asked it for anything.
    """
    counted = []
    load = following.FollowingMirror._load

    def counting(self):
        if self._connection is not connection:
            counted.append(1)
        return load(self)

    monkeypatch.setattr(following.FollowingMirror, "_load", counting)
    return counted


def add(store, customer_id, **fields):
    draft = {"customer_id": customer_id, "customer_name": NAME, "contact_info": PHONE, **fields}
    return store.customers.insert(parse(CustomerDraft, draft), now())


def ended(store):
    """After a process that has asked something has ended."""
    found = contents(store.mirror)
    store.connection.close()
    return found


def snapshots(tmp_path):
    return sorted((tmp_path / "mirror").glob("snapshot-*"))


def test_the_next_start_goes_on_from_where_the_last_one_ended(store, opened, loads, tmp_path):
    add(store, "C-1", tags=["a", "b"], purchase_amount=12.5)
    before = ended(opened())
    store.connection.database["customers"].update_one({}, {"$set": {"customerName": "Meanwhile"}})
    add(store, "C-2")
    again = opened()
    assert len(again.mirror.rows("SELECT key FROM customers WHERE customer_name = 'Meanwhile'")) == 1
    assert len(loads) == 1
    assert len(before["customers"]) == 1
    assert differences(again) == {}


def test_what_is_kept_is_private_and_complete_and_one(store, opened, tmp_path):
    for number in range(3):
        add(store, f"C-{number}")
        ended(opened())
    [snapshot] = snapshots(tmp_path)
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    assert stat.S_IMODE(snapshot.parent.stat().st_mode) == 0o700
    assert list(snapshot.parent.iterdir()) == [snapshot]


def test_who_keeps_no_snapshots_reads_one(store, opened, loads, tmp_path):
    add(store, "C-1")
    ended(opened(keeps_snapshots=False))
    assert snapshots(tmp_path) == []
    ended(opened())
    ended(opened(keeps_snapshots=False))
    assert len(loads) == 2


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 * 2] = b"x" * (len(content) // 3)
    path.write_bytes(content)


BROKEN = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "other content": spoil,
    "no database": lambda path: path.write_text("hello"),
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_snapshot_is_thrown_away(store, opened, loads, tmp_path, break_it):
    add(store, "C-1")
    ended(opened())
    [snapshot] = snapshots(tmp_path)
    break_it(snapshot)
    again = opened()
    assert differences(again) == {}
    assert len(loads) == 3
    assert not snapshot.exists()


def test_a_snapshot_of_collections_that_were_made_anew_is_thrown_away(store, opened, loads):
    add(store, "C-1")
    ended(opened())
    customers = store.connection.database["customers"]
    documents = list(customers.find())
    customers.drop()
    try:
        customers.insert_many(documents)
        assert len(ended(opened())["customers"]) == 1
        assert len(loads) == 2
    finally:
        # With what it lost, for those who come after.
        prepare(store.connection)


def test_a_snapshot_of_the_future_is_thrown_away(store, opened, loads, tmp_path):
    add(store, "C-1")
    first = opened()
    first.mirror.rows("SELECT 1")
    moment, files = first.mirror._mirror.moment(), first.mirror._files
    path, far = files.unfinished(), first.mirror.state.position + (1 << 42)
    moment.write(
        path, position=far, origin=first.mirror._snapshots._origin, mark=MirrorMarks(store.connection.database).add()
    )
    files.keep(path, far)
    ended(first)
    assert differences(opened()) == {}
    assert len(loads) == 3


def test_data_that_were_put_back_files_and_all_are_read_anew(tmp_path, loads):
    folder, before = tmp_path / "data", tmp_path / "before"

    @contextmanager
    def running():
        server = EmbeddedServer(folder)
        with closing(connect(Settings(), server.start())) as connection:
            store = Store(connection)
            store.mirror.keep_in(folder / "mirror", keeps_snapshots=True, memory_limit="500MB")
            yield store
        server.stop()

    with running() as store:
        add(store, "C-1")
        assert len(contents(store.mirror)["customers"]) == 1
    shutil.copytree(folder / "mongodb", before)
    with running() as store:
        add(store, "C-2")
        assert len(contents(store.mirror)["customers"]) == 2
    shutil.rmtree(folder / "mongodb")
    shutil.move(before, folder / "mongodb")
    with running() as store:
        assert len(loads) == 1
        assert [row[2] for row in contents(store.mirror)["customers"]] == ["C-1"]
        assert len(loads) == 2


def test_data_that_were_put_back_beneath_a_running_process_are_read_anew(tmp_path, loads):
    folder, before = tmp_path / "data", tmp_path / "before"
    server = EmbeddedServer(folder)
    with closing(connect(Settings(), server.start())) as connection:
        store = Store(connection)
        add(store, "C-1")
        assert len(contents(store.mirror)["customers"]) == 1
        server.stop()
        shutil.copytree(folder / "mongodb", before)
        server = EmbeddedServer(folder)
        server.start()
        for customer_id in ("C-2", "C-3"):
            add(store, customer_id)
        assert len(contents(store.mirror)["customers"]) == 3
        server.stop()
        shutil.rmtree(folder / "mongodb")
        shutil.move(before, folder / "mongodb")
        server = EmbeddedServer(folder)
        server.start()
        deadline = time.monotonic() + 20
        while len(loads) == 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [row[2] for row in contents(store.mirror)["customers"]] == ["C-1"]
        assert len(loads) == 2
    server.stop()


def test_without_a_history_to_read_a_mark_tells_that_the_data_were_put_back(store, opened, loads, monkeypatch):
    monkeypatch.setattr(snapshots_of, "is_in_history", lambda database, position: None)
    add(store, "C-1")
    running = opened()
    written_now(running)
    store.connection.database["settings"].update_one({"_id": "mirror"}, {"$set": {"snapshots": []}})
    loaded = len(loads)
    assert cut_streams(store.connection)
    deadline = time.monotonic() + 20
    while len(loads) == loaded and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(loads) == loaded + 1
    assert differences(running) == {}


def test_no_snapshot_is_used_of_before_somebody_asked_to_load_everything_anew(store, opened, loads):
    add(store, "C-1")
    ended(opened())
    store.mirror_checks.reload()
    loaded = len(loads)
    ended(opened())
    assert len(loads) > loaded


def test_without_the_history_since_then_all_is_read_anew(store, opened, loads, monkeypatch):
    add(store, "C-1")
    ended(opened())
    stream, asked = following.ChangeStream, []

    def lost_at_first(*args, **options):
        asked.append(options)
        if len(asked) == 1:
            raise following.StreamLost("too old")
        return stream(*args, **options)

    monkeypatch.setattr(following, "ChangeStream", lost_at_first)
    assert len(ended(opened())["customers"]) == 1
    assert len(loads) == 2


def written_now(store):
    """Until what is new is on disk."""
    store.mirror.rows("SELECT 1")
    deadline = time.monotonic() + 20
    while store.mirror._snapshots._written_at < store.mirror._changed_at and time.monotonic() < deadline:
        store.mirror._snapshots._due = 0
        time.sleep(0.02)
    assert time.monotonic() < deadline


def holds_them(folder):
    contents = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return [
        text for text in (NAME, NAME.casefold(), PHONE, PHONE[1:]) if any(text.encode() in each for each in contents)
    ]


def test_who_is_erased_is_nowhere_on_disk_any_more(store, opened, manager, tmp_path):
    used = opened()
    ada = add(used, "C-1")
    add(used, "C-2", customer_name="Somebody else", contact_info="else@shop.com")
    written_now(used)
    assert NAME in holds_them(tmp_path / "mirror")
    erase_person(used, manager, ada.id)
    assert holds_them(tmp_path / "mirror") == []
    written_now(used)
    assert len(snapshots(tmp_path)) == 1
    assert holds_them(tmp_path / "mirror") == []
    ended(used)
    assert holds_them(tmp_path / "mirror") == []


def test_erasing_somebody_removes_what_other_processes_wrote_or_are_writing(store, opened, manager, tmp_path):
    ada = add(store, "C-1")
    one, other = opened(), opened()
    other.mirror.rows("SELECT 1")
    written_now(one)
    files = MirrorFiles(tmp_path / "mirror", keeps_snapshots=True)
    late, position = files.unfinished(), other.mirror.state.position
    other.mirror._mirror.moment().write(late, position=position, origin="", mark="")
    erase_person(one, manager, ada.id)
    assert not late.exists()
    late.touch()
    with pytest.raises(FileNotFoundError):
        files.keep(late, position)
    files.close()
    assert holds_them(tmp_path / "mirror") == []


def test_somebody_is_erased_although_the_folder_is_gone(store, opened, manager, tmp_path):
    used = opened()
    ada = add(used, "C-1")
    written_now(used)
    shutil.rmtree(tmp_path / "mirror")
    erase_person(used, manager, ada.id)
    written_now(used)
    assert holds_them(tmp_path / "mirror") == []


def test_an_erasure_that_ended_half_way_is_finished_at_the_next_start(store, opened, manager, tmp_path):
    ada = add(store, "C-1")
    ended(opened())
    erase_person(store, manager, ada.id)
    assert holds_them(tmp_path / "mirror") != []
    finish_erasures(opened())
    assert holds_them(tmp_path / "mirror") == []


def test_emptying_the_trash_removes_snapshots_from_before(store, opened, manager, tmp_path):
    ada = add(store, "C-1")
    ended(opened())
    delete_customer(store, manager, ada.id)
    again = opened()
    store.connection.database["trash"].update_many({}, {"$set": {"deletedAt": now().replace(year=2000)}})
    assert empty_trash(again) == 1
    assert again.mirror.rows("SELECT 1") == [(1,)]


def test_files_of_a_process_that_was_killed_are_removed_at_the_next_start(tmp_path):
    folder = tmp_path / "mirror"
    killed, running = (MirrorFiles(folder, keeps_snapshots=True) for _ in range(2))
    for files in (killed, running):
        files.unfinished().write_text("half")
        (files.spill / "block").write_text("rows")
    killed._lock.release()
    MirrorFiles(folder, keeps_snapshots=True).close()
    assert not killed.spill.exists()
    assert (running.spill / "block").exists()
    assert len(list(folder.glob("unfinished-*"))) == 1
    running.close()


def test_a_folder_that_cannot_be_used_keeps_nobody_from_working(store, settings, tmp_path):
    (tmp_path / "mirror").write_text("a file")
    connection = connect(settings.model_copy(update={"database": store.name}))
    used = Store(connection)
    used.mirror.keep_in(tmp_path / "mirror", keeps_snapshots=True, memory_limit="500MB")
    add(used, "C-1")
    assert len(ended(used)["customers"]) == 1


def test_in_memory_nothing_is_written(mock_store, tmp_path):
    mock_store.mirror.keep_in(tmp_path / "mirror", keeps_snapshots=True, memory_limit="500MB")
    assert mock_store.mirror.rows("SELECT 1") == [(1,)]
    assert list(tmp_path.iterdir()) == []
