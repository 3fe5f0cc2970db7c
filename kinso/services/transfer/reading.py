"""A CSV file as people really have it: its encoding, its delimiter, its header, its rows, the order of its dates."""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import IO, BinaryIO
from zoneinfo import ZoneInfo

from kinso.errors import FieldError, InvalidInput
from kinso.models.transfer.cells import ExportedMoment, unescape_formula
from kinso.models.transfer.dates import DateOrder, order_that_shows, possible_orders, read_moment

SURPLUS = "The row has more cells than the header; put a text with a delimiter in it between quotes."

_KEPT_IN_MEMORY = 16 * 1024 * 1024
_PIECE = 1024 * 1024
_TELLING = 64
"""Bytes at the start among which no text has a zero, but nearly every other file."""
_DELIMITERS = (",", ";", "\t", "|")
_DIRECTIVE = re.compile(r"\s*\"?sep=(?P<delimiter>[^\s\w\"]|\t)\"?\s*", re.IGNORECASE)
"""What tells Excel the delimiter, in a first line that it does not show."""
_MOST_ROWS_ABOVE = 30
"""In which a header is looked for; titles and dates of a report may stand above it."""
_SAVE_AS = "save it as “CSV UTF-8” and import that"
_WINDOWS = "cp1252"


@dataclass(frozen=True)
class Record:
    """One row: its typed cells by stored field name, for the columns that the file has.

    `row` counts as a spreadsheet does, `line` is where the row begins in the text. `surplus` is whether it has more
    cells than the header.
    """

    row: int
    line: int
    cells: Mapping[str, str]
    surplus: bool


class MalformedRow(Exception):
    """The text is not CSV from here on; the message is a sentence."""

    def __init__(self, row: int, line: int, message: str) -> None:
        super().__init__(message)
        self.row = row
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Layout:
    """What the columns of a kind of file may be called.

    `fields` maps bare names (letters and digits only, in lower case) to the fields that they mean. Without the
    `required` fields a file is of another kind: `complaint` says so, as a sentence.
    """

    fields: Mapping[str, str]
    required: frozenset[str]
    complaint: str


def named(names: Mapping[str, str]) -> dict[str, str]:
    """For a layout: names as people write them, by their bare form."""
    return {_bare(name): field for name, field in names.items()}


@dataclass(frozen=True)
class CsvFile:
    """An opened file, whose rows can be read any number of times."""

    content: IO[bytes]
    encoding: str
    delimiter: str
    has_directive: bool
    escaped: bool
    header_row: int
    columns: Mapping[int, str]
    width: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]

    def records(self) -> Iterator[Record]:
        """All rows below the header that are not empty, from the first; raises `MalformedRow`."""
        for row, line, cells in _rows(self.content, self.encoding, self.delimiter, skipped=self.has_directive):
            if row > self.header_row and any(cell.strip() for cell in cells):
                known = {name: cells[index] if index < len(cells) else "" for index, name in self.columns.items()}
                surplus = any(cell.strip() for cell in cells[self.width :])
                yield Record(row, line, known, surplus)

    def readings(self, cell: str) -> tuple[str, ...]:
        """The texts that a cell may stand for, the likelier one last.

        A byte order mark tells that the file went through a spreadsheet, so texts are in their escaped form. Without it
        they are as well if the spreadsheet dropped the mark, but are not in a raw export.
        """
        unescaped = unescape_formula(cell)
        return (unescaped,) if self.escaped or unescaped == cell else (cell, unescaped)


@contextmanager
def open_csv_file(source: bytes | BinaryIO, layout: Layout) -> Iterator[CsvFile]:
    """Copy `source` to a temporary place and understand its header.

    Raises `InvalidInput` for the field `file` when it is no text, has no usable header or names a column twice.
    """
    with tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY) as content:
        encoding = _copy(io.BytesIO(source) if isinstance(source, bytes) else source, content)
        declared = _declared_delimiter(content, encoding)
        header = _find_header(content, encoding, layout, declared)
        columns = _columns(header.cells, layout)
        yield CsvFile(
            content=content,
            encoding=encoding,
            delimiter=header.delimiter,
            has_directive=declared is not None,
            escaped=encoding in ("utf-8-sig", "utf-16"),
            header_row=header.row,
            columns=columns,
            width=len(header.cells),
            ignored_columns=tuple(
                name.strip() for index, name in enumerate(header.cells) if index not in columns and name.strip()
            ),
            notices=tuple(_notices(encoding, header)),
        )


@dataclass(frozen=True)
class FileDates:
    """Reads the dates in `fields`; they are before `latest`, in `zone` when they name none.

    `chosen` is the order of day and month where somebody chose one; otherwise all rows are looked at. `seen` tells what
    a row had in the first field when it was exported.
    """

    file: CsvFile
    fields: Sequence[str]
    zone: ZoneInfo
    latest: datetime
    chosen: DateOrder | None
    seen: Callable[[Record], ExportedMoment | None]

    def read(self, text: str, seen: ExportedMoment | None) -> datetime:
        """The moment in a cell; that of the export, exactly, when the cell still shows it.

        Raises ValueError with a sentence part that follows the field's name.
        """
        if seen and order_that_shows(text, seen.shown):
            return seen.utc
        order = self.chosen or (self._order_in_file if self.is_open(text) else None)
        return read_moment(text, self.zone, self.latest, order)

    def is_open(self, text: str) -> bool:
        """Whether only the other rows can tell what comes first here."""
        return self.chosen is None and len(possible_orders(text)) > 1

    @property
    def is_order_known(self) -> bool:
        """Whether the order of day and month was chosen or can be told by some row."""
        return (self.chosen or self._order_in_file) is not None

    @cached_property
    def _order_in_file(self) -> DateOrder | None:
        """The order that all rows agree about; None when no row tells, or one tells another than another."""
        found: set[DateOrder] = set()
        try:
            for record in self.file.records():
                found.update(self._orders_of(record))
        except MalformedRow:
            pass
        return next(iter(found)) if len(found) == 1 else None

    def _orders_of(self, record: Record) -> set[DateOrder]:
        found: set[DateOrder] = set()
        for field in self.fields:
            orders = possible_orders(record.cells.get(field, ""))
            if len(orders) == 1:
                found |= orders
        open_cell = record.cells.get(self.fields[0], "")
        if len(possible_orders(open_cell)) > 1 and (seen := self.seen(record)):
            shown = order_that_shows(open_cell, seen.shown)
            if shown and shown != "any":
                found.add(shown)
        return found


def _copy(source: BinaryIO, target: IO[bytes]) -> str:
    """Copy everything and return the encoding that all of it has."""
    start = b""
    decoders: dict[str, codecs.IncrementalDecoder] = {}
    while piece := source.read(_PIECE):
        if not start:
            start = piece
            decoders = {name: codecs.getincrementaldecoder(name)() for name in _possible_encodings(start)}
        target.write(piece)
        decoders = {name: decoder for name, decoder in decoders.items() if _accepts(decoder, piece)}
    if not start:
        raise _unusable("The file is empty; choose another one.")
    for name, decoder in decoders.items():
        if _accepts(decoder, b"", final=True):
            return name
    raise _unusable(f"The file's text cannot be read; open it in a spreadsheet, {_SAVE_AS}.")


def _possible_encodings(start: bytes) -> tuple[str, ...]:
    if start.startswith(b"PK\x03\x04"):
        raise _unusable(
            f"This is a spreadsheet or a ZIP archive, not a CSV file; open it in a spreadsheet, {_SAVE_AS}."
        )
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if b"\x00" in start[:_TELLING]:
        raise _unusable(f"This is not a text file; open it in a spreadsheet, {_SAVE_AS}.")
    return ("utf-8-sig",) if start.startswith(codecs.BOM_UTF8) else ("utf-8", _WINDOWS)


def _accepts(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeError:
        return False
    return True


def _declared_delimiter(content: IO[bytes], encoding: str) -> str | None:
    """What a first line like `sep=;` says; None when there is no such line."""
    with _as_text(content, encoding) as text:
        found = _DIRECTIVE.fullmatch(text.readline(_TELLING))
    return found["delimiter"] if found else None


@dataclass(frozen=True)
class _Header:
    delimiter: str
    row: int
    cells: list[str]
    known: int
    stands_first: bool


def _find_header(content: IO[bytes], encoding: str, layout: Layout, declared: str | None) -> _Header:
    """The header, read with whatever delimiter makes most sense of it."""
    delimiters = _DELIMITERS if declared is None else (declared,)
    found = [
        header for each in delimiters if (header := _header(content, encoding, layout, each, declared is not None))
    ]
    if not found:
        raise _unusable(layout.complaint)
    return max(found, key=lambda header: header.known)


def _header(content: IO[bytes], encoding: str, layout: Layout, delimiter: str, skipped: bool) -> _Header | None:
    stands_first = True
    with closing(_rows(content, encoding, delimiter, skipped=skipped)) as rows, suppress(MalformedRow):
        for row, _line, cells in islice(rows, _MOST_ROWS_ABOVE):
            known = {field for name in cells if (field := layout.fields.get(_bare(name)))}
            if layout.required <= known:
                return _Header(delimiter, row, cells, len(known), stands_first)
            stands_first = stands_first and not any(cell.strip() for cell in cells)
    return None


@contextmanager
def _as_text(content: IO[bytes], encoding: str) -> Iterator[io.TextIOWrapper]:
    """The text from its beginning; the content stays open afterwards."""
    content.seek(0)
    text = io.TextIOWrapper(content, encoding=encoding, newline="")
    try:
        yield text
    finally:
        # Otherwise the wrapper would close the file underneath.
        text.detach()


def _rows(
    content: IO[bytes], encoding: str, delimiter: str, *, skipped: bool
) -> Generator[tuple[int, int, list[str]], None, None]:
    """Row number, first line and cells of every row, the empty ones too; a `skipped` first line is no row."""
    with _as_text(content, encoding) as text:
        if skipped:
            text.readline()
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        row = line = 0
        while True:
            row, line = row + 1, reader.line_num + 1 + skipped
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise MalformedRow(row, line, _what_is_malformed(error)) from error
            yield row, line, cells


def _what_is_malformed(error: csv.Error) -> str:
    if "expected after" in str(error):
        return "A quotation mark stands within a text; write it twice, and put the whole text between quotation marks."
    return "A quotation mark is opened here and never closed, or a text is far too long; correct the file."


def _bare(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _columns(header: list[str], layout: Layout) -> dict[int, str]:
    columns: dict[int, str] = {}
    for index, name in enumerate(header):
        field = layout.fields.get(_bare(name))
        if field in columns.values():
            first = next(header[at] for at, other in columns.items() if other == field)
            raise _unusable(f"The columns “{first}” and “{name}” mean the same; remove one of them.")
        if field:
            columns[index] = field
    return columns


def _notices(encoding: str, header: _Header) -> Iterator[str]:
    if encoding == _WINDOWS:
        yield f"The file is not in UTF-8 and was read as Windows-1252; if letters look wrong, {_SAVE_AS}."
    if not header.stands_first:
        yield f"The names of the columns are in row {header.row}; what stands above them was left out."


def _unusable(message: str) -> InvalidInput:
    return InvalidInput([FieldError("file", message)])
