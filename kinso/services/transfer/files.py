"""Files on disk: those that appear when they are complete, and rows that need no memory."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from kinso.errors import FileInTheWay

UNFINISHED = ".part"
"""How the name of a file ends that is not complete."""


@contextmanager
def new_file(name: str, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """A file that only its owner can read, and that appears under its name when it is complete and on the disk."""
    target = Path(name).absolute()

    def demand_free(_unfinished: Path | None = None) -> None:
        # A device, a pipe or a folder is never replaced.
        if target.exists() and not (overwrite and target.is_file()):
            raise FileInTheWay(name)

    demand_free()
    with completed_file(target, name, demand_free) as file:
        yield file


@contextmanager
def completed_file(target: Path, name: str, finish: Callable[[Path], None]) -> Iterator[IO[bytes]]:
    """A file beside `target` that takes its place at the end, after `finish` saw it; `name` is for messages."""
    try:
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=UNFINISHED)
    except OSError as error:
        # Nobody knows the temporary name.
        error.filename = name
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        finish(Path(unfinished))
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink()
        raise


_TABLE = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE first_rows (customer TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID;
"""


class FirstRows:
    """Remembers the first row of each customer."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def row_of(self, customer: str, row: int) -> int:
        """The first row of this customer; `row` when the customer was in none yet."""
        values = (customer, row)
        if self._database.execute("INSERT OR IGNORE INTO first_rows VALUES (?, ?)", values).rowcount:
            return row
        query = "SELECT row FROM first_rows WHERE customer = ?"
        [earlier] = self._database.execute(query, (customer,)).fetchone()
        return int(earlier)


@contextmanager
def first_rows() -> Iterator[FirstRows]:
    """None yet, in a temporary file that vanishes with them."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(_TABLE)
        database.execute("BEGIN")
        yield FirstRows(database)
