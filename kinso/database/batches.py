"""Documents a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

BATCH = 1000


def in_batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in their order, as many at once as one bulk write should hold."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
