"""What must hold for customers who were merged into others, and for those others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from kinso.database.search import HELPERS, aliases_of
from kinso.models.text import id_key
from kinso.repository.documents import erased_id
from kinso.repository.merged import GIVEN, STEPS
from kinso.repository.shop import Dossier
from kinso.repository.store import Store


@dataclass(frozen=True)
class Merges:
    """By the run, who (by `_id`) was merged into whom; and which runs that merged, or undid, are in force."""

    by_run: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    runs: frozenset[str] = frozenset()
    undos: frozenset[str] = frozenset()

    @classmethod
    def of(cls, store: Store, runs: frozenset[str], undos: frozenset[str]) -> Merges:
        """All of them."""
        found = store.checks.merged()
        return cls({str(each.get("run")): (str(each["_id"]), str(each.get("into"))) for each in found}, runs, undos)


def merge_problems(dossier: Dossier, merges: Merges) -> Iterator[str]:
    """Whether it is where a merge left it, and so is each entry of its ledger that came by one."""
    if dossier.merged is not None:
        if dossier.customer is not None or dossier.trashed is not None:
            yield "it was merged into another customer, but it is there as well"
        if dossier.merged.get("run") not in merges.runs:
            yield "it is merged into another customer, but no run that did so is in force"
    for entry in dossier.entries:
        steps = [*entry.get(STEPS, ()), {"from": dossier.key}]
        for step, following in pairwise(steps):
            if merges.by_run.get(step.get("run")) != (step.get("from"), following.get("from")):
                yield f"the entry {entry.get('saleId')} of its ledger came to it by a merge that there is not"
                break
        if GIVEN in entry and entry[GIVEN] not in merges.undos:
            yield f"the entry {entry.get('saleId')} of its ledger was given to it by an undo that there is not"


def alias_problems(store: Store) -> Iterator[str]:
    """Whether everybody who was merged is found at whom they were merged into, and nobody else has their ID."""
    led: set[tuple[str, str]] = set()
    for record in store.checks.merged():
        id, customer = str(record["_id"]), record.get("customer") or {}
        said = f"Customer {customer.get('customerId') or id}"
        holder = store.merged.way_up(id)[-1]
        found = store.checks.somebody(holder)
        if found is None:
            yield f"{said} was merged into a customer who is gone."
        elif customer.get("customerId") != erased_id(id):
            ids = (customer.get("customerId"), *aliases_of(customer))
            led |= {(holder, str(each)) for each in ids}
            if not set(ids) <= {found.get("customerId"), *aliases_of(found)}:
                yield f"{said} was merged into customer {found.get('customerId')}, which does not have its ID."
    for document in store.checks.with_aliases():
        yield from _problems_with_aliases(store, document, led)


def _problems_with_aliases(store: Store, document: Mapping[str, Any], led: set[tuple[str, str]]) -> Iterator[str]:
    said, id = f"Customer {document.get('customerId')}", str(document["_id"])
    own = id_key(str(document.get("customerId")))
    for alias in aliases_of(document):
        if (id, alias) not in led and not _had_itself(store, id, alias):
            yield f"{said} has the ID {alias} of somebody who was not merged into it."
        key = id_key(alias)
        holder = store.checks.holder_of(key) if key != own else None
        if holder is not None and HELPERS in document and str(holder["_id"]) != id:
            yield f"{said} has the ID {alias} of a merged customer, which customer {holder.get('customerId')} has, too."


def _had_itself(store: Store, id: str, alias: str) -> bool:
    """Whether it had this ID before it took that of somebody who was merged into it."""
    ids = (id, *store.merged.all_in(id))
    found = store.changes.last_called([alias]).values()
    return any(each in ids for each in found)
