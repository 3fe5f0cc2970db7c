"""Documents by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

BATCH = 1000


def in_batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items in their order, by default as many at once as one bulk write should hold."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
