"""The moment at which each ledger entry counts, for entries that were stored before there was one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, get_args

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from kinso.models.sale import SaleKind

Document = dict[str, Any]

_BATCH = 1000
_LACKING = {"void": {"$in": [True, False]}, "kind": {"$in": list(get_args(SaleKind))}, "countsAt": None}
"""In the terms of an index, so that it takes no time to find nothing."""


def complete_counts_at(database: Database[Document], *, indexed: bool) -> None:
    """Date what lacks it: a refund counts where its sale does, everything else when it was sold.

    `indexed` says whether the index over it is there already; without it everything is looked through, which is quick
    as long as there is no such index to keep. Safe to repeat, and to run in two processes at once.
    """
    sales = database["sales"]
    if indexed and sales.find_one(_LACKING, {"_id": True}) is None:
        return
    sales.update_many({"kind": {"$ne": "refund"}, "countsAt": None}, [{"$set": {"countsAt": "$soldAt"}}])
    for refunds in _batches(sales):
        sales.bulk_write([_dated(refund, moment) for refund, moment in _moments(sales, refunds)], ordered=False)


def _batches(sales: Collection[Document]) -> Iterator[Sequence[Document]]:
    wanted = dict.fromkeys(("customer", "refundOf", "soldAt", "void", "trashed"), True)
    found = sales.find({"kind": "refund", "countsAt": None}, wanted)
    while batch := list(islice(found, _BATCH)):
        yield batch


def _moments(sales: Collection[Document], refunds: Sequence[Document]) -> Iterator[tuple[Document, datetime]]:
    """Each refund with the moment of its sale; one whose sale is not to be found counts when it was made."""
    match = {
        "customer": {"$in": list({refund["customer"] for refund in refunds})},
        "saleId": {"$in": list({refund.get("refundOf") for refund in refunds})},
        "kind": "sale",
    }
    possible: dict[tuple[str, str], list[Document]] = {}
    for sale in sales.find(match, dict.fromkeys(("customer", "saleId", "soldAt", "void", "trashed"), True)):
        possible.setdefault((sale["customer"], sale["saleId"]), []).append(sale)
    for refund in refunds:
        its_own = possible.get((refund["customer"], str(refund.get("refundOf"))), [refund])
        yield refund, max(its_own, key=lambda sale: _likeness(sale, refund))["soldAt"]


def _likeness(sale: Mapping[str, Any], refund: Mapping[str, Any]) -> tuple[bool, bool, Any]:
    """A sale ID that was freed may have been given again: the refund's sale counts, or does not, as the refund does."""
    return sale["void"] is refund["void"], sale.get("trashed") is refund.get("trashed"), sale["_id"]


def _dated(refund: Document, moment: datetime) -> UpdateOne:
    return UpdateOne({"_id": refund["_id"], "countsAt": None}, {"$set": {"countsAt": moment}})
