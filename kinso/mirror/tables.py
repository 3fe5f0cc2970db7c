"""The tables of the mirror; those of customers follow the declared fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from kinso.models.fields import FIELDS, SPECIFIED, Field


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
NUMBER = ColumnType("DOUBLE", pa.float64())
DAY = ColumnType("DATE", pa.date32())
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
    "date": DAY,
    "number": NUMBER,
    "tags": ColumnType("VARCHAR[]", pa.list_(pa.string())),
}
"""By the key of each type that a field can have."""


Columns = dict[str, Sequence[Any]]
"""Values by column, all of one length; a column may be an array of Arrow already."""


@dataclass(frozen=True)
class Table:
    """A table, and its columns by name.

    Rows are found by the first one, which tells them apart, or says which row of another table they are parts of.
    `owner` is the column with the customer whose derived columns are computed of the row.
    """

    name: str
    columns: dict[str, ColumnType]
    owner: str | None = None

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


FOLDED = tuple(field for field in FIELDS[SPECIFIED:] if field.type.key in ("text", "lines", "choice", "tags"))
"""Fields of which the form that is compared is made here; the specified ones have it in documents."""


def folded_column(field: Field) -> str:
    """Where that form is."""
    return f"{field.attribute}_key"


DERIVED = {
    "has_address": FLAG,
    "sale_count": COUNT,
    "sold": CENTS,
    "largest_sale": CENTS,
    "refund_count": COUNT,
    "refunded": CENTS,
    "items": COUNT,
    "methods": COUNT,
    "weekdays": COUNT,
    "hours": COUNT,
    "first_day": DAY,
    "last_day": DAY,
    "usual_days": NUMBER,
    "member_since": DAY,
    "member_by": WORD,
    "was_member": FLAG,
}
"""What is computed of the other tables; see `kinso.mirror.derived`."""
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
        **{folded_column(field): OF_FIELD_TYPE[field.type.key] for field in FOLDED},
        "registered_by": TEXT,
        "registered_by_key": TEXT,
        "registered_from": WORD,
        "has_phone": FLAG,
        "has_email": FLAG,
        **DERIVED,
    },
    owner="key",
)
"""`odd_id` is the `_id` that another application gave, where it is none of MongoDB's own.

The `…_key` columns are what customers are sorted by, `searched` is what a search looks through.
"""
CUSTOMER_KEYS = Table("customer_keys", {"customer": KEY, "hash": HASH, "is_name": FLAG})
"""What the same person would have in common, be it a part of a name or not; see `kinso.database.search`."""
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
        "method": WORD,
        "items": COUNT,
    },
    owner="customer",
)
"""`counts` is False for what was undone; `trashed` and `revenue_only` for what deleted customers bought and what of it
stays in the revenue. `sale` and `refund_of` stand for sale IDs. `items` are counted in thousandths."""
MEMBERSHIPS = Table(
    "memberships",
    {"key": KEY, "customer": KEY, "begin": MOMENT, "until": MOMENT, "begun_by": WORD},
    owner="customer",
)
"""`until` is empty while one lasts."""
STALE = Table("stale", {"customer": KEY})
"""Customers whose derived columns are to be computed anew; perhaps more than once."""
DERIVED_IN = Table("derived_in", {"zone": TEXT})
"""The time zone for which these columns were computed; no row while they are not."""
TABLES = (CUSTOMERS, CUSTOMER_KEYS, ENTRIES, MEMBERSHIPS)
NAMES = tuple(table.name for table in TABLES)
