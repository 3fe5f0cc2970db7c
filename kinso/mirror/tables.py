"""The tables of the mirror; those of customers follow the declared fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from kinso.models.fields import FIELDS


@dataclass(frozen=True)
class ColumnType:
    """What DuckDB calls a type, what values are handed over as, and how the one becomes the other."""

    sql: str
    arrow: pa.DataType
    made: str = "{}"


TEXT = ColumnType("VARCHAR", pa.string())
FLAG = ColumnType("BOOLEAN", pa.bool_())
COUNT = ColumnType("BIGINT", pa.int64())
CENTS = COUNT
MOMENT = ColumnType("TIMESTAMP", pa.timestamp("us"))
HASH = ColumnType("UBIGINT", pa.string(), "CASE WHEN {0} IS NOT NULL THEN hash({0}) END")
"""Stands for a text that is only compared."""
WORD = ColumnType("VARCHAR", pa.dictionary(pa.int32(), pa.string()))
KEY = ColumnType("HUGEINT", pa.decimal128(38))
"""What tells documents apart: a number that is in the order of their `_id`s."""


def _unpacked(type: ColumnType) -> ColumnType:
    """The same, for a column that many questions read of everybody: it takes more memory, and a third of the time."""
    return replace(type, sql=f"{type.sql} USING COMPRESSION uncompressed")


OF_FIELD_TYPE: dict[str, ColumnType] = {
    "text": TEXT,
    "lines": TEXT,
    "choice": TEXT,
    "amount": CENTS,
    "yes/no": FLAG,
    "date": ColumnType("DATE", pa.date32()),
    "number": ColumnType("DOUBLE", pa.float64()),
    "tags": ColumnType("VARCHAR[]", pa.list_(pa.string())),
}
"""By the key of each type that a field can have."""


Columns = dict[str, Sequence[Any]]
"""Values by column, all of one length; a column may be an array of Arrow already."""


@dataclass(frozen=True)
class Table:
    """A table, and its columns by name.

    Rows are found by the first one, which tells them apart, or says which row of another table they are parts of.
    """

    name: str
    columns: dict[str, ColumnType]

    @property
    def key(self) -> str:
        """The column that rows are found by."""
        return next(iter(self.columns))

    @property
    def definition(self) -> str:
        """The statement that creates it."""
        columns = ", ".join(f"{name} {type.sql}" for name, type in self.columns.items())
        return f"CREATE TABLE {self.name} ({columns})"

    def arrow(self, columns: Columns) -> pa.Table:
        """Some of the columns, as they are handed over."""
        return pa.table(
            {
                name: values if isinstance(values, pa.Array) else pa.array(values, self.columns[name].arrow)
                for name, values in columns.items()
            }
        )

    def made(self, name: str) -> str:
        """A column of what is handed over, as it is kept."""
        return self.columns[name].made.format(f"incoming.{name}")


CUSTOMERS = Table(
    "customers",
    {
        "key": _unpacked(KEY),
        "odd_id": TEXT,
        **{field.attribute: OF_FIELD_TYPE[field.type.key] for field in FIELDS},
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "version": COUNT,
        "excluded": FLAG,
        "id_key": TEXT,
        "name_key": _unpacked(TEXT),
        "contact_key": _unpacked(TEXT),
        "searched": _unpacked(TEXT),
    },
)
"""`odd_id` is the `_id` that another application gave, where it is none of MongoDB's own.

The `…_key` columns are what customers are sorted by, `searched` is what a search looks through.
"""
CUSTOMER_KEYS = Table("customer_keys", {"customer": KEY, "hash": HASH})
"""What the same person would have in common; see `kinso.database.search`."""
ENTRIES = Table(
    "entries",
    {
        "key": KEY,
        "customer": KEY,
        "kind": WORD,
        "cents": CENTS,
        "sold_at": MOMENT,
        "counts_at": MOMENT,
        "counts": FLAG,
        "trashed": FLAG,
        "revenue_only": FLAG,
        "sale": HASH,
        "refund_of": HASH,
    },
)
"""`counts` is False for what was undone; `trashed` and `revenue_only` for what deleted customers bought and what of it
stays in the revenue. `sale` and `refund_of` stand for sale IDs."""
MEMBERSHIPS = Table("memberships", {"key": KEY, "customer": KEY, "begin": MOMENT, "until": MOMENT, "begun_by": WORD})
"""`until` is empty while one lasts."""
TABLES = (CUSTOMERS, CUSTOMER_KEYS, ENTRIES, MEMBERSHIPS)
NAMES = tuple(table.name for table in TABLES)
