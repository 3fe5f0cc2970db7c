"""A list of customers from another program: created or updated by their ID, in one transaction, as one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictInt

from kinso.errors import Conflict, FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE, Customer, CustomerDraft, CustomerId, CustomerPatch, LikelyDuplicate
from kinso.models.fields import entered, permissions_to_change, permissions_to_enter
from kinso.models.history import Run
from kinso.models.text import id_key
from kinso.models.validation import KnownFields, parse
from kinso.repository.documents import changed, now
from kinso.repository.store import Store
from kinso.services.customers.registering import find_likely_duplicates
from kinso.services.history.records import (
    decided_by_person,
    demand_imported,
    record_changes,
    record_of_creation,
    record_of_update,
)
from kinso.services.history.runs import new_run
from kinso.services.permissions import demand_all, use_case

MOST_ROWS = LARGEST_PAGE
"""As many as one transaction can write while others wait for it."""
MOST_ERRORS = 100
"""Named when nothing is written; beyond that they are only counted."""

Outcome = Literal["created", "updated", "unchanged", "failed"]
Row = Mapping[str, Any]


class _Changes(KnownFields, CustomerPatch):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    version: Annotated[StrictInt, Field(ge=0)] = Field(default_factory=lambda: 0)


class _Draft(KnownFields, CustomerDraft):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)


class CustomerRow(_Changes):
    """One customer of the list: `customerId` says which; a new one needs a name and a contact as well.

    With `version`, only that version of the customer is changed.
    """

    customer_id: CustomerId


class BulkRefused(InvalidInput):
    """Some rows are not acceptable, so nothing was written; `errors` names the first of them."""

    def __init__(self, errors: Sequence[FieldError], rows: int, total: int) -> None:
        super().__init__(errors[:MOST_ERRORS])
        self.message = (
            f"Nothing was written, because {rows:,} of {total:,} customers are not acceptable; correct them and send"
            " the list again."
        )
        self.args = (self.message,)


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row; `customer_id` is as it was sent when the row failed, None when that was no text.

    `duplicates` are customers who were there already and may be the same person as a new one.
    """

    index: int
    customer_id: str | None
    outcome: Outcome
    customer: Customer | None = None
    errors: tuple[FieldError, ...] = ()
    duplicates: tuple[LikelyDuplicate, ...] = ()


@dataclass(frozen=True)
class BulkOutcome:
    """What became of the list; `run` is None when nothing was written."""

    run: Run | None
    rows: tuple[RowOutcome, ...]


@dataclass
class _Plan:
    creations: list[tuple[int, CustomerDraft]] = field(default_factory=list)
    updates: list[tuple[int, Customer, dict[str, Any]]] = field(default_factory=list)
    outcomes: dict[int, RowOutcome] = field(default_factory=dict)


@use_case(Permission.IMPORT)
def upsert_customers(store: Store, actor: Actor, rows: Sequence[Row], *, all_or_nothing: bool) -> BulkOutcome:
    """Create or update each customer by its ID in any letter case; what a row does not name keeps its value.

    A row with `version` is refused when its customer has another one. Raises `InvalidInput` for a list that is too long
    or names an ID twice, and, with `all_or_nothing`, when any row is refused; without it the others are written.
    Raises `BeingImported` while an import that wrote to one of them has not ended.
    """
    if len(rows) > MOST_ROWS:
        sentence = f"The list has {len(rows):,} customers; send at most {MOST_ROWS:,} at a time."
        raise InvalidInput([FieldError("customers", sentence)])

    def work() -> BulkOutcome:
        plan = _plan(store, rows)
        if all_or_nothing:
            _refuse_failures(plan.outcomes.values(), len(rows))
        run = _write(store, actor, plan, len(rows)) if plan.creations or plan.updates else None
        return BulkOutcome(run, tuple(plan.outcomes[index] for index in range(len(rows))))

    return store.transact(work)


def _plan(store: Store, rows: Sequence[Row]) -> _Plan:
    ids = [_customer_id(row) for row in rows]
    known = store.customers.get_by_customer_ids(id for id in ids if id is not None)
    demand_imported(store, [customer.id for customer in known])
    plan = _Plan()
    first: dict[str, int] = {}
    repeated = []
    for index, (row, customer_id) in enumerate(zip(rows, ids, strict=True)):
        try:
            existing = known.get(customer_id) if customer_id is not None else None
            who = existing.id if existing else id_key(customer_id) if customer_id is not None else str(index)
            earlier = first.setdefault(who, index)
            if earlier != index:
                sentence = f"This customer ID is already in row {earlier} of the list; keep one of them."
                repeated.append(FieldError(f"customers.{index}.customerId", sentence))
                continue
            _plan_row(plan, index, row, existing)
        except InvalidInput as error:
            plan.outcomes[index] = RowOutcome(index, customer_id, "failed", errors=error.errors)
    if repeated:
        raise InvalidInput(repeated[:MOST_ERRORS])
    return plan


def _customer_id(row: Row) -> str | None:
    """The ID as it was sent, None when it is no text that could be stored."""
    customer_id = row.get("customerId")
    # Half a surrogate pair cannot be looked for.
    is_text = isinstance(customer_id, str) and customer_id == customer_id.encode("utf-8", "replace").decode()
    return customer_id if is_text else None


def _plan_row(plan: _Plan, index: int, row: Row, existing: Customer | None) -> None:
    if existing is None:
        if "version" in row:
            sentence = "There is no customer with this ID; leave the version out to register one."
            raise InvalidInput([FieldError("version", sentence)])
        plan.creations.append((index, parse(_Draft, row)))
        return
    # Texts that are stored already are not judged, nor is the ID: an earlier application may have allowed them.
    shown = entered(existing)
    judged = {
        name: value
        for name, value in row.items()
        if name != "customerId" and not (isinstance(value, str) and shown.get(name) == value)
    }
    typed = parse(_Changes, judged)
    if "version" in row and typed.version != existing.version:
        raise InvalidInput([FieldError("version", f"The version is {existing.version} now.")])
    changes = {name: value for name, value in typed.changes().items() if name in shown and shown[name] != value}
    if changes:
        plan.updates.append((index, existing, decided_by_person(changes)))
    else:
        plan.outcomes[index] = RowOutcome(index, existing.customer_id, "unchanged", existing)


def _refuse_failures(outcomes: Iterable[RowOutcome], total: int) -> None:
    failed = [outcome for outcome in outcomes if outcome.outcome == "failed"]
    if failed:
        errors = [
            FieldError(f"customers.{outcome.index}.{error.field}", error.message)
            for outcome in failed
            for error in outcome.errors
        ]
        raise BulkRefused(errors, len(failed), total)


def _demand(actor: Actor, plan: _Plan) -> None:
    """Raise `NotPermitted` unless the actor may do all of it one by one as well."""
    entered_fields = (permissions_to_enter(draft) for _, draft in plan.creations)
    changed_fields = (permissions_to_change(changes) for _, _, changes in plan.updates)
    needed = {Permission.CREATE: bool(plan.creations), Permission.EDIT: bool(plan.updates)}
    demand_all(actor, {**needed, **dict.fromkeys(set().union(*entered_fields, *changed_fields), True)})


def _write(store: Store, actor: Actor, plan: _Plan, total: int) -> Run:
    _demand(actor, plan)
    at = now()
    parameters = {"rows": total, "create": len(plan.creations), "update": len(plan.updates)}
    run = new_run(actor, "import", parameters, len(plan.creations) + len(plan.updates))
    drafts = [draft for _, draft in plan.creations]
    duplicates = find_likely_duplicates(store, actor, drafts) if drafts else []
    created = store.customers.insert_many(drafts, at, actor)
    updates = [(before, changes) for _, before, changes in plan.updates]
    if updates and store.customers.update_many(updates, at) != len(updates):
        raise Conflict("Some of these customers were changed by someone else meanwhile; send the list again.")
    records = [record_of_creation(actor, customer, run=run.id) for customer in created]
    for (index, _), customer, alike in zip(plan.creations, created, duplicates, strict=True):
        plan.outcomes[index] = RowOutcome(index, customer.customer_id, "created", customer, duplicates=tuple(alike))
    for index, before, changes in plan.updates:
        after = changed(before, changes, at)
        records.append(record_of_update(actor, before, after, run=run.id))
        plan.outcomes[index] = RowOutcome(index, after.customer_id, "updated", after)
    record_changes(store, records, is_free=True)
    done = run.model_copy(update={"status": "done", "changed": len(records), "finished_at": at})
    store.runs.insert(done)
    return done
