"""What happened to each customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from kinso.models.money import read_stored_amount
from kinso.models.run import Change
from kinso.repository.documents import Document, to_stored, with_text_id


class ChangeRepository:
    """Appends changes, in the transaction of the change itself, and reads them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._changes = database["changes"]

    def record(self, changes: Iterable[Change]) -> None:
        """Append all of `changes`."""
        documents = [_to_document(change) for change in changes]
        if documents:
            self._changes.insert_many(documents)

    def of_customer(self, customer: str, *, limit: int) -> list[Change]:
        """The latest changes of one customer, newest first."""
        found = self._changes.find({"customer": customer}).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [_to_change(document) for document in found]

    def of_run(self, run: str, *, newest_first: bool = False) -> Iterator[Change]:
        """Everything one run changed."""
        direction = DESCENDING if newest_first else ASCENDING
        for document in self._changes.find({"run": run}).sort("_id", direction).batch_size(1000):
            yield _to_change(document)

    def customers_of_run(self, run: str, *, limit: int) -> Sequence[str]:
        """Customer IDs that one run changed, in the order it did."""
        found = self._changes.find({"run": run}, {"customerId": True}).sort("_id", ASCENDING).limit(limit)
        return [document["customerId"] for document in found]


def _to_document(change: Change) -> dict[str, Any]:
    document = change.model_dump(by_alias=True, exclude={"id"})
    for side in ("before", "after"):
        if document[side] is not None:
            document[side] = to_stored(document[side])
    return {"_id": ObjectId(change.id), **document}


def _to_change(document: Document) -> Change:
    values = with_text_id(document)
    for side in ("before", "after"):
        if values[side] is not None and "purchaseAmount" in values[side]:
            values[side] = {**values[side], "purchaseAmount": read_stored_amount(values[side]["purchaseAmount"])}
    return Change.model_validate(values)
