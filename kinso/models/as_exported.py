"""What an export saw, in one short text for each row: whatever a spreadsheet does to the other cells, this one stays.

It begins with a letter and holds no sign that a spreadsheet makes something of. Rows may be sorted, left out and
copied, columns moved and removed: the text says whom it is about, and of each cell whether it is as it was.
"""

from __future__ import annotations

import binascii
from base64 import b32decode, b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

AS_EXPORTED = "asExported"
"""The column."""

SEEN_FIELDS = ("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus")
"""Of a customer, in the order in which their digests are kept."""

_CUSTOMER, _ENTRY = "c1-", "p1-"
_ID, _DIGEST, _MILLISECONDS, _OFFSET = 12, 4, 7, 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class ExportedMoment:
    """A moment, and what the clock of the shop showed then."""

    utc: datetime
    offset: timedelta

    @property
    def shown(self) -> datetime:
        """Date and time of that clock, without a zone and to the second."""
        return (self.utc + self.offset).replace(tzinfo=None, microsecond=0)


@dataclass(frozen=True)
class ExportedCustomer:
    """A customer as an export saw them, by their `_id`; of the values only digests are known."""

    id: str
    digests: Mapping[str, int]
    created: ExportedMoment

    def saw(self, field: str, text: str) -> bool:
        """Whether the field was written like this, unescaped."""
        return self.digests[field] == digest(self.id, text)


@dataclass(frozen=True)
class ExportedEntry:
    """An entry of the ledger as an export saw it, by its `_id`."""

    id: str
    at: ExportedMoment


def digest(id: str, text: str) -> int:
    """Tells texts apart, and the same text of different customers."""
    return crc32(text.encode("utf-8", "surrogatepass"), crc32(id.encode()))


def customer_as_exported(id: str, cells: Mapping[str, str], created_at: datetime, zone: ZoneInfo) -> str:
    """The text for one customer with these cells, which are unescaped; nothing for an `_id` of another application."""
    digests = b"".join(digest(id, cells[field]).to_bytes(_DIGEST) for field in SEEN_FIELDS)
    return _written(_CUSTOMER, id, digests + _moment_in_bytes(created_at, zone))


def entry_as_exported(id: str, sold_at: datetime, zone: ZoneInfo) -> str:
    """The text for one entry of the ledger."""
    return _written(_ENTRY, id, _moment_in_bytes(sold_at, zone))


def read_exported_customer(text: str) -> ExportedCustomer | None:
    """What the text says; None when it is not whole."""
    content = _content(_CUSTOMER, text)
    length = len(SEEN_FIELDS) * _DIGEST
    if content is None or len(content) != _ID + length + _MILLISECONDS + _OFFSET:
        return None
    digests = content[_ID : _ID + length]
    return ExportedCustomer(
        id=content[:_ID].hex(),
        digests={
            field: int.from_bytes(digests[place * _DIGEST : (place + 1) * _DIGEST])
            for place, field in enumerate(SEEN_FIELDS)
        },
        created=_moment(content[_ID + length :]),
    )


def read_exported_entry(text: str) -> ExportedEntry | None:
    """What the text says; None when it is not whole."""
    content = _content(_ENTRY, text)
    if content is None or len(content) != _ID + _MILLISECONDS + _OFFSET:
        return None
    return ExportedEntry(content[:_ID].hex(), _moment(content[_ID:]))


def _written(kind: str, id: str, rest: bytes) -> str:
    try:
        content = bytes.fromhex(id) + rest
    except ValueError:
        return ""
    whole = content + crc32(content).to_bytes(_DIGEST)
    return kind + b32encode(whole).decode("ascii").rstrip("=").lower()


def _content(kind: str, text: str) -> bytes | None:
    """What is between the kind and the digest of the whole, when that fits."""
    written = text.strip().lower()
    letters = written.removeprefix(kind).upper()
    if not written.startswith(kind):
        return None
    try:
        whole = b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        return None
    content, check = whole[:-_DIGEST], whole[-_DIGEST:]
    return content if crc32(content).to_bytes(_DIGEST) == check else None


def _moment_in_bytes(moment: datetime, zone: ZoneInfo) -> bytes:
    milliseconds = (moment - _EPOCH) // _MILLISECOND
    seconds = round(_offset(moment, zone).total_seconds())
    return milliseconds.to_bytes(_MILLISECONDS, signed=True) + seconds.to_bytes(_OFFSET, signed=True)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    try:
        return moment.astimezone(zone).utcoffset() or timedelta()
    except OverflowError:
        # The first or the last day there is, from another application.
        return timedelta()


def _moment(content: bytes) -> ExportedMoment:
    milliseconds = int.from_bytes(content[:_MILLISECONDS], signed=True)
    offset = timedelta(seconds=int.from_bytes(content[_MILLISECONDS:], signed=True))
    return ExportedMoment(_EPOCH + milliseconds * _MILLISECOND, offset)
