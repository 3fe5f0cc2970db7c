"""Backups of the whole shop, and moving it to another MongoDB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, BinaryIO

from kinso.config import Settings
from kinso.database.backup_file import BackupReader
from kinso.database.backups import RESTORE_AGAIN, read_backup, restore_backup, write_backup
from kinso.database.connection import Connection, connect
from kinso.database.embedded.server import EmbeddedServer
from kinso.database.moving import copy_everything
from kinso.database.processes import demand_nobody_else
from kinso.errors import ConfigurationError, Conflict, StartupError
from kinso.models.accounts import Actor, Permission
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.history.runs import Progress, ignore_progress
from kinso.services.permissions import use_case

_SIGN_EVERY = 10.0


@dataclass(frozen=True)
class BackupContent:
    """What a backup holds; `made_at` is the moment whose state it is."""

    made_at: datetime
    customers: int
    documents: int


@use_case(Permission.SETTINGS)
def make_backup(
    store: Store,
    actor: Actor,
    settings: Settings,
    file: IO[bytes],
    on_progress: Progress = ignore_progress,
) -> BackupContent:
    """Write everything that lasts into `file` as it is at one moment; others go on working.

    Raises `Conflict`, also while another backup is being made.
    """
    if not store.backups.begin(now()):
        raise Conflict("Another backup is being made: wait for its end, and try again.")
    try:
        progress = _with_signs(store, on_progress)
        made_at, counts = write_backup(store.connection, file, progress, our_server=settings.embedded)
    finally:
        store.backups.end()
    return _content(made_at, counts)


def examine_backup(file: BinaryIO, on_progress: Progress = ignore_progress) -> BackupContent:
    """Read all of a backup and change nothing; raises `BackupUnusable` and `BackupDamaged`."""
    reader = BackupReader(file)
    return _content(reader.header.made_at, read_backup(reader, on_progress))


def restore_shop(settings: Settings, file: BinaryIO, on_progress: Progress = ignore_progress) -> BackupContent:
    """Fill the empty database of the settings from a backup.

    Raises `BackupUnusable` and `BackupDamaged` before anything is written, `StartupError` and `Conflict`.
    """
    reader = BackupReader(file)
    reader.verify()
    with _unprepared(settings) as connection:
        return _content(reader.header.made_at, restore_backup(connection, reader, on_progress))


def _with_signs(store: Store, on_progress: Progress) -> Progress:
    """The same progress, which now and then shows the others that the backup is still being made."""
    due = time.monotonic() + _SIGN_EVERY

    def tell(done: int, total: int) -> None:
        nonlocal due
        if time.monotonic() >= due:
            store.backups.go_on(now())
            due = time.monotonic() + _SIGN_EVERY
        on_progress(done, total)

    return tell


@contextmanager
def _unprepared(settings: Settings) -> Iterator[Connection]:
    """The database of the settings as it is, on a server that nobody else works with where it is our own."""
    if settings.in_memory:
        raise ConfigurationError(
            "KINSO_MONGODB_URI is mongomock://, where nothing is kept after a command: unset it, or name a MongoDB"
            " server."
        )
    server = EmbeddedServer(settings.data_dir, settings.mongod) if settings.embedded else None
    try:
        uri = server.start() if server else None
        connection = connect(settings, uri)
        try:
            if server and not server.is_owner:
                demand_nobody_else(connection, RESTORE_AGAIN)
                raise StartupError("Kinso is running with this data folder: stop it, and restore again.")
            yield connection
        finally:
            connection.close()
    finally:
        if server:
            server.stop()


def _content(made_at: datetime, counts: dict[str, int]) -> BackupContent:
    return BackupContent(made_at, counts.get("customers", 0), sum(counts.values()))


@use_case(Permission.SETTINGS)
def move_shop(store: Store, actor: Actor, settings: Settings, uri: str, on_progress: Progress = ignore_progress) -> int:
    """Copy everything into the database of the same name on the server at `uri`, and tell how many customers.

    What is here stays as it is. Nobody may work meanwhile. Raises `ConfigurationError`, `StartupError` and `Conflict`.
    """
    target = connect(settings, uri)
    try:
        copy_everything(store.connection, target, on_progress)
        return store.customers.count_all()
    finally:
        target.close()
