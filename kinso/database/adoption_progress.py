"""The adoption of many customers in the background, during which everybody can be worked on already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Complete = Callable[[Sequence[Any]], object]


class NotAdopted(Exception):
    """A transaction came upon customers (by `_id`) who are still to be adopted: they are, and it is done again."""

    def __init__(self, ids: Sequence[Any]) -> None:
        super().__init__(f"{len(ids)} customers are still to be adopted")
        self.ids = ids


class AdoptionProgress:
    """Whether customers of a database are still being adopted by this process; `done` of about `expected` are.

    `problem` is a sentence about what stands in the way, if anything does.
    """

    def __init__(self) -> None:
        self.done = 0
        self.expected = 0
        self.problem = ""
        self._complete: Complete | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether some customers may not be complete."""
        return self._complete is not None

    def begin(self, expected: int, complete: Complete) -> None:
        """From now on, `complete` completes those (by `_id`) whose turn has not come yet."""
        self.done, self.expected, self._complete = 0, expected, complete

    def complete(self, ids: Sequence[Any]) -> None:
        """Adopt these before the others."""
        if ids and (complete := self._complete):
            complete(ids)

    def begin_again(self) -> None:
        """Everybody is looked at; what stood in the way before is known until it is done."""
        self.done = 0

    def note(self, count: int) -> None:
        """So many more have been looked at."""
        self.done += count

    def end(self) -> None:
        """All of them are complete."""
        self._complete, self.problem = None, ""
