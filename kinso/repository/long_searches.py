"""Searches among very many customers, where how they are read makes the difference between a second and many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import ExecutionTimeout

from kinso.repository.documents import Document

FEW = 2000
PATIENCE = 150
"""Milliseconds in which walking through all customers in the order of the list finds a page, or takes much too long."""

_AS_STORED = [("$natural", ASCENDING)]


def few_matching(customers: Collection[dict[str, Any]], match: Document) -> list[ObjectId] | None:
    """Everybody who matches, if they are few; reads the customers as they are stored."""
    found = customers.find(match, {"_id": True}).hint(_AS_STORED).limit(FEW + 1).batch_size(FEW + 1)
    ids = [document["_id"] for document in found]
    return ids if len(ids) <= FEW else None


def read_page(cursor: Callable[[], Any]) -> Iterable[Document]:
    """One page of a search that many may match; `cursor` makes a new sorted one each time.

    Those who match may all be at the end of the order, and then every customer before them is fetched from another
    place on the disk. Reading all of them as they are stored and sorting is slower at best and ten times quicker then.
    """
    try:
        return list(cursor().max_time_ms(PATIENCE))
    except ExecutionTimeout:
        return list(cursor().hint(_AS_STORED).allow_disk_use(True))
