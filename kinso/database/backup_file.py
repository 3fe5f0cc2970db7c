"""The file of a backup: a gzip file whose second, last member is the checksum of every byte of the first.

The first member holds lines of JSON and documents of BSON. Line one is the header. Then comes each collection: a line
with its name, its documents one after the other, and four zero bytes. The last line counts the documents. The second
member is one line with the SHA-256 of all bytes of the first as they are in the file; it is stored without compression
and always of the same length, so any tool for gzip reads the whole, and no byte can change unnoticed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from types import TracebackType
from typing import IO, Any, BinaryIO, cast

import bson

from kinso import __version__
from kinso.errors import BackupDamaged, BackupUnusable

_FORMAT = "kinso-backup"
_VERSION = 1
_LEVEL = 3
"""A fifth longer than with the best compression, in a fifth of the time."""
_GZIP_START = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
_END = bytes(4)
_AT_ONCE = 1 << 20
_LONGEST_LINE = 1 << 16
_LONGEST_DOCUMENT = 1 << 25


@dataclass(frozen=True)
class BackupHeader:
    """What a backup says about itself; `made_at` is the moment whose state it holds."""

    made_at: datetime
    kinso: str


class BackupWriter:
    """Writes a backup to `file`, which need not be seekable. It is whole when `with` ends without an error."""

    def __init__(self, file: IO[bytes], made_at: datetime) -> None:
        self._file = file
        self._hashing = _Hashing(file)
        self._content = gzip.GzipFile("", "wb", _LEVEL, cast("BinaryIO", self._hashing), mtime=0)
        self._counts: dict[str, int] = {}
        self._line({"format": _FORMAT, "version": _VERSION, "kinso": __version__, "madeAt": made_at.isoformat()})

    def __enter__(self) -> BackupWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            with suppress(OSError):
                self._content.close()
            return
        self._line({"documents": self._counts})
        self._content.close()
        self._file.write(_checksum_member(self._hashing.digest))

    def add(self, collection: str, documents: Iterable[bytes]) -> Iterator[int]:
        """Write a collection of BSON documents while it is iterated, and tell after each how many there are."""
        self._line({"collection": collection})
        self._counts[collection] = 0
        for number, document in enumerate(documents, start=1):
            self._content.write(document)
            self._counts[collection] = number
            yield number
        self._content.write(_END)

    def _line(self, value: dict[str, Any]) -> None:
        self._content.write(json.dumps(value).encode() + b"\n")


class BackupReader:
    """Reads a backup from a seekable file; raises `BackupUnusable` for what is none or comes from a later Kinso.

    Call `verify` before anything is done with what it holds.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        with self._reading() as content:
            self.header = _header(content.readline(_LONGEST_LINE))

    def verify(self) -> None:
        """Raise `BackupDamaged` unless every byte is as it was written."""
        length = self._size - len(_checksum_member("0" * 64))
        self._file.seek(0)
        digest = hashlib.sha256()
        while piece := self._file.read(min(_AT_ONCE, max(0, length - self._file.tell()))):
            digest.update(piece)
        if length < 0 or self._file.read() != _checksum_member(digest.hexdigest()):
            raise BackupDamaged

    def collections(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each collection with its documents, which have to be read before the next one is asked for."""
        with self._reading() as content:
            content.readline(_LONGEST_LINE)
            counts: dict[str, int] = {}
            while "collection" in (line := _parsed(content.readline(_LONGEST_LINE))):
                yield line["collection"], _documents(content, counts, line["collection"])
            if line.get("documents") != counts:
                raise BackupDamaged

    def _reading(self) -> _Reading:
        self._file.seek(0)
        return _Reading(self._file)


class _Reading(gzip.GzipFile):
    """The content of the file, whose errors are ours."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(fileobj=file, mode="rb")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
            raise BackupDamaged from error


class _Hashing:
    """Passes on what is written, and knows the SHA-256 of all of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _checksum_member(digest: str) -> bytes:
    """The gzip member that ends the file; the same bytes on every machine."""
    line = json.dumps({"sha256": digest}).encode() + b"\n"
    stored = struct.pack("<BHH", 1, len(line), len(line) ^ 0xFFFF) + line
    return _GZIP_START + stored + struct.pack("<II", zlib.crc32(line), len(line))


def _header(line: bytes) -> BackupHeader:
    try:
        found = _parsed(line)
        if found["format"] != _FORMAT:
            raise BackupUnusable
        if found["version"] > _VERSION:
            raise BackupUnusable(
                f"This backup was made by Kinso {found.get('kinso', '')}, which is newer than this one"
                f" ({__version__}): update Kinso, and try again."
            )
        return BackupHeader(datetime.fromisoformat(found["madeAt"]), str(found["kinso"]))
    except (BackupDamaged, KeyError, TypeError, ValueError) as error:
        raise BackupUnusable from error


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise BackupDamaged from error
    if not isinstance(found, dict):
        raise BackupDamaged
    return found


def _documents(content: _Reading, counts: dict[str, int], name: str) -> Iterator[bytes]:
    counts[name] = 0
    for number in count(1):
        start = content.read(4)
        if start == _END:
            return
        length = int.from_bytes(start, "little")
        document = start + content.read(length - 4) if 5 <= length <= _LONGEST_DOCUMENT else b""
        if len(document) != length or not bson.is_valid(document):
            raise BackupDamaged
        counts[name] = number
        yield document
