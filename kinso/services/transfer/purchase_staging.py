"""The rows of a file of purchases, put in order on disk: a million of them need no memory.

They are needed by sale ID, to find repetitions, and by customer, to change each customer once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from kinso.database.search import case_duplicate_key
from kinso.models.text import id_key
from kinso.models.transfer.plans import PurchaseFigures, PurchaseRow
from kinso.repository.customers_search import ByCustomerId

_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE entries (
        row INTEGER PRIMARY KEY, line INTEGER, sale_id TEXT UNIQUE, customer_id TEXT, amount INTEGER, sold_at INTEGER,
        kind TEXT, refund_of TEXT, payment_method TEXT, note TEXT, customer_name TEXT, contact_info TEXT,
        exported_as TEXT, customer TEXT, recorded INTEGER DEFAULT 0
    );
    CREATE TABLE customers (customer TEXT PRIMARY KEY, id TEXT, gives_way INTEGER DEFAULT 0);
"""
_BY_CUSTOMER = "CREATE INDEX by_customer ON entries (customer, amount < 0, row)"
_FIELDS = (  # in the order of `PurchaseRow`
    *("row", "line", "sale_id", "customer_id", "amount", "sold_at", "kind", "refund_of", "payment_method", "note"),
    *("customer_name", "contact_info", "exported_as"),
)
_COLUMNS = ", ".join(_FIELDS)
_INSERT = f"INSERT OR IGNORE INTO entries ({_COLUMNS}, customer) VALUES ({'?, ' * len(_FIELDS)}?)"  # noqa: S608
_IN_ORDER = f"SELECT {_COLUMNS} FROM entries WHERE recorded = 0 ORDER BY customer, amount < 0, row"  # noqa: S608
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SAME = attrgetter("amount", "sold_at", "kind", "refund_of")


@dataclass(frozen=True)
class Portion:
    """Entries of one customer, as many as fit one transaction; `customer` is their `key`.

    `known_as` is the `_id`, None for a customer who is to be created. `is_first` is False for what follows of a
    customer with very many entries. `gives_way` is what these entries explain of an opening balance.
    """

    customer: str
    known_as: str | None
    is_first: bool
    rows: Sequence[PurchaseRow]
    gives_way: Decimal = Decimal("0.00")


EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True)
class RefundSum:
    """What goes back for one sale in all; `row` and `line` are those of the first refund."""

    sale_id: str
    customer: str
    amount: Decimal
    row: int
    line: int


class Staging:
    """Entries that wait to be written; those that are recorded already only count.

    `duplicates` are the stored customers whose IDs look like those of others but for letter case, `aliases` the
    compared forms of IDs whose customers were merged into others, with those of the others.
    """

    def __init__(
        self, database: sqlite3.Connection, duplicates: ByCustomerId, aliases: Mapping[str, str] = EMPTY
    ) -> None:
        self._database = database
        self._duplicates = duplicates if any(True for _ in duplicates) else None
        self._aliases = aliases
        self.repeated = 0

    def key(self, customer_id: str) -> str:
        """What tells this customer from others: the compared form of the ID; raises `AmbiguousCustomerId`."""
        duplicate = self._duplicates.get(customer_id) if self._duplicates else None
        key = id_key(customer_id)
        return case_duplicate_key(key, duplicate.id) if duplicate else self._aliases.get(key, key)

    def add(self, row: PurchaseRow) -> PurchaseRow | None:
        """Take the row; returns an earlier one with the same sale ID and another content, which stays instead.

        Raises `AmbiguousCustomerId`.
        """
        key = self.key(row.customer_id)
        values = (
            *(row.row, row.line, row.sale_id, row.customer_id, _to_cents(row.amount), _to_milliseconds(row.sold_at)),
            *(row.kind, row.refund_of, row.payment_method, row.note, row.customer_name, row.contact_info),
            row.exported_as,
            key,
        )
        if self._database.execute(_INSERT, values).rowcount:
            return None
        earlier = self.entry(row.sale_id)
        same = earlier and self.key(earlier.customer_id) == key and _SAME(earlier) == _SAME(row)
        if same:
            self.repeated += 1
            return None
        return earlier

    def finish_adding(self) -> None:
        """Put in order what was added."""
        self._database.execute(_BY_CUSTOMER)

    def entry(self, sale_id: str) -> PurchaseRow | None:
        """The entry with this ID, whether it is recorded already or not, unless it is left out."""
        query = f"SELECT {_COLUMNS} FROM entries WHERE sale_id = ? AND recorded < 2"  # noqa: S608
        found = self._database.execute(query, (sale_id,)).fetchone()
        return _to_row(found) if found else None

    def rows(self) -> Iterator[PurchaseRow]:
        """Everything not marked as recorded, by customer, what is positive first; rows may be marked meanwhile."""
        return map(_to_row, self._database.execute(_IN_ORDER))

    def mark_recorded(self, rows: Sequence[int]) -> None:
        """Leave these out from now on."""
        self._database.executemany("UPDATE entries SET recorded = 1 WHERE row = ?", [(row,) for row in rows])

    def leave_out(self, rows: Sequence[int]) -> None:
        """Leave these out from now on, although they are not recorded."""
        self._database.executemany("UPDATE entries SET recorded = 2 WHERE row = ?", [(row,) for row in rows])

    def know(self, customers: Sequence[tuple[str, str | None]]) -> None:
        """Note the `_id` of customers by their `key`, None for those who are not known."""
        self._database.executemany("INSERT OR IGNORE INTO customers (customer, id) VALUES (?, ?)", customers)

    def by_customer(self) -> Iterator[tuple[str | None, Sequence[PurchaseRow]]]:
        """What is to be recorded of each customer, by their `_id` if they are stored, what is positive first."""
        for customer, rows in groupby(self.rows(), lambda row: self.key(row.customer_id)):
            known_as, _ = self._customer(customer)
            yield known_as, list(rows)

    def give_way(self, amounts: Mapping[str, Decimal]) -> None:
        """Note what the opening balances of these customers (by `_id`) give way by."""
        values = [(_to_cents(amount), id) for id, amount in amounts.items()]
        self._database.executemany("UPDATE customers SET gives_way = ? WHERE id = ?", values)

    def sums(self) -> Iterator[tuple[str, str | None, Decimal, int, int]]:
        """For each customer: ID as typed, `_id`, what is added in all, row and line of the first entry."""
        found = self._database.execute(
            "SELECT customer_id, id, TOTAL(amount) - MAX(COALESCE(gives_way, 0)), MIN(row), line"
            " FROM entries LEFT JOIN customers USING (customer)"
            " WHERE recorded = 0 GROUP BY customer"
        )
        return ((typed, id, _from_cents(cents), row, line) for typed, id, cents, row, line in found)

    def refunds(self) -> Iterator[RefundSum]:
        """What is refunded of each sale and not recorded yet."""
        found = self._database.execute(
            "SELECT refund_of, customer, TOTAL(amount), MIN(row), line FROM entries"
            " WHERE recorded = 0 AND kind = 'refund' GROUP BY refund_of, customer"
        )
        return (
            RefundSum(sale_id, customer, _from_cents(cents), row, line) for sale_id, customer, cents, row, line in found
        )

    def refund_rows(self) -> Iterator[PurchaseRow]:
        """Every refund that is not recorded yet."""
        query = f"SELECT {_COLUMNS} FROM entries WHERE recorded = 0 AND kind = 'refund'"  # noqa: S608
        return map(_to_row, self._database.execute(query))

    def figures(self) -> PurchaseFigures:
        """What the file holds beside what is stored."""
        new, total, first, last, customers = self._database.execute(
            "SELECT COUNT(*), TOTAL(amount), MIN(sold_at), MAX(sold_at), COUNT(DISTINCT customer)"
            " FROM entries WHERE recorded = 0"
        ).fetchone()
        [recorded] = self._database.execute("SELECT COUNT(*) FROM entries WHERE recorded = 1").fetchone()
        [unknown] = self._database.execute("SELECT COUNT(*) FROM customers WHERE id IS NULL").fetchone()
        return PurchaseFigures(
            new=new,
            recorded=recorded + self.repeated,
            customers=customers,
            unknown=unknown,
            total=_from_cents(total),
            first_at=None if first is None else _from_milliseconds(first),
            last_at=None if last is None else _from_milliseconds(last),
        )

    def portions(self, largest: int) -> Iterator[Portion]:
        """What is to be recorded, customer by customer, at most `largest` entries at once."""
        for customer, rows in groupby(self.rows(), lambda row: self.key(row.customer_id)):
            known_as, gives_way = self._customer(customer)
            portion: list[PurchaseRow] = []
            is_first = True
            for row in rows:
                if len(portion) == largest:
                    yield Portion(customer, known_as, is_first, portion, gives_way)
                    portion, is_first, gives_way = [], False, Decimal("0.00")
                portion.append(row)
            yield Portion(customer, known_as, is_first, portion, gives_way)

    def _customer(self, key: str) -> tuple[str | None, Decimal]:
        """The `_id`, and what the opening balance gives way by."""
        query = "SELECT id, gives_way FROM customers WHERE customer = ?"
        id, cents = self._database.execute(query, (key,)).fetchone()
        return id, _from_cents(cents)


@contextmanager
def new_staging(duplicates: ByCustomerId, aliases: Mapping[str, str] = EMPTY) -> Iterator[Staging]:
    """An empty one, in a temporary file that vanishes with it."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(_TABLES)
        database.execute("BEGIN")
        yield Staging(database, duplicates, aliases)


def _to_row(found: Sequence[Any]) -> PurchaseRow:
    row, line, sale_id, customer_id, cents, moment, *others = found
    return PurchaseRow(row, line, sale_id, customer_id, _from_cents(cents), _from_milliseconds(moment), *others)


def _to_cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _from_cents(cents: float) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)


def _to_milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _from_milliseconds(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND
