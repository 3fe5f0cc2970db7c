"""When customers were members."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.database import Database

from kinso.database.checksums import decision_with_checksum
from kinso.models.membership import DecidedBy, Decision, MembershipInterval
from kinso.models.money import read_stored_amount
from kinso.repository.documents import Document, at_once, canonical_id, with_text_id, without_decimals
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import id_of, utc

_AT_ONCE = 1000
_ANOTHER = "Another application"
_DURING = "begin <= $moment AND (until IS NULL OR until > $moment)"
_STORED_NAMES = [(name, field.alias or name) for name, field in Decision.model_fields.items()]
_TIMES = {"customer": True, "from": True, "to": True, "open": True}

Transition = tuple[str, datetime, Decision]
"""A customer's `_id`, when they became a member or ceased to be one, and why."""


class MembershipRepository:
    """Intervals of membership; at most one of each customer is open, which a unique index guarantees."""

    def __init__(self, database: Database[dict[str, Any]], mirror: FollowingMirror) -> None:
        self._memberships = database["memberships"]
        self._mirror = mirror

    def begin_and_end(
        self, begun: Sequence[Transition], ended: Sequence[Transition], *, new: Collection[str] = ()
    ) -> None:
        """Open an interval for each customer in `begun`, and close the open one of each in `ended`.

        Those who are `new` (by `_id`) cannot have been members before.

        A moment before the latest one that is known of the same customer comes from a clock that was wrong; then that
        latest one is taken, so that intervals neither overlap nor end before they begin.
        """
        if ended:
            self._end(ended)
        if begun:
            self._begin(begun, new)

    def remove(self, customers: Sequence[str]) -> None:
        """Forget all memberships of these customers."""
        self._memberships.delete_many({"customer": {"$in": list(customers)}})

    def of_customer(self, customer: str) -> list[MembershipInterval]:
        """All memberships of one customer, the latest first."""
        found = self._memberships.find({"customer": canonical_id(customer)}).sort(
            [("from", DESCENDING), ("_id", DESCENDING)]
        )
        return [_to_interval(document) for document in found]

    def why_members(self, customers: Sequence[str]) -> dict[str, DecidedBy]:
        """Who or what made these customers (by `_id`) members; who is none is left out."""
        found: dict[str, DecidedBy] = {}
        for start in range(0, len(customers), _AT_ONCE):
            match = {"customer": {"$in": customers[start : start + _AT_ONCE]}, "open": True}
            for document in at_once(self._memberships.find(match, {"customer": True, "begun.basis": True})):
                found[document["customer"]] = document["begun"]["basis"]
        return found

    def why_last_members(self, customers: Sequence[str]) -> dict[str, DecidedBy]:
        """Who or what began the latest membership of these customers (by `_id`), also of one that has ended."""
        found: dict[str, DecidedBy] = {}
        if not customers:
            return found
        past = self._memberships.find({"customer": {"$in": list(customers)}}, {"customer": True, "begun.basis": True})
        for document in at_once(past.sort([("from", ASCENDING), ("_id", ASCENDING)])):
            found[document["customer"]] = document["begun"]["basis"]
        return found

    def count_at(self, moments: Sequence[datetime]) -> list[int]:
        """How many customers were members at each of these moments."""
        during = "begin <= $moment{0} AND (until IS NULL OR until > $moment{0})"
        counts = ", ".join(f"count(*) FILTER ({during.format(place)})" for place in range(len(moments)))
        parameters = {f"moment{place}": utc(moment) for place, moment in enumerate(moments)}
        return list(self._mirror.rows(f"SELECT {counts} FROM memberships", **parameters)[0]) if moments else []

    def customers_at(self, moment: datetime, *, limit: int) -> list[str]:
        """The `_id`s of customers who were members at a moment, the newest members first."""
        sql = f"""
            SELECT memberships.customer, odd_id FROM memberships
            LEFT JOIN customers ON customers.key = memberships.customer
            WHERE {_DURING} ORDER BY begin DESC, memberships.key DESC LIMIT $limit"""
        return [id_of(key, odd_id) for key, odd_id in self._mirror.rows(sql, moment=utc(moment), limit=limit)]

    def _end(self, ended: Sequence[Transition]) -> None:
        # By `_id` the server finds each of many in half the time.
        match = {"customer": {"$in": [customer for customer, *_ in ended]}, "open": True}
        present = {document["customer"]: document for document in at_once(self._memberships.find(match, _TIMES))}
        updates = [
            UpdateOne({"_id": found["_id"]}, _closing(customer, max(at, found["from"]), decision))
            for customer, at, decision in ended
            if (found := present.get(customer))
        ]
        if updates:
            self._memberships.bulk_write(updates)

    def _begin(self, begun: Sequence[Transition], new: Collection[str]) -> None:
        latest: dict[str, datetime] = {}
        forgotten: set[str] = set()
        for document in self._past_of([customer for customer, *_ in begun if customer not in new]):
            customer, end = document["customer"], document["to"] or document["from"]
            latest[customer] = max(end, latest.get(customer, end))
            if document.get("open"):
                forgotten.add(customer)
        self._end_forgotten([each for each in begun if each[0] in forgotten])
        self._memberships.insert_many(
            [_opened(customer, max(at, latest.get(customer, at)), decision) for customer, at, decision in begun],
            ordered=False,
        )

    def _past_of(self, customers: Sequence[str]) -> Iterable[Document]:
        return at_once(self._memberships.find({"customer": {"$in": customers}}, _TIMES)) if customers else ()

    def _end_forgotten(self, begun: Sequence[Transition]) -> None:
        """Close what is still open of these: another application took those memberships away, nobody knows when."""
        if begun:
            self._end(
                [
                    (customer, at, Decision(decided_by="adopted", by_name=_ANOTHER, balance=decision.balance))
                    for customer, at, decision in begun
                ]
            )


def _opened(customer: str, at: datetime, decision: Decision) -> dict[str, Any]:
    begun = _stored_decision(customer, at, decision)
    return {"customer": customer, "from": at, "to": None, "begun": begun, "open": True}


def _closing(customer: str, at: datetime, decision: Decision) -> dict[str, Any]:
    return {"$set": {"to": at, "ended": _stored_decision(customer, at, decision)}, "$unset": {"open": ""}}


def _stored_decision(customer: str, at: datetime, decision: Decision) -> dict[str, Any]:
    told = {stored: value for name, stored in _STORED_NAMES if (value := getattr(decision, name)) is not None}
    return decision_with_checksum(customer, at, without_decimals(told))


def _to_interval(document: Document) -> MembershipInterval:
    values = with_text_id(document)
    for side in ("begun", "ended"):
        if values.get(side):
            values[side] = {**values[side], "amount": read_stored_amount(values[side]["amount"])}
    return MembershipInterval.model_validate(values)
