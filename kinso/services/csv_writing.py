"""Rows as the pieces of a CSV file."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

CHUNK = 64 * 1024
"""Characters that are collected before they are sent."""


def stream_csv(columns: Sequence[str], rows: Iterable[Sequence[str]], *, for_excel: bool) -> Iterator[bytes]:
    """An RFC 4180 file in UTF-8, for Excel with a byte order mark; in pieces, so that its size does not matter."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    start = codecs.BOM_UTF8 if for_excel else b""
    for row in rows:
        writer.writerow(row)
        if buffer.tell() >= CHUNK:
            yield start + buffer.getvalue().encode()
            start = b""
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield start + buffer.getvalue().encode()


def started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces with the first one read already, so that what cannot be read is told before anything is sent."""
    first = next(chunks)

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return all_chunks()
