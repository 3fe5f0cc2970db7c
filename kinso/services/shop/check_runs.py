"""What must hold for runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from kinso.models.history import Run
from kinso.models.shop import CheckReport, Finding
from kinso.repository.documents import now, with_text_id
from kinso.repository.store import Store
from kinso.services.history.runs import SILENCE
from kinso.services.shop.check_customers import RolledBack
from kinso.services.shop.check_records import run_altered


@dataclass
class RunRecords:
    """Reads all runs, and keeps what the examination of customers needs of them."""

    _kinds: dict[str, str] = field(default_factory=dict)
    _reverted: set[str] = field(default_factory=set)
    _left_alone: set[tuple[str, str]] = field(default_factory=set)
    _undone_by: dict[str, str] = field(default_factory=dict)

    @property
    def rolled_back(self) -> RolledBack:
        """The runs that were taken back."""
        return RolledBack(frozenset(self._reverted), frozenset(self._left_alone))

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
            return "was taken back itself"
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
