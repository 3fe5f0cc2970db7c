"""What must be in a database, from what its writers announced and what was confirmed to them.

Reads the documents with the driver alone and compares them with the announcements, not with Kinso's own records.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.database import Database

from tests.crash.work import State, States

_CONFIRMED = {
    **dict.fromkeys(("import", "bulk", "activate", "undo"), "confirmed runs"),
    "addition": "confirmed additions",
}
PROMISES = ("confirmed writes lost", "half-applied", "changes without history", "history without change")
_EXPECTED = {"DatabaseUnavailable"}


@dataclass
class _Open:
    """Something that was begun and not confirmed: all of it may be there or nothing."""

    op: str
    kind: str
    after: States


@dataclass
class Ledger:
    """Everything that was announced, and the counts that the tests are about."""

    confirmed: States = field(default_factory=dict)
    open: dict[str, _Open] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    sentences: set[str] = field(default_factory=set)
    noting: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever notes something, for several read what is said at once."""

    def note(self, facts: Mapping[str, Any]) -> None:
        """Take in one line of a writer."""
        if "after" in facts:
            self.open[facts["op"]] = _Open(facts["op"], facts["kind"], facts["after"])
        elif "done" in facts:
            done = self.open.pop(facts["op"])
            self.confirmed.update(done.after)
            self.counts[_CONFIRMED.get(done.kind, "confirmed writes")] += 1
        elif "failed" in facts:
            self.counts[f"failed ({facts['failed']})"] += 1
            self.sentences.add(facts["sentence"])
            if facts["failed"] not in _EXPECTED:
                self.problems.append(f"{facts['op']} failed: {facts['failed']} {facts['sentence']}")

    def verify(self, database: Database[dict[str, Any]]) -> None:
        """Compare; what was open is settled by what is there, and must stay so from now on."""
        actual = _states_in(database)
        unsettled = {customer_id for op in self.open.values() for customer_id in op.after}
        for customer_id, state in self.confirmed.items():
            if customer_id not in unsettled and actual.get(customer_id) != state:
                self._add("confirmed writes lost", f"{customer_id}: {state} confirmed, {actual.get(customer_id)} found")
        for op in self.open.values():
            self._settle(op, actual)
        self.open.clear()
        self._compare_history(database)

    def _settle(self, op: _Open, actual: States) -> None:
        found = {customer_id: actual.get(customer_id) for customer_id in op.after}
        before = {customer_id: self.confirmed.get(customer_id) for customer_id in op.after}
        self.counts["cut off, and wholly there" if found == op.after else "cut off, and wholly absent"] += 1
        if found not in (op.after, before):
            wrong = {name: state for name, state in found.items() if state != before[name]}
            self._add("half-applied", f"{op.kind} {op.op}: {len(wrong)} of {len(found)} are changed: {wrong}")
        self.confirmed.update(found)

    def _compare_history(self, database: Database[dict[str, Any]]) -> None:
        """Every customer was created by a writer, so each version has one change; deletions make no version.

        Only whom an interrupted run had created is nowhere any more, and Kinso itself tells of having removed them.
        """
        order = {"$sort": {"_id": 1}}
        steps = {"$push": {"$concat": ["$kind", " ", "$source"]}}
        found = database["changes"].aggregate([order, {"$group": {"_id": "$customer", "steps": steps}}])
        steps_of = {group["_id"]: group["steps"] for group in found}
        versions = {str(found["_id"]): found["version"] for found in database["customers"].find({}, {"version": True})}
        for found in database["trash"].find({}, {"customer.version": True}):
            versions[str(found["_id"])] = found["customer"]["version"]
        removed = {key for key, steps in steps_of.items() if _never_took_place(steps)} - versions.keys()
        self.counts["customers removed with an interrupted run"] = len(removed)
        for key in (versions.keys() | steps_of.keys()) - removed:
            made = versions.get(key, 0)
            in_history = sum(not step.startswith("delete ") for step in steps_of.get(key, []))
            if made > in_history:
                self._add("changes without history", f"{key} is at version {made} with {in_history} changes")
            elif in_history > made:
                self._add("history without change", f"{key} is at version {made} with {in_history} changes")

    def _add(self, count: str, problem: str) -> None:
        self.counts[count] += 1
        self.problems.append(f"{count}: {problem}")


def _never_took_place(steps: Sequence[str]) -> bool:
    # Which of two processes wrote first within a second, their ids do not tell.
    created, *removed = sorted(steps)
    return created.startswith("create ") and removed == ["delete system"]


def _states_in(database: Database[dict[str, Any]]) -> States:
    return {found["customerId"]: _state(found) for found in database["customers"].find()}


def _state(document: Mapping[str, Any]) -> State:
    return [document[name] for name in ("customerName", "contactInfo", "purchaseAmount", "membershipStatus")]
