"""Figures that are built once for the same data: building takes plotly most of the time that a page takes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import plotly.graph_objects as go

_MOST_KEPT = 100
"""About 50 kB each."""


class BuiltCharts:
    """The figures that were asked for last. Thread-safe; nobody may change what it returns."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self._most = most
        self._lock = Lock()
        self._built: OrderedDict[str, go.Figure] = OrderedDict()

    def clear(self) -> None:
        """Keep nothing: what was built may name somebody who is erased now."""
        with self._lock:
            self._built.clear()

    def get(self, build: Callable[[], go.Figure], *about: Any) -> go.Figure:
        """What `build` returned the last time for the same `about`, which has to tell everything that it depends on."""
        key = hashlib.sha256(repr(about).encode("utf-8", "backslashreplace")).hexdigest()
        # One at a time: those who open the same page at the same moment wait for one figure instead of building many.
        with self._lock:
            if key not in self._built:
                self._built[key] = build()
            self._built.move_to_end(key)
            while len(self._built) > self._most:
                self._built.popitem(last=False)
            return self._built[key]
