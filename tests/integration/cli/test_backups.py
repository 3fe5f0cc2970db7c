"""`backup`, `restore` and `check --backup` on the command line."""

import gzip
import json
import os
import stat
import threading
import uuid
from decimal import Decimal
from io import BytesIO

import pytest

from kinso.config import Settings
from kinso.database import backup_file
from kinso.database.backup_file import BackupReader
from kinso.database.backups import PASSING
from kinso.database.connection import connect
from kinso.database.preparation import prepare
from kinso.database.schema import INDEXES
from kinso.errors import BackupDamaged, BackupUnusable, ConfigurationError, StartupError
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.segments import SegmentDraft
from kinso.repository.store import Store
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.segments import create_segment
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.backups import examine_backup, make_backup, restore_shop
from tests.crash.work import Writer
from tests.support.at_work import at_work

LASTING = [name for name in INDEXES if name not in PASSING]


@pytest.fixture
def empty(mongodb_uri):
    """The settings of a database that is not there yet."""
    settings = Settings(mongodb_uri=mongodb_uri, database=f"restored_{uuid.uuid4().hex[:12]}")
    yield settings
    connection = connect(settings)
    connection.client.drop_database(connection.database)
    connection.close()


@pytest.fixture
def restored(empty):
    connection = connect(empty)
    yield Store(connection)
    connection.close()


@pytest.fixture
def backup(store, settings):
    """The bytes of a backup of a small shop."""
    prepare(store.connection)
    load_samples(store, COMMAND_LINE, 20)
    create_segment(store, COMMAND_LINE, SegmentDraft(name="All", filter={"all": []}))
    file = BytesIO()
    make_backup(store, COMMAND_LINE, settings, file)
    return file.getvalue()


def documents(store):
    database = store.connection.database
    return {name: list(database[name].find().sort("_id", 1)) for name in LASTING}


class Load:
    """People at work while its block runs: customers, imports, bulk changes, deletions, purchases, refunds, undos."""

    def __init__(self, store):
        self.store = store
        self.done = []
        self._may_work = threading.Event()
        self._may_work.set()
        self._is_over = threading.Event()
        self._is_still = threading.Barrier(3)
        self._more = threading.Semaphore(0)
        # Somebody who was there before, for the office is not ready for others who change what it is importing.
        customer = store.customers.find(CustomerQuery(), page=1, limit=1)[0].id
        works = (self._application(), self._till(customer))
        self._workers = [threading.Thread(target=self._work, args=(work,)) for work in works]

    def __enter__(self):
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self.go_on()
        for worker in self._workers:
            worker.join()

    def wait_for_more(self, times=1):
        for _ in range(times):
            assert self._more.acquire(timeout=60)

    def hold_still(self):
        self._may_work.clear()
        self._is_still.wait(60)

    def go_on(self):
        self._may_work.set()

    def _work(self, steps):
        while not self._is_over.is_set():
            if not self._may_work.is_set():
                self._is_still.wait(60)
                self._may_work.wait()
            self.done.append(next(steps))
            self._more.release()

    def _application(self):
        writer = Writer(self.store, "office", 7, announce=lambda *_: None, finished=lambda _: None)
        while True:
            writer.step()
            yield writer.op

    def _till(self, customer):
        while True:
            sale = record_sale(self.store, COMMAND_LINE, customer, PurchaseDraft(amount=Decimal("7.50"))).entry
            yield sale.sale_id
            refund = RefundDraft(amount=Decimal("2.25"))
            yield refund_sale(self.store, COMMAND_LINE, sale.sale_id, refund).entry.sale_id


def packed_again(content):
    """A whole backup file around this content."""
    packed = gzip.compress(content)
    return packed + backup_file._checksum_member(backup_file.hashlib.sha256(packed).hexdigest())


def test_every_document_and_index_comes_back_as_it_was(store, backup, empty, restored):
    told = []
    content = restore_shop(empty, BytesIO(backup), lambda done, total: told.append(done))

    assert documents(restored) == documents(store)
    assert (content.customers, content.documents) == (20, sum(map(len, documents(store).values())))
    assert told[-1] == content.documents
    for name in INDEXES:
        sides = [each.connection.database[name] for each in (restored, store)]
        assert sides[0].index_information() == sides[1].index_information()
        assert sides[0].options() == sides[1].options()


def test_a_backup_under_load_is_the_shop_of_one_moment(store, settings, empty, restored, monkeypatch):
    prepare(store.connection)
    load_samples(store, COMMAND_LINE, 300)
    monkeypatch.setattr("kinso.database.backups._AT_ONCE", 20)
    as_it_was = {}
    load = Load(store)

    def meanwhile(written, total):
        if not as_it_was:
            # The moment is fixed by now. Everybody holds still only until it is copied.
            as_it_was.update(documents(store))
            load.go_on()
        elif written % 100 == 0:
            # Nothing is written any further before somebody has changed something.
            load.wait_for_more()

    file = BytesIO()
    with load:
        load.wait_for_more(60)
        load.hold_still()
        content = make_backup(store, COMMAND_LINE, settings, file, meanwhile)
    assert len(load.done) > 60 + content.documents // 100
    assert documents(store) != as_it_was
    restore_shop(empty, file)

    assert documents(restored) == as_it_was
    report = check_database(restored, COMMAND_LINE)
    assert report.findings == []
    assert report.customers == content.customers


def test_what_people_are_at_is_not_in_a_backup(store, settings, backup):
    for name in PASSING:
        store.connection.database[name].insert_one({"secret": name})
    file = BytesIO()
    make_backup(store, COMMAND_LINE, settings, file)
    assert {name for name, documents in BackupReader(file).collections() if [*documents]} <= set(LASTING)


def test_no_byte_can_change_and_nothing_be_cut_off_unnoticed(backup, empty, restored):
    altered = [backup[:length] for length in (0, 5, 60, len(backup) // 2, len(backup) - 1)]
    altered += [backup + b"\0"]
    places = [*range(40), *range(40, len(backup), 97), *range(len(backup) - 110, len(backup))]
    altered += [backup[:at] + bytes([backup[at] ^ 1 << at % 8]) + backup[at + 1 :] for at in places]
    for each in altered:
        with pytest.raises(BackupUnusable):
            restore_shop(empty, BytesIO(each))
    assert restored.connection.database.list_collection_names() == []


def test_a_whole_file_with_a_wrong_content_leaves_the_database_empty(backup, empty, restored):
    content = gzip.decompress(backup[: -len(backup_file._checksum_member("0" * 64))])
    with pytest.raises(BackupDamaged):
        restore_shop(empty, BytesIO(packed_again(content.replace(b'{"documents": {', b'{"documents": {"more": 1, '))))
    assert not any(documents(restored).values())


def test_a_file_of_a_later_kinso_is_refused_by_name(empty):
    header = {"format": "kinso-backup", "version": 2, "kinso": "9.1", "madeAt": "2031-01-01T00:00:00+00:00"}
    with pytest.raises(BackupUnusable, match=r"Kinso 9\.1, which is newer .* update Kinso"):
        restore_shop(empty, BytesIO(packed_again(json.dumps(header).encode() + b"\n")))


def test_a_database_that_is_not_empty_is_left_alone(store, settings, backup):
    before = documents(store)
    with pytest.raises(StartupError, match="is not empty, changes has documents: set KINSO_DATA_DIR"):
        restore_shop(settings, BytesIO(backup))
    assert documents(store) == before


def test_a_database_that_kinso_was_only_started_on_is_empty(backup, empty, restored):
    prepare(restored.connection)
    restored.connection.ping()
    assert restore_shop(empty, BytesIO(backup)).customers == 20


def test_nothing_is_restored_where_kinso_is_up(backup, empty, restored, tmp_path, run):
    file = tmp_path / "kinso.backup"
    file.write_bytes(backup)
    for place in (
        {"KINSO_MONGODB_URI": empty.mongodb_uri, "KINSO_DATABASE": empty.database},
        {"KINSO_DATA_DIR": str(tmp_path / "data")},
    ):
        with at_work(**place) as kinso:
            code, out, err = run("restore", file, **place)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert f"Kinso is running on this data (process {kinso.pid} on " in err
        assert "stop it, and restore again." in err
        assert run("restore", file, **place)[0] == 0


def test_memory_is_not_backed_up(mock_store, settings, tmp_path):
    with pytest.raises(ConfigurationError, match="in memory"):
        make_backup(mock_store, COMMAND_LINE, settings, BytesIO())


def test_any_tool_for_gzip_reads_the_file(backup):
    lines = gzip.decompress(backup).split(b"\n")
    assert json.loads(lines[0])["format"] == "kinso-backup"
    assert "sha256" in json.loads(lines[-2])
    assert examine_backup(BytesIO(backup)).customers == 20


def test_from_a_folder_through_a_file_into_another_folder(tmp_path, run):
    here, there = ({"KINSO_DATA_DIR": str(tmp_path / name)} for name in ("here", "there"))
    file = tmp_path / "kinso.backup"
    assert run("seed", 10, **here)[0] == 0

    code, out, err = run("backup", file, **here)
    assert (code, err) == (0, "")
    assert out.startswith(f"{file} holds 10 customers, ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["kinso.backup"]

    before = file.read_bytes()
    code, out, err = run("backup", file, **here)
    assert (code, out) == (1, "")
    assert "exists already" in err
    assert "--overwrite" in err
    assert file.read_bytes() == before

    code, out, err = run("check", "--backup", file, KINSO_MONGODB_URI="mongodb://127.0.0.1:1/")
    assert (code, err) == (0, "")
    assert out.startswith("Nothing is wrong with the backup: 10 customers, ")

    code, out, err = run("restore", file, **there)
    assert (code, err) == (0, "")
    assert out.startswith("Restored 10 customers, ")
    code, out, err = run("check", **there)
    assert (code, err) == (0, "")
    assert out.startswith("Nothing is wrong with 10 customers, 0 in the trash, ")

    code, out, err = run("restore", file, **there)
    assert (code, out) == (1, "")
    assert "is not empty" in err


def test_a_backup_never_takes_the_place_of_a_device(store, settings, tmp_path, run):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    own = {"KINSO_MONGODB_URI": settings.mongodb_uri, "KINSO_DATABASE": settings.database}
    code, out, err = run("backup", pipe, "--overwrite", **own)
    assert (code, out) == (1, "")
    assert err.startswith(f"{pipe} exists already: ")
    assert pipe.is_fifo()
