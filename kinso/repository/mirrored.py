"""What of the documents the mirror holds: from documents and events to rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from bson import ObjectId
from bson.tz_util import utc as utc_of_driver

from kinso.database.change_stream import Event
from kinso.database.search import HELPERS, is_email_key, is_name_key, is_phone_key
from kinso.mirror.mirror import Batch
from kinso.mirror.tables import CUSTOMER_KEYS, CUSTOMERS, ENTRIES, FOLDED, MEMBERSHIPS, Columns, Table, folded_column
from kinso.models.customers import Customer
from kinso.models.facts import EARLIER, REGISTERED_FROM
from kinso.models.field_types import FieldType
from kinso.models.fields import FIELDS
from kinso.models.money import read_stored_amount
from kinso.models.payment_methods import PAYMENT_METHODS
from kinso.models.purchases import PURCHASE_KINDS, TYPED_KINDS
from kinso.models.stored import EARLIEST, readable_moment, readable_text, readable_version, trusted
from kinso.models.text import fold
from kinso.repository.documents import Document, birth

_DIGITS = 24
_SPELLED = re.compile(r"[0-9a-fA-F]{24}")
_BYTES = 12
_ODD = 1 << 96
_LARGEST = 2**63 - 1
_KINDS = frozenset({*PURCHASE_KINDS, *TYPED_KINDS})

Reader = Callable[[Any], Any]


def key_of(id: Any) -> int:
    """The number by which the mirror knows the `_id`, or the text of one; that of an odd one is beyond all others."""
    if isinstance(id, ObjectId):
        return int.from_bytes(id.binary, "big")
    text = id if isinstance(id, str) else str(id)
    if _SPELLED.fullmatch(text):
        return int(text, 16)
    return _ODD | int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:_BYTES], "big")


def id_of(key: int, odd_id: str | None = None) -> str:
    """The text of the `_id` that `key_of` was given."""
    return f"{key:0{_DIGITS}x}" if odd_id is None else odd_id


def is_odd(key: int) -> bool:
    """Whether the `_id` is none of MongoDB's own."""
    return key >= _ODD


def cents_of(amount: Any) -> int:
    """Any stored amount in whole cents; one that is larger than can be is the largest."""
    return _bounded(int(read_stored_amount(amount) * 100))


def count_of(version: Any) -> int:
    """Any stored version."""
    return _bounded(readable_version(version))


def _bounded(number: int) -> int:
    return min(max(number, -_LARGEST), _LARGEST)


def amount_of(cents: int | None) -> Decimal:
    """The amount of so many cents; 0 where nothing was added up."""
    return Decimal(int(cents or 0)).scaleb(-2)


def utc(moment: datetime) -> datetime:
    """The moment as the mirror holds it."""
    # What the driver reads is in UTC already, and that is most of them.
    return (moment if moment.tzinfo is utc_of_driver else moment.astimezone(UTC)).replace(tzinfo=None)


def bucket(column: str, boundaries: Sequence[datetime] | Sequence[int]) -> str:
    """The number of the boundary that a value is at or above, from 0; none below the first or from the last one on."""
    written = [f"TIMESTAMP '{each.isoformat(sep=' ')}'" if isinstance(each, datetime) else each for each in boundaries]
    first, *others, last = written
    places = " + ".join([f"({column} >= {each})::INTEGER" for each in others]) or "0"
    return f"CASE WHEN {column} >= {first} AND {column} < {last} THEN {places} END"


CUSTOMER_COLUMNS = (
    "key",
    "odd_id",
    *(field.attribute for field in FIELDS),
    *("created_at", "updated_at", "version", "excluded"),
)
"""What `customer_of` reads, in its order."""


def customer_of(row: Sequence[Any]) -> Customer:
    """The customer in a row of these columns."""
    key, odd_id, *entered, created_at, updated_at, version, excluded = row
    values = {field.attribute: value_of(field.type, value) for field, value in zip(FIELDS, entered, strict=True)}
    values |= {
        "id": id_of(key, odd_id),
        "created_at": created_at.replace(tzinfo=UTC),
        "updated_at": updated_at.replace(tzinfo=UTC),
        "version": version,
        "excluded": excluded,
        "aliases": (),
    }
    return trusted(Customer, values)


def value_of(type: FieldType, value: Any) -> Any:
    """The value of a field of this type in its column."""
    if type.key == "amount":
        return amount_of(value)
    if type.key == "tags":
        return tuple(value)
    return type.read(value) if type.key == "number" else value


class SourceColumn(NamedTuple):
    """The field at a path as a column; `wanted` is what has to be read of the field, where that is not all of it."""

    path: str
    name: str
    read: Reader
    wanted: str = ""


@dataclass(frozen=True)
class Source:
    """A collection, and which columns its stored fields become."""

    collection: str
    table: Table
    columns: tuple[SourceColumn, ...]
    complete: Callable[[Document, dict[str, Any]], None] = lambda document, row: None
    """Sets what depends on several fields."""
    parts: tuple[str, ...] = ()
    """The paths of what becomes rows of another table."""

    @property
    def projection(self) -> dict[str, bool]:
        """What has to be read of a document."""
        return dict.fromkeys([*(column.wanted or column.path for column in self.columns), *self.parts], True)

    @cached_property
    def by_path(self) -> Mapping[str, tuple[SourceColumn, ...]]:
        """The columns that the field at each path becomes."""
        found: dict[str, list[SourceColumn]] = {}
        for column in self.columns:
            found.setdefault(column.path, []).append(column)
        return {path: tuple(columns) for path, columns in found.items()}

    def rows(self, documents: Sequence[Document]) -> Columns:
        """Whole documents as rows."""
        rows = [self._row(document) for document in documents]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    def part(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The columns that an update sets; None when its values alone do not tell them."""
        told: dict[str, Any] = {}
        known = (*self.by_path, *self.parts)
        for path, value in values.items():
            if path in self.by_path:
                told |= {column.name: column.read(value) for column in self.by_path[path]}
                if any(told[column.name] is None and column.name in DEPENDENT for column in self.by_path[path]):
                    return None
            elif any(path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in known):
                return None
        return told

    def _row(self, document: Document) -> dict[str, Any]:
        row = {"key": key_of(document["_id"])}
        for path, name, read, _ in self.columns:
            row[name] = read(_at(document, path))
        self.complete(document, row)
        return row


def _at(document: Document, path: str) -> Any:
    first, _, rest = path.partition(".")
    value = document.get(first)
    return value if not rest else _at(value, rest) if isinstance(value, Mapping) else None


DEPENDENT = frozenset({"created_at", "updated_at"})
"""What stands for them when there is no such date depends on other fields."""


def read_moment(value: Any) -> datetime | None:
    """The date that is stored, as the mirror holds it; None for what is none."""
    moment = readable_moment(value)
    return utc(moment) if moment else None


def _complete_customer(document: Document, row: dict[str, Any]) -> None:
    id = document["_id"]
    row["odd_id"] = None if isinstance(id, ObjectId) else str(id)
    row["created_at"] = row["created_at"] or utc(birth(id))
    row["updated_at"] = row["updated_at"] or row["created_at"]


def _reader(type: FieldType) -> Reader:
    if type.bson in _READERS:
        return _READERS[type.bson]
    if type.key == "amount":
        return cents_of
    if type.key == "tags":
        return lambda stored: list(type.read(stored))
    if type.key == "number":
        return lambda stored: type.to_stored(type.read(stored))
    return type.read


def is_true(stored: Any) -> bool:
    """Whether it is true and nothing else."""
    return stored is True


def is_false(stored: Any) -> bool:
    """Whether it is false and nothing else."""
    return stored is False


def kind_or_none(stored: Any) -> str | None:
    """The kind of an entry; None for what is none."""
    return stored if isinstance(stored, str) and stored in _KINDS else None


def text_or_none(stored: Any) -> str | None:
    """A text; None for what is none."""
    return stored if isinstance(stored, str) else None


def method_or_none(stored: Any) -> str | None:
    """How somebody has paid; None for what is none of the ways that there are."""
    return stored if isinstance(stored, str) and stored in PAYMENT_METHODS else None


def thousandths_of(items: Any) -> int:
    """How many of everything the lines of a receipt are together, in thousandths of one."""
    return _bounded(sum(_thousandths(item.get("quantity")) for item in _list(items) if isinstance(item, Mapping)))


def _thousandths(quantity: Any) -> int:
    is_number = isinstance(quantity, int | float) and not isinstance(quantity, bool) and math.isfinite(quantity)
    return round(quantity * 1000) if is_number else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def has_phone(keys: Any) -> bool:
    """Whether one of what somebody has in common with others is a phone number."""
    return any(isinstance(key, str) and is_phone_key(key) for key in _list(keys))


def has_email(keys: Any) -> bool:
    """The same for an e-mail address."""
    return any(isinstance(key, str) and is_email_key(key) for key in _list(keys))


def source_or_earlier(stored: Any) -> str:
    """From where somebody was registered; an earlier application did not say so."""
    return stored if isinstance(stored, str) and stored in REGISTERED_FROM else EARLIER


def _folded_text(stored: Any) -> str:
    return fold(readable_text(stored))


def _folded(type: FieldType) -> Reader:
    if type.key == "tags":
        return lambda stored: list(map(fold, type.read(stored)))
    return lambda stored: fold(type.read(stored))


KEYS = f"{HELPERS}.keys"
_READERS: dict[str, Reader] = {"string": readable_text, "bool": is_true}
"""By what MongoDB calls the type of a field."""

CUSTOMER_SOURCE = Source(
    "customers",
    CUSTOMERS,
    (
        *(SourceColumn(field.name, field.attribute, _reader(field.type)) for field in FIELDS),
        *(SourceColumn(field.name, folded_column(field), _folded(field.type)) for field in FOLDED),
        SourceColumn("createdAt", "created_at", read_moment),
        SourceColumn("updatedAt", "updated_at", read_moment),
        SourceColumn("version", "version", count_of),
        SourceColumn("membershipHeld", "excluded", is_true),
        SourceColumn(f"{HELPERS}.id", "id_key", readable_text),
        SourceColumn(f"{HELPERS}.name", "name_key", readable_text),
        SourceColumn(f"{HELPERS}.contact", "contact_key", readable_text),
        SourceColumn(f"{HELPERS}.text", "searched", readable_text),
        SourceColumn("registration.byName", "registered_by", readable_text),
        SourceColumn("registration.byName", "registered_by_key", _folded_text),
        SourceColumn("registration.source", "registered_from", source_or_earlier),
        SourceColumn(KEYS, "has_phone", has_phone),
        SourceColumn(KEYS, "has_email", has_email),
    ),
    _complete_customer,
    parts=(KEYS,),
)
ENTRY_SOURCE = Source(
    "sales",
    ENTRIES,
    (
        SourceColumn("customer", "customer", key_of),
        SourceColumn("kind", "kind", kind_or_none),
        SourceColumn("amount", "cents", cents_of),
        SourceColumn("soldAt", "sold_at", read_moment),
        SourceColumn("countsAt", "counts_at", read_moment),
        SourceColumn("void", "counts", is_false),
        SourceColumn("trashed", "trashed", is_true),
        SourceColumn("revenueOnly", "revenue_only", is_true),
        SourceColumn("saleId", "sale", text_or_none),
        SourceColumn("refundOf", "refund_of", text_or_none),
        SourceColumn("paymentMethod", "method", method_or_none),
        SourceColumn("items", "items", thousandths_of, wanted="items.quantity"),
    ),
)
MEMBERSHIP_SOURCE = Source(
    "memberships",
    MEMBERSHIPS,
    (
        SourceColumn("customer", "customer", key_of),
        SourceColumn("from", "begin", read_moment),
        SourceColumn("to", "until", read_moment),
        SourceColumn("begun.basis", "begun_by", text_or_none),
    ),
)
SOURCES = {source.collection: source for source in (CUSTOMER_SOURCE, ENTRY_SOURCE, MEMBERSHIP_SOURCE)}


def wanted_fields() -> list[str]:
    """The paths of all that has to be read of documents."""
    return sorted({path for source in SOURCES.values() for path in source.projection})


def key_rows(documents: Iterable[Document]) -> Columns:
    """What each of these customers may have in common with others, as rows."""
    pairs = [
        (key_of(document["_id"]), key)
        for document in documents
        for key in _list(_at(document, KEYS))
        if isinstance(key, str)
    ]
    return {
        "customer": [customer for customer, _ in pairs],
        "hash": [key for _, key in pairs],
        "is_name": [is_name_key(key) for _, key in pairs],
    }


@dataclass
class Happened:
    """What became of the documents of one collection: which are there as a whole, which were changed, which are gone.

    All by their keys. `again` are the `_id`s of those of which the events do not tell enough. `only_new` says that none
    of them was there before.
    """

    whole: dict[int, Document] = field(default_factory=dict)
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    again: dict[int, Any] = field(default_factory=dict)
    ids: dict[int, Any] = field(default_factory=dict)
    only_new: bool = True

    @classmethod
    def of(cls, again: Iterable[Any]) -> Happened:
        """Anything may have become of the documents with these `_id`s."""
        return cls(again={key_of(id): id for id in again})

    def note(self, event: Event) -> None:
        """Take in the next event."""
        key = key_of(event.id)
        self.only_new = self.only_new and event.is_new
        if event.values is not None:
            if key in self.whole or key in self.again:
                self._forget(key)
                self.again[key] = event.id
            elif key not in self.gone:
                self.parts.setdefault(key, {}).update(event.values)
                self.ids[key] = event.id
            return
        self._forget(key)
        if event.document is not None:
            self.whole[key] = event.document
        else:
            self.gone.add(key)

    def read_again(self, found: Iterable[Document]) -> None:
        """Take in the documents that are there of those in `again`; the others are gone."""
        for document in found:
            self.whole[key_of(document["_id"])] = document
        self.gone |= self.again.keys() - self.whole.keys()
        self.again.clear()

    def _forget(self, key: int) -> None:
        self.whole.pop(key, None)
        self.parts.pop(key, None)
        self.gone.discard(key)
        self.again.pop(key, None)


def earliest_touched(entries: Happened) -> datetime:
    """The moment before which no figure about purchases is another one after this happened to the ledger."""
    moments = [
        moment
        for document in entries.whole.values()
        for moment in (readable_moment(document.get(name)) for name in ("soldAt", "countsAt"))
    ]
    told = [moment for moment in moments if moment is not None]
    is_told = entries.only_new and not entries.again and len(told) == len(moments)
    return min(told, default=EARLIEST) if is_told else EARLIEST


def batches_of(
    happened: Mapping[str, Happened], read: Callable[[str, list[Any]], Iterable[Document]]
) -> dict[str, Batch]:
    """What happened, by the table that it happened to; `read` finds documents of a collection by their `_id`s."""
    batches: dict[str, Batch] = {}
    for collection, each in happened.items():
        source = SOURCES[collection]
        told = {key: source.part(values) for key, values in each.parts.items()}
        each.again |= {key: each.ids[key] for key, part in told.items() if part is None}
        if each.again:
            each.read_again(read(collection, list(each.again.values())))
        parts = {key: part for key, part in told.items() if part and key not in each.whole and key not in each.gone}
        gone = list(each.gone)
        batches[source.table.name] = Batch(source.rows(list(each.whole.values())), _alike(parts), gone)
        if source is CUSTOMER_SOURCE:
            batches[CUSTOMER_KEYS.name] = _key_batch(each, gone)
    return batches


def _alike(parts: Mapping[int, Mapping[str, Any]]) -> list[Columns]:
    """Changes of rows, those of the same columns together."""
    by_columns: dict[tuple[str, ...], list[tuple[int, Mapping[str, Any]]]] = {}
    for key, part in parts.items():
        by_columns.setdefault(tuple(sorted(part)), []).append((key, part))
    return [
        {"key": [key for key, _ in alike], **{name: [part[name] for _, part in alike] for name in names}}
        for names, alike in by_columns.items()
    ]


def _key_batch(happened: Happened, gone: Sequence[int]) -> Batch:
    changed = {key: values[KEYS] for key, values in happened.parts.items() if KEYS in values}
    documents = [
        *happened.whole.values(),
        *(
            {"_id": happened.ids[key], HELPERS: {"keys": keys}}
            for key, keys in changed.items()
            if key not in happened.whole and key not in happened.gone
        ),
    ]
    return Batch(key_rows(documents), gone=[*gone, *(key_of(document["_id"]) for document in documents)])
