"""A CSV file as people really have it: its encoding, its delimiter, its header, its rows."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, BinaryIO

from kinso.errors import FieldError, InvalidInput
from kinso.models.csv_cells import unescape_formula

SURPLUS = "The row has more cells than the header; put a text with a delimiter in it between quotes."

_KEPT_IN_MEMORY = 16 * 1024 * 1024
_PIECE = 1024 * 1024
_TELLING = 64
"""Bytes at the start among which no text has a zero, but nearly every other file."""
_DELIMITERS = (",", ";", "\t")
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
    escaped: bool
    header_row: int
    columns: Mapping[int, str]
    width: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]

    def records(self) -> Iterator[Record]:
        """All rows below the header that are not empty, from the first; raises `MalformedRow`."""
        for row, line, cells in _rows(self.content, self.encoding, self.delimiter):
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
        delimiter, header_row, header = _find_header(content, encoding, layout)
        columns = _columns(header, layout)
        yield CsvFile(
            content=content,
            encoding=encoding,
            delimiter=delimiter,
            escaped=encoding in ("utf-8-sig", "utf-16"),
            header_row=header_row,
            columns=columns,
            width=len(header),
            ignored_columns=tuple(
                name.strip() for index, name in enumerate(header) if index not in columns and name.strip()
            ),
            notices=_notices(encoding),
        )


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


def _find_header(content: IO[bytes], encoding: str, layout: Layout) -> tuple[str, int, list[str]]:
    """The delimiter, the row and the cells of the header: read with whatever delimiter makes most sense of it."""
    found: list[tuple[int, str, int, list[str]]] = []
    for delimiter in _DELIMITERS:
        row, header = _first_row(content, encoding, delimiter)
        known = {field for name in header if (field := layout.fields.get(_bare(name)))}
        if layout.required <= known:
            found.append((len(known), delimiter, row, header))
    if not found:
        raise _unusable(layout.complaint)
    _known, delimiter, row, header = max(found, key=lambda candidate: candidate[0])
    return delimiter, row, header


def _first_row(content: IO[bytes], encoding: str, delimiter: str) -> tuple[int, list[str]]:
    with closing(_rows(content, encoding, delimiter)) as rows, suppress(MalformedRow):
        for row, _line, cells in rows:
            if any(cell.strip() for cell in cells):
                return row, cells
    return 0, []


def _rows(content: IO[bytes], encoding: str, delimiter: str) -> Generator[tuple[int, int, list[str]], None, None]:
    """Row number, first line and cells of every row, the empty ones too."""
    content.seek(0)
    text = io.TextIOWrapper(content, encoding=encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    row = line = 0
    try:
        while True:
            row, line = row + 1, reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise MalformedRow(row, line, _what_is_malformed(error)) from error
            yield row, line, cells
    finally:
        # Otherwise the wrapper would close the file underneath.
        text.detach()


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


def _notices(encoding: str) -> tuple[str, ...]:
    if encoding != _WINDOWS:
        return ()
    return (f"The file is not in UTF-8 and was read as Windows-1252; if letters look wrong, {_SAVE_AS}.",)


def _unusable(message: str) -> InvalidInput:
    return InvalidInput([FieldError("file", message)])
