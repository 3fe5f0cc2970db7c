"""What was made once of the same data, for all who ask for it: figures, and the charts of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

Made = TypeVar("Made")


@dataclass
class _Place:
    lock: Lock = field(default_factory=Lock)
    made: tuple[Any] | None = None


class Kept:
    """What was asked for last, all of it made in one state of the data. Thread-safe; nobody may change what it returns.

    As soon as somebody asks in another state, nothing is kept of the one before: it may name somebody who is erased.
    """

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._lock = Lock()
        self._state: Any = None
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()

    def get(self, state: Any, about: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` returned the last time for the same `about`, if that was in the same `state`."""
        place = self._place(state, about)
        # Those who ask for the same at the same moment wait for one who makes it.
        with place.lock:
            if place.made is None:
                place.made = (make(),)
            made: Made = place.made[0]
        return made

    def _place(self, state: Any, about: Hashable) -> _Place:
        with self._lock:
            if self._state != state:
                self._state = state
                self._places.clear()
            place = self._places.setdefault(about, _Place())
            self._places.move_to_end(about)
            while len(self._places) > self._most:
                self._places.popitem(last=False)
            return place
