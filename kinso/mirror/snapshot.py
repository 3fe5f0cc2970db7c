"""The tables as they are at one moment, in a file of DuckDB, which is read back in a second or two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from kinso.mirror.tables import DERIVED_IN, STALE, TABLES

VERSION = duckdb.__version__
"""Of DuckDB; hashes are the same within one."""
_WHOLE = "SELECT position, origin, mark FROM snapshot.about"


class SnapshotUnusable(Exception):
    """It is broken, or of something else."""


class Moment:
    """What the tables held when this was made, whatever is written to them meanwhile."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._is_stopped = False
        cursor.begin()
        # A transaction sees what is there when it first reads.
        cursor.execute(f"SELECT count(*) FROM {TABLES[0].name}").fetchall()

    def write(self, path: Path, *, position: int, origin: str, mark: str) -> None:
        """Write it into a new file, which may be read when this has returned; the moment is over then."""
        try:
            self._cursor.execute(f"ATTACH {_quoted(path)} AS writing")
            try:
                path.chmod(0o600)
                for table in (*TABLES, STALE, DERIVED_IN):
                    if self._is_stopped:
                        raise duckdb.InterruptException("Stopped")
                    self._cursor.execute(f"CREATE TABLE writing.{table.name} AS FROM {table.name}")
                self._cursor.execute(
                    "CREATE TABLE writing.about AS"
                    " SELECT $position::BIGINT AS position, $origin AS origin, $mark AS mark",
                    {"position": position, "origin": origin, "mark": mark},
                )
                self._cursor.commit()
                self._cursor.execute("CHECKPOINT writing")
            finally:
                with suppress(duckdb.Error):
                    self._cursor.rollback()
                self._cursor.execute("DETACH writing")
        finally:
            self._cursor.close()

    def stop(self) -> None:
        """Have the writing fail; for another thread."""
        self._is_stopped = True
        self._cursor.interrupt()


@contextmanager
def opened(cursor: duckdb.DuckDBPyConnection, path: Path) -> Iterator[tuple[int, str, str]]:
    """The position, the origin and the mark that were written, while its tables can be read as `snapshot.…`."""
    try:
        cursor.execute(f"ATTACH {_quoted(path)} AS snapshot (READ_ONLY)")
        try:
            [(position, origin, mark)] = cursor.execute(_WHOLE).fetchall()
            yield position, origin, mark
        finally:
            cursor.execute("DETACH snapshot")
    except (duckdb.Error, ValueError, OSError) as error:
        raise SnapshotUnusable(str(error)) from error


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
