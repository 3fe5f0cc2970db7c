"""How values are written in the cells of a CSV file, what an export saw of a customer, and what spreadsheets damage."""

from __future__ import annotations

import binascii
import re
import unicodedata
from base64 import b32decode, b32encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32
from zoneinfo import ZoneInfo

from kinso.models.fields import BY_NAME, FIELDS, SPECIFIED

if TYPE_CHECKING:
    from kinso.models.customers import Customer

Flavour = Literal["excel", "raw"]
"""For people with a spreadsheet, or for programs."""
AS_EXPORTED = "asExported"
"""The column that tells an import what the file saw."""
COLUMNS = (
    *(field.name for field in FIELDS[:SPECIFIED]),
    "createdAt",
    "updatedAt",
    *(field.name for field in FIELDS[SPECIFIED:]),
    "version",
    AS_EXPORTED,
)
"""Of an export, in its order."""

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet might run as a formula, and what looks like its escaped form."""
_ESCAPED_FORMULA = re.compile(r"'+\s*[=+\-@\t\r\n＝＋－＠]")


def escape_formula(text: str) -> str:
    """The text as a spreadsheet shows it instead of running it; every text has an escaped form of its own."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if _ESCAPED_FORMULA.match(text) else text


def written_cells(customer: Customer) -> dict[str, str]:
    """What people enter about one customer, by column, unescaped."""
    return {field.name: field.type.to_cell(field.of(customer)) for field in FIELDS}


def written_value(name: str, value: Any) -> str:
    """The value of one field as its cell, unescaped."""
    return BY_NAME[name].type.to_cell(value)


def on_one_line(text: str) -> str:
    """The lines of a typed address, joined by commas."""
    lines = [line.strip() for line in text.splitlines()]
    *others, last = [line for line in lines if line] or [""]
    return ", ".join([*(line.rstrip(", ") for line in others), last])


def written_moment(moment: datetime) -> str:
    """In ISO 8601 and UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_moment(moment: datetime, zone: ZoneInfo) -> str:
    """As spreadsheets take it for a date: `2026-11-01 00:30:00`, by the clock in `zone`."""
    try:
        shown = moment.astimezone(zone)
    except OverflowError:
        # Another application may have stored the first or the last day there is.
        shown = moment
    return shown.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def ascii_digits(text: str) -> str:
    """The text with the digits 0 to 9 for those of other scripts."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)


def shortened(text: str) -> str:
    """Short enough for a sentence, and on one line."""
    words = " ".join(text.split())
    return words if len(words) <= 40 else f"{words[:39]}…"


CUSTOMER_SEEN = "c3-"
DIGITS_OF_DIGEST = 8
_EARLIER_CUSTOMERS, _ENTRY = ("c2-", "c1-"), "p1-"
"""Before `c2-` all exports saw the specified fields; since then they say of how many fields there are digests."""
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
    """A customer as an export saw them, by their `_id`; of the values only digests are known, made by `digest`."""

    id: str
    digests: Mapping[str, str]
    created: ExportedMoment
    digest: Callable[[str, str], str]

    def saw(self, field: str, text: str) -> bool:
        """Whether the field was written like this, unescaped; one that came later was empty."""
        return self.digests[field] == self.digest(self.id, text) if field in self.digests else not text


@dataclass(frozen=True)
class ExportedEntry:
    """An entry of the ledger as an export saw it, by its `_id`."""

    id: str
    at: ExportedMoment


def digest(id: str, text: str) -> str:
    """Tells texts apart, and the same text of different customers."""
    return _digest(f"{id}{text}")


def _digest(text: str) -> str:
    whole = md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return whole.hexdigest()[:DIGITS_OF_DIGEST]


def _earlier_digest(id: str, text: str) -> str:
    return crc32(text.encode("utf-8", "surrogatepass"), crc32(id.encode())).to_bytes(_DIGEST).hex()


def entry_as_exported(id: str, sold_at: datetime, zone: ZoneInfo) -> str:
    """The text for one entry of the ledger."""
    return _written(_ENTRY, id, _moment_in_bytes(sold_at, zone))


_SEEN = re.compile(
    rf"{CUSTOMER_SEEN}([0-9a-f]{{24}})-((?:[0-9a-f]{{{DIGITS_OF_DIGEST}}})+)-(n?[0-9]{{1,15}})-(n?[0-9]{{1,5}})-([0-9a-f]+)"
)


def read_exported_customer(text: str) -> ExportedCustomer | None:
    """What the text says, as `CustomerExportRepository` writes it; None when it is not whole."""
    written = text.strip().lower()
    found = _SEEN.fullmatch(written)
    if found is None:
        return _read_earlier(written)
    id, digests, milliseconds, offset, check = found.groups()
    if _digest(written.rpartition("-")[0]) != check:
        return None
    parts = (digests[place : place + DIGITS_OF_DIGEST] for place in range(0, len(digests), DIGITS_OF_DIGEST))
    utc, seconds = (int(number.replace("n", "-")) for number in (milliseconds, offset))
    created = ExportedMoment(_EPOCH + utc * _MILLISECOND, timedelta(seconds=seconds))
    # What a later Kinso had beyond the fields of this one is not compared.
    return ExportedCustomer(id, {field.name: part for field, part in zip(FIELDS, parts, strict=False)}, created, digest)


def _read_earlier(text: str) -> ExportedCustomer | None:
    content, count = _content(_EARLIER_CUSTOMERS[1], text), SPECIFIED
    if content is None and (content := _content(_EARLIER_CUSTOMERS[0], text)):
        count, content = content[_ID], content[:_ID] + content[_ID + 1 :]
    length = count * _DIGEST
    if content is None or len(content) != _ID + length + _MILLISECONDS + _OFFSET:
        return None
    digests = content[_ID : _ID + length]
    return ExportedCustomer(
        id=content[:_ID].hex(),
        digests={
            field.name: digests[place * _DIGEST : (place + 1) * _DIGEST].hex()
            for place, field in enumerate(FIELDS[:count])
        },
        created=_moment(content[_ID + length :]),
        digest=_earlier_digest,
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


_SCIENTIFIC = re.compile(r"(?P<digits>\d(?:[.,]\d+)?)E[+-]?\d{1,3}", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<digits>\d+)(?:[.,]0+)?")
_WHOLE = re.compile(r"\+?\d+(?:\.\d+)?")
_WITHOUT_ZEROS = re.compile(r"(?:0|[1-9]\d*)(?:[.,]\d+)?")
_MOST_ZEROS = 20


def is_damaged(cell: str, text: str) -> bool:
    """Whether the cell is what a spreadsheet, or a program for tables, makes of this text."""
    written, whole = ascii_digits(cell).strip(), ascii_digits(text).strip()
    if written == whole:
        return False
    if not _WHOLE.fullmatch(whole):
        return bool(_SCIENTIFIC.fullmatch(whole)) and _is_same_number(written, _value(whole))
    return _is_same_number(written, Decimal(whole))


def undamaged_forms(cell: str) -> Iterator[str]:
    """What the cell may have been before its leading zeros, or its plus sign, were lost."""
    found = _NUMBER.fullmatch(ascii_digits(cell).strip())
    if found:
        digits = found["digits"]
        if digits != cell.strip():
            yield digits
        yield f"+{digits}"
        for zeros in range(1, _MOST_ZEROS):
            yield "0" * zeros + digits


def _is_same_number(written: str, number: Decimal) -> bool:
    if _WITHOUT_ZEROS.fullmatch(written):
        return _value(written) == number
    found = _SCIENTIFIC.fullmatch(written)
    if not found:
        return False
    shown = len(found["digits"].replace(",", "").replace(".", ""))
    return f"{number:.{shown - 1}E}" == f"{_value(written):.{shown - 1}E}"


def _value(written: str) -> Decimal:
    return Decimal(written.replace(",", "."))
