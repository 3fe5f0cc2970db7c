"""Documents as the server sends them, many at once and not decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from struct import Struct
from typing import Any, NamedTuple

from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from kinso.database.commits import MAJORITY, moment_of

DOUBLE, STRING, OBJECT, ARRAY, OBJECT_ID, BOOLEAN, DATE, NULL, INT32, INT64 = 1, 2, 3, 4, 7, 8, 9, 10, 16, 18
"""The bytes that tell the types of values."""
FIXED = {DOUBLE: 8, OBJECT_ID: 12, BOOLEAN: 1, DATE: 8, NULL: 0, INT32: 4, INT64: 8} | {6: 0, 17: 8, 19: 16}
"""How many bytes a value of a type has."""
PREFIXED = {STRING: 4, OBJECT: 0, ARRAY: 0, 5: 5, 13: 4, 14: 4, 15: 0}
"""Types whose values begin with a length, and how many bytes they have beyond it."""

_RAW = CodecOptions(RawBSONDocument)
_MOST = 1_000_000
"""More than the 16 MB hold that the server sends at once."""
_length = Struct("<i").unpack_from
_long = Struct("<q").unpack_from


class Element(NamedTuple):
    """One element of a document: `header` is where it begins, `start` and `end` are those of its value."""

    type: int
    name: bytes
    header: int
    start: int
    end: int


class RawBatch(NamedTuple):
    """Documents anywhere in `data`, in their order."""

    data: memoryview
    starts: list[int]


def elements(data: memoryview, start: int) -> Iterator[Element]:
    """Those of the document that begins at `start`; raises `KeyError` at a rare type."""
    at = start + 4
    while type := data[at]:
        value = at + 1
        while data[value]:
            value += 1
        value += 1
        size = FIXED[type] if type in FIXED else PREFIXED[type] + _length(data, value)[0]
        yield Element(type, bytes(data[at + 1 : value - 1]), at, value, value + size)
        at = value + size


def raw_batches(collection: Collection[dict[str, Any]], wanted: dict[str, bool], *, after: int) -> Iterator[RawBatch]:
    """All documents in the order in which they are kept, with what is `wanted` of each.

    They are as of a moment that is not before `after`, and none of it can be rolled back.
    """
    database, name = collection.database, collection.name
    command: dict[str, Any] = {"find": name, "projection": wanted, "batchSize": _MOST}
    command["readConcern"] = {**MAJORITY.document, "afterClusterTime": moment_of(after)}
    cursor = 0
    with database.client.start_session() as session:
        try:
            while command:
                answer = memoryview(database.command(command, codec_options=_RAW, session=session)["cursor"].raw)
                found = {element.name: element for element in elements(answer, 0)}
                cursor = _long(answer, found[b"id"].start)[0]
                array = found[b"nextBatch" if b"nextBatch" in found else b"firstBatch"]
                command = {"getMore": cursor, "collection": name, "batchSize": _MOST} if cursor else {}
                yield batch_of(answer[array.start : array.end])
        finally:
            if cursor:
                with suppress(PyMongoError):
                    database.command({"killCursors": name, "cursors": [cursor]}, session=session)


def batch_of(array: memoryview) -> RawBatch:
    """The documents in an array."""
    starts: list[int] = []
    at, digits = 4, 1
    while array[at]:
        if len(starts) == 10**digits:
            digits += 1
        # Before each document there are its type, its place in the array in digits, and a zero.
        at += digits + 2
        starts.append(at)
        at += _length(array, at)[0]
    return RawBatch(array, starts)
