"""The tables in memory: read by any number of threads while one thread writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import duckdb
import pyarrow as pa

from kinso.mirror.snapshot import Moment, SnapshotUnusable, opened
from kinso.mirror.tables import DERIVED_IN, STALE, TABLES, Columns, Table

_MUCH, _VERY_MUCH = 500_000, 2_000_000
"""Written rows after which it is worth a second or two to keep them in less memory: in a quiet moment, and always."""

_ANY_STALE = f"SELECT 1 FROM {STALE.name} LIMIT 1"

Row = tuple[Any, ...]
Answer = Callable[..., list[Row]]
"""Takes a question and its parameters."""


@dataclass
class Batch:
    """What happened to the rows of one table: see `Mirror.apply`."""

    whole: Columns = field(default_factory=dict)
    parts: list[Columns] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)


class Mirror:
    """Tables that are empty at first. Whoever reads sees all of what was applied at once, or nothing of it.

    It is gone when nobody holds it any more; who is reading when it is given up reads on to the end.
    """

    def __init__(self, *, memory_limit: str | None = None, folder: Path | None = None) -> None:
        """Beyond `memory_limit` (such as `2GB`) it works from files in `folder`; without a folder it never does."""
        config: dict[str, str | bool | int | float | list[str]] = {"preserve_insertion_order": False}
        if memory_limit:
            config["memory_limit"] = memory_limit
        # Otherwise it would be a folder beside the program.
        config["temp_directory"] = str(folder) if folder else ""
        self._connection = duckdb.connect(":memory:", config=config)
        # It rules rows out by what deleted ones were, so that the first of an order may not be found (DuckDB 2.0.1).
        self._connection.execute("SET GLOBAL disabled_optimizers = 'row_group_pruner'")
        self._lock = Lock()
        self._writing = RLock()
        self._written = 0
        self._derived_in = ""
        for table in (*TABLES, STALE, DERIVED_IN):
            self._connection.execute(table.definition)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The answer to one question; parameters stand in it as `$name`."""
        with self._cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def iterate(self, sql: str, parameters: Mapping[str, Any] | None = None, *, at_once: int) -> Iterator[Row]:
        """The rows of one answer, all as of the moment when the first one is read."""
        with self._cursor() as cursor:
            answer = cursor.execute(sql, parameters)
            while rows := answer.fetchmany(at_once):
                yield from rows

    @contextmanager
    def together(self) -> Iterator[Answer]:
        """Answers several questions about one moment."""
        with self._cursor() as cursor:
            cursor.begin()
            try:
                yield lambda sql, parameters=None: cursor.execute(sql, parameters).fetchall()
            finally:
                cursor.rollback()

    def append(self, table: Table, columns: Columns) -> None:
        """Add rows that are not there yet."""
        with self._cursor() as cursor:
            self._written += _insert(cursor, table, columns)

    def apply(self, batches: Mapping[str, Batch]) -> None:
        """Write what happened to the rows of some tables (by name), all of it at once.

        `whole` rows are there afterwards with these values, whether they were before or not; each of `parts` changes
        some columns of rows that are there; rows that are `gone` are not there any more. Of a table whose rows are
        parts of another one, `whole` holds all rows there are for those that it names, `gone` names others.
        """
        with self._transaction() as cursor:
            for table in TABLES:
                if batch := batches.get(table.name):
                    self._written += _apply(cursor, table, batch, has_derived=bool(self._derived_in))

    def derive(self, zone: str, statement: Callable[[bool], str]) -> None:
        """Bring the derived columns up to date, for days in this time zone.

        `statement` computes them of everybody (True) or of those who are stale; see `kinso.mirror.derived`.
        """
        if self._derived_in == zone and not self.rows(_ANY_STALE):
            return
        with self._writing:
            of_all = self._derived_in != zone
            with self._transaction() as cursor:
                [(rows,)] = cursor.execute(statement(of_all)).fetchall()
                cursor.execute(f"DELETE FROM {STALE.name}")
                cursor.execute(f"DELETE FROM {DERIVED_IN.name}")
                cursor.execute(f"INSERT INTO {DERIVED_IN.name} VALUES ($zone)", {"zone": zone})
            self._written += rows
            # Before anybody writes again: what is written after this has to be noted.
            self._derived_in = zone

    def texts(
        self, ordered: str, table: str, lines: Callable[[str], str], parameters: Mapping[str, Any], *, at_once: int
    ) -> Iterator[bytes]:
        """One text for each row of a table, in pieces of so many, all as of the moment when the first one is read.

        `ordered` asks for the keys of the rows that are wanted, each with its `place` from 1 on; so only these are
        sorted, and few texts at a time are in memory. `lines` makes the statement that gives some rows their `line`.
        """
        with self._cursor() as cursor:
            cursor.begin()
            try:
                cursor.execute(f"CREATE TEMP TABLE ordered AS {ordered}", dict(parameters))
                for start in range(0, cursor.execute("SELECT count(*) FROM ordered").fetchall()[0][0], at_once):
                    within = f"place > {start} AND place <= {start + at_once}"
                    rows = f"(SELECT * FROM {table} JOIN ordered USING (key) WHERE {within})"
                    found = cursor.sql(f"SELECT line FROM ({lines(rows)}) ORDER BY place")
                    yield from map(_bytes_of, found.to_arrow_table()["line"].chunks)
            finally:
                cursor.rollback()

    def sort(self, table: Table, column: str) -> None:
        """Put the rows in the order of a column, so that few of them have to be looked at for one value."""
        with self._cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE TABLE {table.name} AS SELECT * FROM {table.name} ORDER BY {column}")

    def unlike(self, table: Table, columns: Columns) -> list[int]:
        """The keys of those of these whole rows that are not there, or not the same."""
        if not columns or not len(columns[table.key]):
            return []
        made = ", ".join(f"{table.made(name)} AS {name}" for name in columns)
        others = [name for name in columns if name != table.key]
        differs = " OR ".join(f"stored.{name} IS DISTINCT FROM wanted.{name}" for name in others)
        sql = f"""
            SELECT wanted.{table.key} FROM (SELECT {made} FROM incoming) AS wanted
            LEFT JOIN {table.name} AS stored ON stored.{table.key} = wanted.{table.key}
            WHERE stored.{table.key} IS NULL OR {differs}"""
        with self._cursor() as cursor:
            cursor.register("incoming", table.arrow(columns))
            return [key for (key,) in cursor.execute(sql).fetchall()]

    def unlike_parts(self, table: Table, columns: Columns, keys: Sequence[int]) -> list[int]:
        """Those of these keys that have other rows than these in a table whose rows are parts of another one."""
        if not keys:
            return []
        names = ", ".join(columns)
        made = ", ".join(f"{table.made(name)} AS {name}" for name in columns)
        among = f"{_between(table, keys)} AND {table.key} IN (SELECT {table.key} FROM asked)"
        sql = f"""
            WITH stored AS (SELECT {names} FROM {table.name} WHERE {among}), wanted AS (SELECT {made} FROM incoming)
            SELECT DISTINCT {table.key}
            FROM ((FROM stored EXCEPT FROM wanted) UNION ALL (FROM wanted EXCEPT FROM stored))"""
        with self._cursor() as cursor:
            cursor.register("asked", table.arrow({table.key: keys}))
            cursor.register("incoming", table.arrow(columns))
            return [key for (key,) in cursor.execute(sql).fetchall()]

    def compact(self, *, is_quiet: bool) -> None:
        """After much was written, give back the room of rows that are gone, and keep the others in less of it.

        For a thread that writes, which can do nothing else meanwhile.
        """
        # While somebody is reading for long, or another thread writes, there will be another time.
        if self._written >= (_MUCH if is_quiet else _VERY_MUCH):
            with self._writing, self._cursor() as cursor, suppress(duckdb.TransactionException):
                cursor.execute("CHECKPOINT")
                self._written = 0

    def rows_by_table(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.together() as answer:
            return {table.name: answer(f"SELECT count(*) FROM {table.name}", {})[0][0] for table in TABLES}

    def memory(self) -> int:
        """The bytes of memory that the tables and the answers under way take."""
        return int(self.rows("SELECT sum(memory_usage_bytes) FROM duckdb_memory()")[0][0])

    def moment(self) -> Moment:
        """What is there now, to be written while it goes on changing."""
        with self._lock:
            return Moment(self._connection.cursor())

    def read_snapshot(
        self, path: Path, *, origin: str, latest: int, has_mark: Callable[[str], bool]
    ) -> tuple[int, str]:
        """Fill the tables, which are empty, from what `Moment.write` wrote; returns its position and mark.

        Raises `SnapshotUnusable` for one that is broken, of another origin, of a position after `latest`, or with a
        mark that there is not.
        """
        with self._cursor() as cursor, opened(cursor, path) as (position, its_origin, mark):
            if its_origin != origin or position > latest or not has_mark(mark):
                raise SnapshotUnusable("It is of another database or program, or of another time.")
            for table in (*TABLES, STALE, DERIVED_IN):
                cursor.execute(f"INSERT INTO {table.name} FROM snapshot.{table.name}")
            self._derived_in = "".join(zone for (zone,) in cursor.execute(f"FROM {DERIVED_IN.name}").fetchall())
            # It can wait for a quiet moment, while somebody may be waiting for the first answer.
            self._written = _MUCH
            return position, mark

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """For writing, which one thread at a time does: two that write the same row would fail."""
        with self._writing, self._cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


def _bytes_of(texts: pa.StringArray) -> bytes:
    """All texts one after the other, as they lie in memory."""
    _, offsets, characters = texts.buffers()
    if characters is None:
        return b""
    ends = memoryview(offsets).cast("i")
    return bytes(memoryview(characters)[ends[texts.offset] : ends[texts.offset + len(texts)]])


def _apply(cursor: duckdb.DuckDBPyConnection, table: Table, batch: Batch, *, has_derived: bool) -> int:
    """Returns how many rows were touched; whose derived columns are other ones now is noted, if there are any."""
    touched = 0
    owner = table.owner if has_derived else None
    keys = [*batch.whole.get(table.key, ()), *batch.gone]
    if keys:
        among = f"{_between(table, keys)} AND {table.key} IN (SELECT {table.key} FROM incoming)"
        if owner and owner != table.key:
            owners = f"INSERT INTO {STALE.name} SELECT {owner} FROM {table.name} WHERE {among}"
            _with(cursor, table, {table.key: keys}, owners)
        touched += _with(cursor, table, {table.key: keys}, f"DELETE FROM {table.name} WHERE {among}")
    if batch.whole.get(table.key):
        touched += _insert(cursor, table, batch.whole)
        if owner:
            _with(cursor, table, batch.whole, f"INSERT INTO {STALE.name} SELECT {owner} FROM incoming")
    for part in batch.parts:
        changed = ", ".join(f"{name} = {table.made(name)}" for name in part if name != table.key)
        same = f"{table.name}.{table.key} = incoming.{table.key} AND {_between(table, part[table.key])}"
        owners = f"INSERT INTO {STALE.name} SELECT {table.name}.{owner} FROM {table.name}, incoming WHERE {same}"
        if owner and owner in part:
            _with(cursor, table, {table.key: part[table.key]}, owners)
        touched += _with(cursor, table, part, f"UPDATE {table.name} SET {changed} FROM incoming WHERE {same}")
        if owner:
            _with(cursor, table, {table.key: part[table.key]}, owners)
    return touched


def _insert(cursor: duckdb.DuckDBPyConnection, table: Table, columns: Columns) -> int:
    made = ", ".join(map(table.made, columns))
    return _with(cursor, table, columns, f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {made} FROM incoming")


def _with(cursor: duckdb.DuckDBPyConnection, table: Table, columns: Columns, sql: str) -> int:
    cursor.register("incoming", table.arrow(columns))
    [(rows,)] = cursor.execute(sql).fetchall()
    cursor.unregister("incoming")
    return int(rows)


def _between(table: Table, keys: Sequence[int]) -> str:
    """Most rows are in the order of their keys, so that these bounds rule out nearly all of them."""
    return f"{table.name}.{table.key} BETWEEN {min(keys)} AND {max(keys)}"
