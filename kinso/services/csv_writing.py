"""Rows as the pieces of a CSV file."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Literal
from zoneinfo import ZoneInfo

from kinso.models.transfer.cells import local_moment, written_moment

Flavour = Literal["excel", "raw"]
"""For people with a spreadsheet, or for programs."""

CHUNK = 64 * 1024
"""Characters that are collected before they are sent."""


def stream_csv(columns: Sequence[str], rows: Iterable[Sequence[str]], flavour: Flavour) -> Iterator[bytes]:
    """An RFC 4180 file in UTF-8, for Excel with a byte order mark; in pieces, so that its size does not matter."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    start = codecs.BOM_UTF8 if flavour == "excel" else b""
    for row in rows:
        writer.writerow(row)
        if buffer.tell() >= CHUNK:
            yield start + buffer.getvalue().encode()
            start = b""
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield start + buffer.getvalue().encode()


def moment_for(flavour: Flavour, moment: datetime, zone: ZoneInfo) -> str:
    """By the clock of the shop in a form that a spreadsheet takes for a date; for programs in ISO 8601 and UTC."""
    return local_moment(moment, zone) if flavour == "excel" else written_moment(moment)


def started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces with the first one read already, so that what cannot be read is told before anything is sent."""
    first = next(chunks)

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return all_chunks()
