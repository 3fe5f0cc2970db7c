"""Examining a whole database: does everything hold that Kinso promises, run by run and customer by customer?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from pydantic import ValidationError

from kinso.errors import Conflict, InvalidInput, KinsoError
from kinso.models.accounts import Actor, Permission
from kinso.models.history import Run
from kinso.models.shop import CheckReport, Finding
from kinso.repository.documents import now, with_text_id
from kinso.repository.shop import Dossier
from kinso.repository.store import Store
from kinso.services.history.runs import SILENCE, Progress, ignore_progress
from kinso.services.membership.eligibility import check_threshold
from kinso.services.permissions import use_case
from kinso.services.shop.check_customers import (
    Background,
    RolledBack,
    case_duplicate_of,
    name_of,
    not_examined,
    problems_of,
    unreadable_amount_of,
)
from kinso.services.shop.check_ledger import run_altered, settings_changes_altered
from kinso.services.shop.check_merges import Merges, alias_problems


@dataclass
class RunRecords:
    """Reads all runs, and keeps what the examination of customers needs of them."""

    _kinds: dict[str, str] = field(default_factory=dict)
    _reverted: set[str] = field(default_factory=set)
    _left_alone: set[tuple[str, str]] = field(default_factory=set)
    _undone_by: dict[str, str] = field(default_factory=dict)

    @property
    def rolled_back(self) -> RolledBack:
        """The runs that were undone."""
        return RolledBack(frozenset(self._reverted), frozenset(self._left_alone))

    def in_force(self, kind: str) -> frozenset[str]:
        """The runs of a kind that were not undone."""
        return frozenset(id for id, each in self._kinds.items() if each == kind and id not in self._undone_by)

    def examine(self, store: Store, report: CheckReport) -> None:
        """Add what is wrong with each run, and with what they say about each other."""
        marks = store.checks.marks()
        for document in store.checks.runs():
            if run_altered(document, marks):
                report.add(Finding(f"Run {document['_id']}: who began it, or when, was altered."))
            self._examine_one(store, report, document)
        for id, by in self._undone_by.items():
            if problem := self._problem_with_undoing(by):
                report.add(Finding(f"Run {id} is marked as undone by run {by}, which {problem}."))

    def _examine_one(self, store: Store, report: CheckReport, document: Mapping[str, Any]) -> None:
        id = str(document["_id"])
        self._kinds[id] = str(document.get("kind"))
        if document.get("undoneBy"):
            self._undone_by[id] = str(document["undoneBy"])
        try:
            run = Run.model_validate(with_text_id(document))
        except ValidationError as error:
            for problem in error.errors():
                place = ".".join(map(str, problem["loc"]))
                report.add(Finding(f"Run {id}: the field {place} cannot be read ({_shown(problem['input'])})."))
            return
        if run.status == "rolled-back":
            self._reverted.add(id)
            self._left_alone.update((id, exception.customer) for exception in run.exceptions)
        _check_progress(store, report, run)

    def _problem_with_undoing(self, by: str) -> str | None:
        if by not in self._kinds:
            return "is not recorded"
        if by in self._reverted:
            return "was undone itself"
        return None if self._kinds[by] == "undo" else "undoes nothing"


def _check_progress(store: Store, report: CheckReport, run: Run) -> None:
    if run.status == "running" and now() - run.heartbeat_at > SILENCE:
        report.add(Finding(f"Run {run.id} says that it is running, but it has not moved for more than a minute."))
    if run.status == "done":
        recorded = store.checks.count_customers_of_run(run.id)
        if recorded != run.changed:
            report.add(
                Finding(f"Run {run.id} says that it changed {run.changed:,} customers, but {recorded:,} are recorded.")
            )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


@use_case(Permission.SETTINGS)
def check_database(
    store: Store, actor: Actor, on_progress: Progress = ignore_progress, *, put_back: Sequence[str] = ()
) -> CheckReport:
    """Verify everything about all customers, their history, runs and memberships, and the accounts; changes nothing.

    Others may go on working meanwhile: what belongs together is read as it was at one moment. `put_back` is what the
    start of this process found missing.
    """
    report = CheckReport()
    for flaw in put_back:
        report.add(Finding(f"At the start, {flaw}; Kinso has put it back where it could."))
    runs = RunRecords()
    parts: dict[str, Callable[[], None]] = {
        "the indexes and validators": lambda: _check_shape(store, report),
        "the runs": lambda: runs.examine(store, report),
        "the runs that changes name": lambda: _check_unknown_runs(store, report),
        "the _ids of customers": lambda: _check_foreign_ids(store, report),
        "the customers": lambda: _check_customers(store, report, runs, on_progress),
        "the IDs of customers who were merged": lambda: _check_aliases(store, report),
        "the sale IDs that look alike": lambda: _check_sale_ids(store, report),
        "the membership rule": lambda: _check_rule(store, report),
        "the changes of settings": lambda: _check_settings_changes(store, report),
        "the e-mail addresses of accounts": lambda: _check_addresses(store, report),
        "the administrators": lambda: _check_administrators(store, report),
        "the mirror": lambda: _check_mirror(store, report),
    }
    for about, examine in parts.items():
        with _on_its_own(report, about), store.guarded():
            examine()
    return report


@contextmanager
def _on_its_own(report: CheckReport, about: str, customer: str | None = None) -> Iterator[None]:
    try:
        yield
    except KinsoError:
        raise
    except Exception as error:
        sentence = not_examined(about, error)
        report.add(Finding(f"{sentence[0].upper()}{sentence[1:]}.", customer))


def _check_shape(store: Store, report: CheckReport) -> None:
    for flaw in store.checks.flaws():
        report.add(Finding(f"{flaw[0].upper()}{flaw[1:]}."))


def _check_unknown_runs(store: Store, report: CheckReport) -> None:
    for id in store.checks.unknown_runs():
        report.add(Finding(f"Run {id} is named by changes, but it is not recorded."))


def _check_foreign_ids(store: Store, report: CheckReport) -> None:
    for document in store.checks.foreign_ids():
        said = str(document.get("customerId") or document["_id"])
        report.add(
            Finding(f"Customer {said}: its _id is not an ObjectId, so it cannot be opened.", str(document["_id"]))
        )


def _check_customers(store: Store, report: CheckReport, runs: RunRecords, on_progress: Progress) -> None:
    merges = Merges.of(store, runs.in_force("merge"), runs.in_force("undo"))
    background = Background(runs.rolled_back, store.checks.country(), store.checks.marks(), merges)
    total = store.checks.estimated_count()
    key: str | None = ""
    while key is not None:
        dossiers, key = store.transact(partial(store.checks.dossiers_after, key))
        for dossier in dossiers:
            with _on_its_own(report, f"customer {dossier.key}", dossier.key), store.guarded():
                _check_customer(store, report, dossier, background)
        on_progress(report.customers + report.trashed, max(total, report.customers + report.trashed))


def _check_customer(store: Store, report: CheckReport, dossier: Dossier, background: Background) -> None:
    report.customers += dossier.customer is not None
    report.trashed += dossier.trashed is not None
    report.changes += len(dossier.changes)
    for problem in problems_of(dossier, background):
        report.add(Finding(f"Customer {name_of(dossier)}: {problem}.", dossier.key))
    if unreadable := unreadable_amount_of(dossier):
        report.add_duplicate(
            f"Customer {name_of(dossier)}: its purchase amount was {unreadable} when it was taken over, which is no"
            " amount of money, and counts as 0; type the right one."
        )
    if (shared := case_duplicate_of(dossier)) and (holder := store.checks.holder_of(shared)):
        duplicates = f"Customer ID {name_of(dossier)} differs from {holder.get('customerId')}"
        report.add_duplicate(f"{duplicates} in letter case, spaces, dashes or the like only.")


def _check_rule(store: Store, report: CheckReport) -> None:
    shop = store.shop.get()
    try:
        check_threshold(shop.threshold, shop.basis.unit)
    except (Conflict, InvalidInput) as error:
        report.add(Finding(error.message))


def _check_sale_ids(store: Store, report: CheckReport) -> None:
    for sale_id, other in store.checks.sale_ids_alike():
        report.add_duplicate(f"Sale ID {sale_id} differs from {other} only in what looks the same.")


def _check_aliases(store: Store, report: CheckReport) -> None:
    for sentence in alias_problems(store):
        report.add(Finding(sentence))


def _check_settings_changes(store: Store, report: CheckReport) -> None:
    marks = store.checks.marks()
    for document in store.checks.settings_changes():
        if settings_changes_altered(document, marks):
            report.add(Finding(f"Change of settings {document['_id']}: who made it, or when, was altered."))


def _check_addresses(store: Store, report: CheckReport) -> None:
    for email in store.checks.repeated_emails():
        report.add(Finding(f"The e-mail address {email} has several accounts."))


def _check_administrators(store: Store, report: CheckReport) -> None:
    if store.checks.lacks_admin():
        report.add(Finding("There are accounts, but no active administrator."))


_MOST_NAMED = 20


def _check_mirror(store: Store, report: CheckReport) -> None:
    """What lists and figures are answered from; it is loaded anew when it is wrong."""
    differing = list(islice(store.mirror_checks.differing(), _MOST_NAMED))
    for collection, id in differing:
        report.add(Finding(f"The mirror has another document {id} of {collection} than the database."))
    surplus = store.mirror_checks.surplus()
    for collection, rows in surplus.items():
        more = f"{abs(rows):,} {'more' if rows > 0 else 'fewer'}"
        report.add(Finding(f"The mirror has {more} documents of {collection} than the database."))
    if differing or surplus:
        store.mirror_checks.reload()
