"""Columns of the mirror out of bytes, without a Python value for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Numbers = NDArray[Any]
Column = Any
"""An array of Arrow, which has no types of its own for Python."""


def texts(data: Numbers, starts: Numbers, ends: Numbers) -> Column:
    """Parts of `data` in their order, as texts; raises `UnicodeError` when one is none."""
    if not len(starts):
        return pa.array([], pa.string())
    # What lies between two of them counts as one, too, and is left out afterwards.
    offsets = pa.py_buffer(np.column_stack((starts, ends)).astype(np.int32))
    parts = pa.BinaryArray.from_buffers(pa.binary(), 2 * len(starts) - 1, [None, offsets, pa.py_buffer(data)])
    try:
        return parts.take(pa.array(np.arange(0, 2 * len(starts), 2))).cast(pa.string())
    except pa.ArrowInvalid as error:
        raise UnicodeError(str(error)) from error


def keys(numbers: Numbers) -> Column:
    """Numbers of 12 bytes each, the most significant first."""
    wide = np.zeros((len(numbers), 16), np.uint8)
    wide[:, :12] = numbers[:, ::-1]
    return pa.Array.from_buffers(pa.decimal128(38), len(numbers), [None, pa.py_buffer(wide)])


def moments(microseconds: Numbers) -> Column:
    """Moments by how long after 1970 they are."""
    return pa.array(microseconds.astype(np.int64)).view(pa.timestamp("us"))


def plain(values: Numbers) -> Column:
    """Numbers or truth values."""
    return pa.array(values)


def translated(texts: Column, read: Callable[[Any], Any]) -> Column:
    """Each text as `read` has it, which is asked once for each that there is."""
    words = texts.dictionary_encode()
    return pa.array([read(word) for word in words.dictionary.to_pylist()], pa.string()).take(words.indices)


def repeated(value: Any, type: pa.DataType, times: int) -> Column:
    """One value, so many times."""
    return pa.array([value], type).take(pa.array(np.zeros(times, np.int64)))


def chosen(array: Column, places: Numbers) -> Column:
    """The values at these places."""
    return array.take(pa.array(places))
