"""A backup a day in a folder, of which the last ones are kept."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from kinso.config import Settings
from kinso.database.backup_file import BackupReader
from kinso.errors import BackupFailed, BackupUnusable, ConfigurationError, Conflict, KinsoError
from kinso.models.accounts import SYSTEM, Actor, Permission
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import BackupState
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.history.runs import Progress, ignore_progress
from kinso.services.permissions import use_case
from kinso.services.transfer.backups import BackupContent, make_backup
from kinso.services.transfer.exports import UNFINISHED, new_file

_log = logging.getLogger(__name__)

_LOOK_EVERY = 60.0
_TRY_AGAIN_AFTER = timedelta(hours=1)
_DAY = timedelta(days=1)
_ABANDONED_AFTER = 24 * 3600.0
_SECONDS_TO_STOP = 10.0
"""A server that hangs must not keep Kinso from stopping; what is left of the file is removed later."""
_UNEXPECTED = "Something went wrong on our side; the log of Kinso tells what."
_NAME = r"-(\d{4}-\d\d-\d\d)-\d{6}\.backup"


@dataclass(frozen=True)
class StoredBackup:
    """A file in the folder of backups; `size` in bytes."""

    name: str
    made_at: datetime
    size: int


def backup_folder(settings: Settings) -> Path | None:
    """Where the daily backups are kept; None when nobody said where."""
    if settings.in_memory:
        return None
    return settings.backup_dir or (settings.data_dir / "backups" if settings.embedded else None)


@use_case(Permission.SETTINGS)
def get_backup_state(store: Store, actor: Actor) -> BackupState:
    """How the daily backups are going."""
    return store.backups.state(now())


@use_case(Permission.SETTINGS)
def list_backups(store: Store, actor: Actor, settings: Settings) -> list[StoredBackup]:
    """The backups in the folder, newest first; those that the shop was told to put elsewhere are not among them."""
    folder = backup_folder(settings)
    stored = []
    for path, _day in _own_files(folder, settings) if folder else ():
        with suppress(OSError):
            facts = path.stat()
            stored.append(StoredBackup(path.name, datetime.fromtimestamp(facts.st_mtime, UTC), facts.st_size))
    return sorted(stored, key=lambda each: each.name, reverse=True)


@use_case(Permission.SETTINGS)
def back_up(
    store: Store, actor: Actor, settings: Settings, on_progress: Progress = ignore_progress
) -> tuple[str, BackupContent]:
    """Make a backup in the folder, look through it, and remove those that are too old; returns its name.

    Raises `BackupFailed` when the file cannot be written, and `Conflict`. Nothing is removed then.
    """
    folder = backup_folder(settings)
    if folder is None:
        raise ConfigurationError("There is no folder for backups: set KINSO_BACKUP_DIR, and start Kinso again.")
    shop = store.shop.get()
    today = now().astimezone(shop.zone)
    path = folder / f"{settings.database}-{today:%Y-%m-%d-%H%M%S}.backup"
    try:
        if settings.backup_dir is None:
            # Another folder that is not there may be on a disk that is away.
            folder.mkdir(mode=0o700, exist_ok=True)
        with new_file(str(path), overwrite=False) as file:
            content = make_backup(store, actor, settings, file, on_progress)
        _verify(path, folder)
        store.backups.note_made(content.made_at)
        _remove_old(folder, settings, f"{today - timedelta(days=shop.backup_days):%Y-%m-%d}")
    except OSError as error:
        raise BackupFailed(folder, error.strerror or "it cannot be written") from error
    return path.name, content


def last_due(shop: ShopSettings, moment: datetime) -> datetime:
    """The last time of a daily backup that is not after `moment`, in UTC."""
    local = moment.astimezone(shop.zone)
    # Where clocks are put back over it, the first of the two times counts.
    due = local.replace(hour=shop.backup_hour, minute=0, second=0, microsecond=0, fold=0)
    if due > local:
        due = (due.replace(tzinfo=None) - _DAY).replace(tzinfo=shop.zone)
    return due.astimezone(UTC)


def back_up_if_due(store: Store, settings: Settings, moment: datetime, on_progress: Progress) -> str | None:
    """Make the daily backup if it is time for it, also when the time passed while Kinso was not running.

    Returns its name. What fails is noted, and tried again an hour later.
    """
    shop = store.shop.get()
    if backup_folder(settings) is None or not shop.daily_backups:
        return None
    state = store.backups.state(moment)
    # What is dated later was noted while the clock was wrong.
    if last_due(shop, moment) <= (state.made_at or state.since) < moment + _DAY:
        return None
    if state.failed_at and abs(moment - state.failed_at) < _TRY_AGAIN_AFTER:
        return None
    try:
        return back_up(store, SYSTEM, settings, on_progress)[0]
    except Conflict as error:
        _log.info("%s", error.message)
    except KinsoError as error:
        store.backups.note_problem(moment, error.message)
        _log.warning("There is no backup of today: %s", error.message)
    except _Stopping:
        raise
    except Exception:
        store.backups.note_problem(moment, _UNEXPECTED)
        raise
    return None


class DailyBackups:
    """Makes the daily backups in a thread of its own, from `start` to `stop`."""

    def __init__(self, find_store: Callable[[], Store], settings: Settings) -> None:
        """`find_store` raises a `KinsoError` while there is no store."""
        self._find_store = find_store
        self._settings = settings
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="kinso-backups", daemon=True)

    def start(self) -> None:
        """Look every minute whether it is time, where there is a folder for backups."""
        if backup_folder(self._settings) is not None:
            self._thread.start()

    def stop(self) -> None:
        """Make none any more; one that is being made is given up, and made at the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_SECONDS_TO_STOP)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            try:
                store = self._find_store()
                with store.guarded():
                    name = back_up_if_due(store, self._settings, now(), self._go_on)
                if name:
                    _log.info("The daily backup is %s.", name)
            except _Stopping:
                return
            except KinsoError as error:
                _log.warning("%s", error.message)
            except Exception:
                _log.exception("The daily backup failed; it will be tried again.")

    def _go_on(self, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise _Stopping


class _Stopping(Exception):
    """Kinso is being stopped."""


def _verify(path: Path, folder: Path) -> None:
    """A file that is not as it was written must not pass for a backup."""
    try:
        with path.open("rb") as file:
            BackupReader(file).verify()
    except BackupUnusable as error:
        path.unlink()
        raise BackupFailed(folder, "the disk did not keep what was written to it") from error


def _own_files(folder: Path, settings: Settings) -> Iterator[tuple[Path, str]]:
    """The daily backups of this database with their days; whatever else is in the folder is not touched."""
    wanted = re.compile(re.escape(settings.database) + _NAME)
    for path in folder.glob("*.backup"):
        if found := wanted.fullmatch(path.name):
            yield path, found[1]


def _remove_old(folder: Path, settings: Settings, before: str) -> None:
    for path, day in _own_files(folder, settings):
        if day < before:
            path.unlink(missing_ok=True)
    for path in folder.glob(f"{settings.database}-*.backup.*{UNFINISHED}"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
                path.unlink()
