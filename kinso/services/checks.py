"""Examining a whole database: does everything hold that Kinso promises?"""

from __future__ import annotations

from functools import partial

from kinso.models.check import CheckReport, Finding
from kinso.models.run import Run
from kinso.models.user import Actor, Permission
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.invariants import RolledBack, name_of, problems_of, twin_of
from kinso.services.runs import SILENCE, Progress, ignore_progress


@use_case(Permission.SETTINGS)
def check_database(store: Store, actor: Actor, on_progress: Progress = ignore_progress) -> CheckReport:
    """Verify everything about all customers, their history, runs and memberships, and the accounts; changes nothing.

    Others may go on working meanwhile: what belongs together is read as it was at one moment.
    """
    report = CheckReport()
    rolled_back = _check_runs(store, report)
    _check_customers(store, report, rolled_back, on_progress)
    for sale_id, other in store.checks.sale_ids_alike():
        report.add_twin(f"Sale ID {sale_id} differs from {other} only in what looks the same.")
    _check_accounts(store, report)
    return report


def _check_runs(store: Store, report: CheckReport) -> RolledBack:
    runs: set[str] = set()
    left_alone: set[tuple[str, str]] = set()
    taken_back_by: dict[str, str] = {}
    for run in store.checks.runs():
        _check_run(store, report, run)
        if run.status == "rolled-back":
            runs.add(run.id)
            left_alone.update((run.id, exception.customer) for exception in run.exceptions)
        if run.undone_by:
            taken_back_by[run.id] = run.undone_by
    for id, by in taken_back_by.items():
        if by in runs:
            report.add(Finding(f"Run {id} is marked as undone by run {by}, which was taken back itself."))
    for id in store.checks.unknown_runs():
        report.add(Finding(f"Run {id} is named by changes, but it is not recorded."))
    return RolledBack(frozenset(runs), frozenset(left_alone))


def _check_run(store: Store, report: CheckReport, run: Run) -> None:
    if run.status == "running" and now() - run.heartbeat_at > SILENCE:
        report.add(Finding(f"Run {run.id} says that it is running, but it has not moved for more than a minute."))
    if run.status == "done":
        recorded = store.checks.count_customers_of_run(run.id)
        if recorded != run.changed:
            report.add(
                Finding(f"Run {run.id} says that it changed {run.changed:,} customers, but {recorded:,} are recorded.")
            )


def _check_customers(store: Store, report: CheckReport, rolled_back: RolledBack, on_progress: Progress) -> None:
    for document in store.checks.foreign_ids():
        said = str(document.get("customerId") or document["_id"])
        report.add(
            Finding(f"Customer {said}: its _id is not an ObjectId, so it cannot be opened.", str(document["_id"]))
        )
    total = store.checks.estimated_count()
    country = store.checks.country()
    key: str | None = ""
    while key is not None:
        dossiers, key = store.transact(partial(store.checks.dossiers_after, key))
        for dossier in dossiers:
            report.customers += dossier.customer is not None
            report.trashed += dossier.trashed is not None
            report.changes += len(dossier.changes)
            for problem in problems_of(dossier, rolled_back, country):
                report.add(Finding(f"Customer {name_of(dossier)}: {problem}.", dossier.key))
            if (shared := twin_of(dossier)) and (holder := store.checks.holder_of(shared)):
                twins = f"Customer ID {name_of(dossier)} differs from {holder.get('customerId')}"
                report.add_twin(f"{twins} in letter case, spaces, dashes or the like only.")
        on_progress(report.customers + report.trashed, max(total, report.customers + report.trashed))


def _check_accounts(store: Store, report: CheckReport) -> None:
    for email in store.checks.repeated_emails():
        report.add(Finding(f"The e-mail address {email} has several accounts."))
    if store.checks.lacks_admin():
        report.add(Finding("There are accounts, but no active administrator."))
