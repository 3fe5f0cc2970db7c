"""What commands work on: the shop's data, files, and the standard streams in their place."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from kinso.cli.console import STANDARD
from kinso.config import load_settings
from kinso.errors import ConfigurationError
from kinso.repository.store import Store
from kinso.services.application import close_application, open_application
from kinso.services.transfer.exports import completed_file


@contextmanager
def opened_store() -> Iterator[Store]:
    """The store of the configured database, which is started or joined as needed; raises `StartupError`."""
    settings = load_settings()
    if settings.in_memory:
        raise ConfigurationError(
            "KINSO_MONGODB_URI is mongomock://, where nothing is kept after a command: unset it, or name a MongoDB"
            " server."
        )
    try:
        yield open_application(settings).store
    finally:
        close_application()


def name_of(file: str) -> str:
    """What to call a file in records; nothing for standard input."""
    return "" if file == STANDARD else Path(file).name


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A file to read."""
    if name == STANDARD:
        yield sys.stdin.buffer
    else:
        with Path(name).open("rb") as file:
            yield file


@contextmanager
def writable(name: str) -> Iterator[IO[bytes]]:
    """A place to write to; a file appears under its name only when it is complete."""
    path = Path(name)
    if name == STANDARD:
        yield sys.stdout.buffer
    elif path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
    else:
        target = path.resolve()
        with completed_file(target, name, lambda unfinished: unfinished.chmod(_mode_for(target))) as file:
            yield file


def write_chunks(chunks: Iterable[bytes], name: str) -> None:
    """Write an export where it belongs."""
    with writable(name) as target:
        for chunk in chunks:
            target.write(chunk)
        target.flush()


def _mode_for(target: Path) -> int:
    """The permissions of the file that is replaced, or those of any new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
