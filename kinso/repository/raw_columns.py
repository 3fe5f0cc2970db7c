"""What `Source.rows` makes of documents, made of very many of them at once.

Documents of one layout become columns without being decoded. What has another layout than most, and values of other
types than Kinso stores, are decoded one by one and read as everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bson
import numpy as np
from bson import CodecOptions

from kinso.database.raw_documents import (
    ARRAY,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT32,
    INT64,
    NULL,
    OBJECT_ID,
    STRING,
    RawBatch,
)
from kinso.database.search import NAME_MARK, PHONE_MARKS
from kinso.mirror import arrays
from kinso.mirror.arrays import Column
from kinso.mirror.tables import CUSTOMER_KEYS, CUSTOMERS, Columns, Table
from kinso.models.stored import EARLIEST, LATEST, readable_text
from kinso.repository.layouts import LONGEST, Layout, Numbers, Values
from kinso.repository.mirrored import (
    CUSTOMER_SOURCE,
    DEPENDENT,
    KEYS,
    Reader,
    Source,
    cents_of,
    count_of,
    has_email,
    has_phone,
    is_false,
    is_true,
    key_of,
    key_rows,
    kind_or_none,
    method_or_none,
    read_moment,
    source_or_earlier,
    text_or_none,
)

_MOST_LAYOUTS = 16
"""Of one batch; what has another one is decoded."""
_KEY = (b"_id",)
_DIGITS = 24
_LARGEST = 1e14
"""Cents up to which doubles tell them apart."""
_NOISE = 1e-6
"""How far, in cents, the nearest double may be away from whole ones."""
_FIRST, _LAST = (round(moment.timestamp() * 1000) for moment in (EARLIEST, LATEST))
"""In milliseconds."""


class _Unusual(Exception):
    """These documents have to be decoded."""


def columns_of(source: Source, batch: RawBatch, options: CodecOptions[Any]) -> Iterator[tuple[Table, Columns]]:
    """The rows that the documents become, by table; `options` tell how a document is decoded."""
    data = np.zeros(len(batch.data) + LONGEST, np.uint8)
    data[: len(batch.data)] = np.frombuffer(batch.data, np.uint8)
    starts = np.array(batch.starts, np.int64)
    ends = starts + Values(INT32, data, starts, starts).numbers("<i4")
    for _ in range(_MOST_LAYOUTS):
        if len(starts):
            fitting, tables = _of_first_layout(source, batch.data, data, starts, ends, options)
            yield from tables or _decoded(source, batch.data, starts[fitting], ends[fitting], options)
            starts, ends = starts[~fitting], ends[~fitting]
    yield from _decoded(source, batch.data, starts, ends, options)


def _decoded(
    source: Source, data: memoryview, starts: Numbers, ends: Numbers, options: CodecOptions[Any]
) -> Iterator[tuple[Table, Columns]]:
    documents = [bson.decode(data[start:end], options) for start, end in zip(starts, ends, strict=True)]
    if documents:
        yield source.table, source.rows(documents)
    if documents and source is CUSTOMER_SOURCE:
        yield CUSTOMER_KEYS, key_rows(documents)


def _of_first_layout(
    source: Source, raw: memoryview, data: Numbers, starts: Numbers, ends: Numbers, options: CodecOptions[Any]
) -> tuple[Numbers, list[tuple[Table, Columns]]]:
    """Which documents are like the first one, and what they become; nothing if they have to be decoded."""
    fitting = np.arange(len(starts)) == 0
    paths = {path: tuple(path.encode().split(b".")) for path in (*source.by_path, *source.parts)}
    try:
        layout = Layout(raw, int(starts[0]), {path[:-1] for path in paths.values()})
        fitting, found = layout.find(data, starts, ends)
        values = {path: found[parts] for path, parts in paths.items() if parts in found}
        return fitting, _tables(source, found.get(_KEY), values, options)
    except (_Unusual, UnicodeError, KeyError, ValueError):
        return fitting, []


def _tables(
    source: Source, ids: Values | None, values: dict[str, Values], options: CodecOptions[Any]
) -> list[tuple[Table, Columns]]:
    if ids is None or ids.type != OBJECT_ID:
        raise _Unusual
    keys, count = _keys(ids), len(ids.starts)
    columns: Columns = {"key": keys}
    for path, name, read, _ in source.columns:
        if name in DEPENDENT and (path not in values or values[path].type != DATE):
            raise _Unusual
        columns[name] = _column(values.get(path), read, source.table, name, count, options)
    if source is not CUSTOMER_SOURCE:
        return [(source.table, columns)]
    columns["odd_id"] = arrays.repeated(None, CUSTOMERS.columns["odd_id"].arrow, count)
    return [(source.table, columns), (CUSTOMER_KEYS, _key_columns(values.get(KEYS), keys))]


def _column(
    values: Values | None, read: Reader, table: Table, name: str, count: int, options: CodecOptions[Any]
) -> Column:
    type = table.columns[name].arrow
    if values is None or values.type == NULL:
        return arrays.repeated(read(None), type, count)
    convert = _AT_ONCE.get((read, values.type))
    if convert and (converted := convert(values)) is not None:
        return converted
    return [read(value) for value in _one_by_one(values, options)]


def _one_by_one(values: Values, options: CodecOptions[Any]) -> Iterator[Any]:
    """Each value as it is decoded; the same bytes are not decoded twice."""
    known: dict[bytes, Any] = {}
    for start, end in zip(values.starts.tolist(), values.ends.tolist(), strict=True):
        raw = values.data[start:end].tobytes()
        if raw not in known:
            known[raw] = bson.decode(_alone(values.type, raw), options)[""]
        yield known[raw]


def _alone(type: int, raw: bytes) -> bytes:
    """A document of one element without a name."""
    return (len(raw) + 7).to_bytes(4, "little") + bytes((type, 0)) + raw + b"\0"


def _key_columns(values: Values | None, keys: Column) -> Columns:
    if values is None or values.type != ARRAY:
        return key_rows([])
    places, starts, ends = values.texts
    return {
        "customer": arrays.chosen(keys, places),
        "hash": arrays.texts(values.data, starts, ends),
        "is_name": arrays.plain(_is_name(values, starts)),
    }


def _is_name(values: Values, starts: Numbers) -> Numbers:
    """Which keys are parts of names; behind the last one there is room."""
    is_name = np.ones(len(starts), np.bool_)
    for place, code in enumerate(NAME_MARK.encode()):
        is_name &= values.data[starts + place] == code
    return is_name


def _any_key(is_phone: bool) -> Callable[[Values], Column]:
    """Whether one of the keys of each customer is a phone number, or else whether one is an e-mail address."""

    def found(values: Values) -> Column:
        places, starts, ends = values.texts
        mails = np.flatnonzero(values.data == ord("@"))
        has_mail = np.searchsorted(mails, ends) > np.searchsorted(mails, starts)
        if is_phone:
            fits = np.isin(values.data[starts], np.frombuffer(PHONE_MARKS.encode(), np.uint8)) & ~has_mail
        else:
            fits = has_mail & ~_is_name(values, starts)
        answer = np.zeros(len(values.starts), np.bool_)
        answer[places[fits]] = True
        return arrays.plain(answer)

    return found


def _texts(values: Values) -> Column:
    return arrays.texts(values.data, values.starts + 4, values.ends - 1)


def _words(read: Reader) -> Callable[[Values], Column]:
    return lambda values: arrays.translated(_texts(values), read)


def _keys(values: Values) -> Column:
    return arrays.keys(values.rows(12))


def _spelled_keys(values: Values) -> Column | None:
    if (values.ends - values.starts != 4 + _DIGITS + 1).any():
        return None
    digits = _VALUE_OF_DIGIT[Values(STRING, values.data, values.starts + 4, values.ends).rows(_DIGITS)]
    return None if (digits == _NONE).any() else arrays.keys(digits[:, ::2] << 4 | digits[:, 1::2])


def _cents(type: str) -> Callable[[Values], Column]:
    def cents(values: Values) -> Column:
        amounts = values.numbers(type)
        with np.errstate(all="ignore"):
            scaled = amounts.astype(np.float64) * 100
            whole = np.rint(scaled)
            is_plain = (np.abs(scaled) <= _LARGEST) & (np.abs(scaled - whole) <= _NOISE)
        found = np.where(is_plain, whole, 0).astype(np.int64)
        for place in np.flatnonzero(~is_plain):
            found[place] = cents_of(amounts[place].item())
        return arrays.plain(found)

    return cents


def _moments(values: Values) -> Column:
    return arrays.moments(np.clip(values.numbers("<i8"), _FIRST, _LAST) * 1000)


def _versions(type: str) -> Callable[[Values], Column]:
    return lambda values: arrays.plain(np.maximum(values.numbers(type), 0).astype(np.int64))


def _flags(meant: bool) -> Callable[[Values], Column]:
    return lambda values: arrays.plain((values.rows(1)[:, 0] != 0) == meant)


_NONE = 255
_VALUE_OF_DIGIT = np.full(256, _NONE, np.uint8)
for _value, _pair in enumerate(zip(b"0123456789abcdef", b"0123456789ABCDEF", strict=True)):
    _VALUE_OF_DIGIT[list(_pair)] = _value

_AT_ONCE: dict[tuple[Reader, int], Callable[[Values], Column | None]] = {
    (readable_text, STRING): _texts,
    (text_or_none, STRING): _texts,
    (kind_or_none, STRING): _words(kind_or_none),
    (key_of, OBJECT_ID): _keys,
    (key_of, STRING): _spelled_keys,
    (cents_of, DOUBLE): _cents("<f8"),
    (cents_of, INT32): _cents("<i4"),
    (cents_of, INT64): _cents("<i8"),
    (read_moment, DATE): _moments,
    (count_of, INT32): _versions("<i4"),
    (count_of, INT64): _versions("<i8"),
    (is_true, BOOLEAN): _flags(True),
    (source_or_earlier, STRING): _words(source_or_earlier),
    (method_or_none, STRING): _words(method_or_none),
    (is_false, BOOLEAN): _flags(False),
    (has_phone, ARRAY): _any_key(is_phone=True),
    (has_email, ARRAY): _any_key(is_phone=False),
}
"""How all values of a type are read at once that a reader reads one by one; None where some have to be."""
