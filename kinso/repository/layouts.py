"""Where in many documents of one layout the values are: found for all of them at once, without decoding any."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kinso.database.raw_documents import FIXED, OBJECT, PREFIXED, STRING, elements

Numbers = NDArray[Any]
Path = tuple[bytes, ...]

LONGEST = 4096
"""Bytes that have to be there after the last document, whatever they are."""
_WORD = 8


@dataclass(frozen=True)
class Values:
    """The values under one path, all of one `type`: where in `data` each begins and ends."""

    type: int
    data: Numbers
    starts: Numbers
    ends: Numbers

    def rows(self, size: int) -> Numbers:
        """The first so many bytes of each."""
        return sliding_window_view(self.data, size)[self.starts]

    def numbers(self, type: str) -> Numbers:
        """What these bytes are as numbers of a type of numpy."""
        return np.ascontiguousarray(self.rows(np.dtype(type).itemsize)).view(type)[:, 0]

    @cached_property
    def texts(self) -> tuple[Numbers, Numbers, Numbers]:
        """Where the texts in these arrays begin and end, after in which array each one is.

        Raises ValueError when there is anything else in one.
        """
        found: list[Numbers] = []
        places, at = np.arange(len(self.starts)), self.starts + 4
        for number in count():
            there = self.data[at] != 0
            places, at = places[there], at[there]
            if not len(places):
                break
            header = np.frombuffer(b"\x02%d\0" % number, np.uint8)
            if (Values(STRING, self.data, at, at).rows(len(header)) != header).any():
                raise ValueError("Not only texts")
            at = at + len(header)
            end = at + 4 + Values(STRING, self.data, at, at).numbers("<i4")
            found.append(np.stack((places, at + 4, end - 1)))
            at = end
        all = np.hstack(found) if found else np.zeros((3, 0), np.int64)
        in_places, starts, ends = all[:, np.argsort(all[1])]
        return in_places, starts, ends


@dataclass
class _Section:
    """Bytes in a row that are known but for values of a fixed length; after them may come a value that says its own.

    `extra` is how many bytes that one has beyond the length that it says in its first four.
    """

    known: bytearray = field(default_factory=bytearray)
    mask: bytearray = field(default_factory=bytearray)
    values: list[tuple[Path, int, int, int]] = field(default_factory=list)
    """Path, type, beginning and size of each; without a size, that it says itself."""
    extra: int | None = None

    def add(self, known: bytes) -> None:
        self.known += known
        self.mask += b"\xff" * len(known)

    def skip(self, size: int) -> None:
        self.known += bytes(size)
        self.mask += bytes(size)

    def fits(self, rows: Numbers) -> Numbers:
        """Which of these bytes, a row for each document, have what is known."""
        words = rows.shape[1] // _WORD * _WORD
        known, mask = (np.frombuffer(part.ljust(words, b"\0"), np.uint64) for part in (self.known, self.mask))
        fitting: Numbers = ((rows.view(np.uint64) & mask) == known).all(axis=1)
        return fitting


class Layout:
    """The elements of a document, in their order: their names, types, and the lengths of those that have a fixed one.

    Raises `ValueError` for a document that has none that could be compared.
    """

    def __init__(self, data: memoryview, start: int, parents: Collection[Path]) -> None:
        """That of the document at `start`; what is in those at `parents` is looked into, too."""
        self._parents = parents
        self._sections = [_Section()]
        self._learn(data, start, ())

    def _learn(self, data: memoryview, start: int, path: Path) -> None:
        names = set()
        for type, name, header, value, _end in elements(data, start):
            if name in names or len(self._sections[-1].known) > LONGEST // 2 or len(name) > LONGEST // 4:
                raise ValueError("has no layout")
            names.add(name)
            self._sections[-1].add(bytes(data[header:value]))
            if type == OBJECT and (*path, name) in self._parents:
                self._sections[-1].skip(4)
                self._learn(data, value, (*path, name))
            else:
                self._note(type, (*path, name))
        self._sections[-1].add(b"\0")

    def _note(self, type: int, path: Path) -> None:
        section = self._sections[-1]
        section.values.append((path, type, len(section.known), FIXED.get(type, 0)))
        section.skip(FIXED.get(type, 4))
        if type in PREFIXED:
            section.extra = PREFIXED[type]
            self._sections.append(_Section())

    def find(self, data: Numbers, starts: Numbers, ends: Numbers) -> tuple[Numbers, dict[Path, Values]]:
        """Which of these documents have this layout, and the values of those that do."""
        fitting, at = np.ones(len(starts), bool), starts + 4
        places: dict[Path, tuple[int, Numbers, Numbers]] = {}
        for section in self._sections:
            size = len(section.known)
            fitting &= at + size <= ends
            # Those that are something else are led nowhere; they are left out at the end.
            at = np.where(fitting, at, 0)
            width = -(-size // _WORD) * _WORD
            rows = sliding_window_view(data, width)[at]
            fitting &= section.fits(rows)
            end = at + size
            if section.extra is not None:
                end = end - 4 + section.extra + np.ascontiguousarray(rows[:, size - 4 : size]).view("<i4")[:, 0]
            for path, type, offset, length in section.values:
                places[path] = (type, at + offset, at + offset + length if type in FIXED else end)
            at = end
        fitting &= at == ends
        if fitting.all():
            return fitting, {path: Values(type, data, *where) for path, (type, *where) in places.items()}
        return fitting, {
            path: Values(type, data, first[fitting], last[fitting]) for path, (type, first, last) in places.items()
        }
