"""A backup a day: when it is due, what is kept, and what is said when there is none."""

import os
import threading
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from kinso.config import Settings
from kinso.database.processes import this_process
from kinso.errors import BackupFailed, ConfigurationError, Conflict, KinsoError
from kinso.models.accounts import COMMAND_LINE
from kinso.models.shop import ShopSettings
from kinso.services.shop.samples import load_samples
from kinso.services.transfer import daily_backups
from kinso.services.transfer.backups import examine_backup, make_backup
from kinso.services.transfer.daily_backups import (
    DailyBackups,
    back_up,
    back_up_if_due,
    backup_folder,
    get_backup_state,
    last_due,
    list_backups,
)

NIGHT = datetime(2026, 11, 27, 2, 59, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
def kept(settings, folder):
    """The settings of a shop that keeps its backups in `folder`."""
    return Settings(mongodb_uri=settings.mongodb_uri, database=settings.database, backup_dir=folder)


def look(store, kept, moment):
    return back_up_if_due(store, kept, moment, lambda done, total: None)


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("zone", "hour", "moment", "due"),
    [
        ("UTC", 3, "2026-11-27T02:59:59+00:00", "2026-11-26T03:00:00+00:00"),
        ("UTC", 3, "2026-11-27T03:00:00+00:00", "2026-11-27T03:00:00+00:00"),
        ("Asia/Dhaka", 3, "2026-11-26T21:00:00+00:00", "2026-11-26T21:00:00+00:00"),
        ("Asia/Dhaka", 23, "2026-11-27T16:59:00+00:00", "2026-11-26T17:00:00+00:00"),
        ("Europe/Berlin", 3, "2026-10-25T12:00:00+00:00", "2026-10-25T02:00:00+00:00"),
        ("Europe/Berlin", 2, "2026-10-25T01:30:00+00:00", "2026-10-25T00:00:00+00:00"),
        ("Europe/Berlin", 12, "2026-10-25T09:00:00+00:00", "2026-10-24T10:00:00+00:00"),
    ],
)
def test_a_backup_is_due_at_its_hour_in_the_time_zone_of_the_shop(zone, hour, moment, due):
    shop = ShopSettings(time_zone=zone, backup_hour=hour)
    assert last_due(shop, datetime.fromisoformat(moment)) == datetime.fromisoformat(due)


def test_one_backup_is_made_each_day_also_when_kinso_was_not_running_at_its_hour(store, kept, folder, monkeypatch):
    load_samples(store, COMMAND_LINE, 5)
    assert look(store, kept, NIGHT) is None
    assert look(store, kept, NIGHT) is None
    for days in (0, 3):
        moment = NIGHT + timedelta(days=days, hours=9)
        monkeypatch.setattr(daily_backups, "now", lambda moment=moment: moment)
        monkeypatch.setattr("kinso.database.backups.datetime", _clock(moment))
        name = look(store, kept, moment)
        assert name == f"{kept.database}-2026-11-{27 + days}-115900.backup"
        assert look(store, kept, moment + timedelta(minutes=1)) is None
    stored = list_backups(store, COMMAND_LINE, kept)
    assert [each.name for each in stored] == names(folder)[::-1]
    assert {each.size for each in stored} == {(folder / each.name).stat().st_size for each in stored}
    with (folder / stored[0].name).open("rb") as file:
        assert examine_backup(file).customers == 5


def test_nothing_is_made_when_it_is_switched_off_or_nobody_said_where(store, kept, settings, folder):
    later = NIGHT + timedelta(days=1)
    look(store, kept, NIGHT)
    store.shop.save(ShopSettings(daily_backups=False))
    assert look(store, kept, later) is None
    assert look(store, settings, later) is None
    assert names(folder) == []
    with pytest.raises(ConfigurationError, match="set KINSO_BACKUP_DIR"):
        back_up(store, COMMAND_LINE, settings)


def test_the_embedded_server_has_a_folder_for_backups_of_its_own(tmp_path):
    assert backup_folder(Settings(data_dir=tmp_path)) == tmp_path / "backups"
    assert backup_folder(Settings(mongodb_uri="mongomock://", backup_dir=tmp_path)) is None


def test_only_own_backups_that_are_too_old_are_removed(store, kept, folder):
    store.shop.save(ShopSettings(backup_days=7))
    days = {days: f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}" for days in (0, 7, 8, 400)}
    of = {days: f"{kept.database}-{day}-030000.backup" for days, day in days.items()}
    others = [f"other-{days[400]}-030000.backup", f"{kept.database}-{days[400]}.backup", "notes.txt"]
    left_behind = f"{kept.database}-{days[8]}-030000.backup.abc.part"
    for name in [*of.values(), *others, left_behind]:
        (folder / name).write_bytes(b"")
    os.utime(folder / left_behind, (0, 0))
    name, _content = back_up(store, COMMAND_LINE, kept)
    assert names(folder) == sorted([name, of[0], of[7], *others])


def test_nothing_is_removed_when_there_is_no_new_backup(store, kept, folder, monkeypatch):
    old = folder / f"{kept.database}-2020-01-01-030000.backup"
    old.write_bytes(b"")

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kinso.services.transfer.exports.os.fsync", full)
    with pytest.raises(BackupFailed, match=r"cannot be written into .*backups: No space left on device\."):
        back_up(store, COMMAND_LINE, kept)
    assert names(folder) == [old.name]


def test_a_file_that_the_disk_did_not_keep_is_no_backup_and_costs_no_other(store, kept, folder, monkeypatch):
    old = folder / f"{kept.database}-2020-01-01-030000.backup"
    old.write_bytes(b"")
    monkeypatch.setattr("kinso.services.transfer.exports.os.fsync", lambda handle: os.ftruncate(handle, 200))
    with pytest.raises(BackupFailed, match="the disk did not keep what was written"):
        back_up(store, COMMAND_LINE, kept)
    assert names(folder) == [old.name]


def test_a_fault_of_our_own_is_told_too_and_not_repeated_every_minute(store, kept, monkeypatch):
    look(store, kept, NIGHT)
    later = NIGHT + timedelta(hours=1)

    def break_down(*arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(daily_backups, "make_backup", break_down)
    with pytest.raises(ZeroDivisionError):
        look(store, kept, later)
    assert "went wrong on our side" in get_backup_state(store, COMMAND_LINE).problem
    assert look(store, kept, later + timedelta(minutes=1)) is None


def test_what_went_wrong_is_told_until_there_is_a_backup_and_tried_again_after_an_hour(store, kept, folder):
    look(store, kept, NIGHT)
    folder.rmdir()
    later = NIGHT + timedelta(hours=1)
    assert look(store, kept, later) is None
    state = get_backup_state(store, COMMAND_LINE)
    assert (state.failed_at, state.made_at) == (later, None)
    assert str(folder) in state.problem
    folder.mkdir()
    assert look(store, kept, later + timedelta(minutes=59)) is None
    assert look(store, kept, later + timedelta(minutes=61)) is not None
    state = get_backup_state(store, COMMAND_LINE)
    assert (state.failed_at, state.problem) == (None, "")


def test_a_clock_that_was_wrong_once_stops_no_backups(store, kept, folder):
    look(store, kept, NIGHT)
    store.backups.note_made(NIGHT + timedelta(days=400))
    made = look(store, kept, NIGHT + timedelta(hours=1))
    (folder / made).unlink()
    store.backups.note_made(NIGHT - timedelta(days=3))
    store.backups.note_problem(NIGHT + timedelta(days=400), "The disk is full.")
    assert look(store, kept, NIGHT + timedelta(hours=2)) is not None


def test_two_backups_are_not_made_at_once(store, settings):
    load_samples(store, COMMAND_LINE, 5)
    refused = []

    def meanwhile(done, total):
        if not refused:
            with pytest.raises(Conflict, match="Another backup is being made") as caught:
                make_backup(store, COMMAND_LINE, settings, BytesIO())
            refused.append(caught)

    make_backup(store, COMMAND_LINE, settings, BytesIO(), meanwhile)
    assert len(refused) == 1
    assert make_backup(store, COMMAND_LINE, settings, BytesIO()).customers == 5


def test_a_backup_whose_process_died_holds_nobody_up(store, settings):
    running = store.connection.database["backups"]
    place = this_process().partition(" ")[0]
    now = datetime.now(UTC)
    for worker, seen in ((f"{place} 4194305 gone", now), ("elsewhere 1 x", now - timedelta(minutes=3))):
        running.insert_one({"_id": "running", "worker": worker, "seenAt": seen})
        make_backup(store, COMMAND_LINE, settings, BytesIO())
    running.insert_one({"_id": "running", "worker": "elsewhere 1 x", "seenAt": now})
    with pytest.raises(Conflict):
        make_backup(store, COMMAND_LINE, settings, BytesIO())


def test_a_backup_that_is_being_made_is_given_up_when_kinso_stops(store, kept, folder, monkeypatch):
    load_samples(store, COMMAND_LINE, 5)
    store.backups.state(NIGHT - timedelta(days=3))
    monkeypatch.setattr(daily_backups, "_LOOK_EVERY", 0.01)
    begun = threading.Event()
    schedule = DailyBackups(lambda: store, kept)
    go_on = schedule._go_on

    def hold_up(done, total):
        begun.set()
        schedule._stopping.wait(30)
        go_on(done, total)

    monkeypatch.setattr(schedule, "_go_on", hold_up)
    schedule.start()
    assert begun.wait(30)
    schedule.stop()
    assert names(folder) == []
    assert get_backup_state(store, COMMAND_LINE).made_at is None
    assert look(store, kept, datetime.now(UTC)) is not None


def test_a_database_that_hangs_does_not_keep_kinso_from_stopping(store, kept, monkeypatch):
    store.backups.state(NIGHT - timedelta(days=3))
    monkeypatch.setattr(daily_backups, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(daily_backups, "_SECONDS_TO_STOP", 0.1)
    hangs, answers = threading.Event(), threading.Event()

    def hang(*arguments):
        hangs.set()
        answers.wait(60)
        raise KinsoError("It was away for long.")

    monkeypatch.setattr(daily_backups, "make_backup", hang)
    schedule = DailyBackups(lambda: store, kept)
    schedule.start()
    try:
        assert hangs.wait(30)
        schedule.stop()
        assert schedule._thread.is_alive()
    finally:
        answers.set()
        schedule._thread.join(30)


def test_no_store_yet_is_no_reason_to_give_up(store, kept, folder, monkeypatch):
    store.backups.state(NIGHT - timedelta(days=3))
    monkeypatch.setattr(daily_backups, "_LOOK_EVERY", 0.01)
    answers = iter([KinsoError("not yet")])
    made = threading.Event()

    def find_store():
        for answer in answers:
            raise answer
        if names(folder):
            made.set()
        return store

    schedule = DailyBackups(find_store, kept)
    schedule.start()
    try:
        assert made.wait(30)
    finally:
        schedule.stop()


def _clock(moment):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    return Clock
