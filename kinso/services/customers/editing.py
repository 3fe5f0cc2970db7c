"""Use cases about single customers: registering, changing, deleting, and what is typed and not saved yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kinso.errors import (
    CUSTOMER_GONE,
    BeingImported,
    DuplicateCustomerId,
    FieldError,
    InvalidInput,
    NotFound,
    StaleVersion,
)
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import (
    LARGEST_DRAFT,
    LARGEST_PAGE,
    Customer,
    CustomerDraft,
    CustomerEdit,
    CustomerPage,
    CustomerPatch,
    CustomerQuery,
    Draft,
    EditOutcome,
    FieldConflict,
)
from kinso.models.fields import entered, permissions_to_change, permissions_to_enter
from kinso.models.validation import parse
from kinso.repository.documents import canonical_id, now
from kinso.repository.store import Store
from kinso.services.customers.registering import next_customer_id
from kinso.services.history.records import (
    decided_by_person,
    record_changes,
    record_of_creation,
    record_of_deletion,
    record_of_update,
)
from kinso.services.membership.eligibility import eligible_in
from kinso.services.permissions import demand_all, use_case


@use_case(Permission.READ)
def get_customer(store: Store, actor: Actor, id: str) -> Customer:
    """The customer with this `_id`; raises `NotFound`, also for a malformed one."""
    return _existing(store, id)


@use_case(Permission.READ)
def list_customers(store: Store, actor: Actor, query: CustomerQuery, *, page: int, limit: int) -> CustomerPage:
    """One page of a query with its total; a page past the end is empty."""
    limit = min(limit, LARGEST_PAGE)
    items, total = store.customers.find_with_total(query, page=page, limit=limit, eligible=eligible_in(store, query))
    return CustomerPage(items=items, page=page, limit=limit, total=total)


@use_case(Permission.READ)
def count_customers(store: Store, actor: Actor, query: CustomerQuery) -> int:
    """How many customers a query has."""
    return store.customers.count(query, eligible=eligible_in(store, query))


@use_case(Permission.READ)
def find_changed_since(store: Store, actor: Actor, versions: Mapping[str, int]) -> list[str]:
    """Which of the customers shown at these versions were changed or deleted meanwhile."""
    present = store.customers.versions(list(versions))
    return [id for id, version in versions.items() if present.get(id) != version]


@use_case(Permission.CREATE)
def create_customer(store: Store, actor: Actor, draft: CustomerDraft, *, is_proposed: bool = False) -> Customer:
    """Register a new customer; raises `DuplicateCustomerId`.

    When the ID `is_proposed` and somebody else took it meanwhile, the customer gets the next free one.
    """
    demand_all(actor, dict.fromkeys(permissions_to_enter(draft), True))

    def work() -> Customer:
        created = store.customers.insert(_with_free_id(store, draft) if is_proposed else draft, now())
        record_changes(store, [record_of_creation(actor, created)])
        return created

    return store.transact(work)


@use_case(Permission.EDIT)
def update_customer(
    store: Store, actor: Actor, id: str, patch: CustomerPatch, *, version: int | None = None
) -> Customer:
    """Change the given fields.

    With `version`, only that version is changed, else `StaleVersion` is raised; without it the present one is, whatever
    others did to it. Raises `NotFound` and `DuplicateCustomerId`.
    """
    demand_all(actor, dict.fromkeys(permissions_to_change(patch.changes()), True))
    return _update(store, actor, id, patch, version)


@use_case(Permission.MEMBERSHIP)
def set_membership(
    store: Store, actor: Actor, id: str, *, membership_status: bool, version: int | None = None
) -> Customer:
    """Make one customer a member or a non-member; raises `NotFound`, and `StaleVersion` when `version` is older."""
    return _update(store, actor, id, CustomerPatch(membership_status=membership_status), version)


@use_case(Permission.DELETE)
def delete_customer(store: Store, actor: Actor, id: str, *, version: int | None = None) -> Customer:
    """Move one customer to the trash and return it; raises `NotFound`, and `StaleVersion` when `version` is older."""

    def work() -> Customer:
        customer = _existing(store, id)
        if version not in (None, customer.version):
            raise StaleVersion(customer)
        at = now()
        store.trash.throw_away([id], actor, at)
        record_changes(store, [record_of_deletion(actor, customer.model_copy(update={"updated_at": at}))])
        return customer

    return store.transact(work)


def _with_free_id(store: Store, draft: CustomerDraft) -> CustomerDraft:
    if draft.customer_id not in store.customers.get_by_customer_ids([draft.customer_id]):
        return draft
    return draft.model_copy(update={"customer_id": next_customer_id(store)})


def _update(store: Store, actor: Actor, id: str, patch: CustomerPatch, version: int | None) -> Customer:
    def work() -> Customer:
        before = _existing(store, id)
        if version not in (None, before.version):
            raise StaleVersion(before)
        shown = entered(before)
        changes = {name: value for name, value in patch.changes().items() if shown[name] != value}
        if not changes:
            return before
        after = store.customers.update(before, decided_by_person(changes), now())
        if after is None:
            raise StaleVersion(_existing(store, id))
        record_changes(store, [record_of_update(actor, before, after)])
        return after

    return store.transact(work)


def _existing(store: Store, id: str) -> Customer:
    customer = store.customers.get(id)
    if customer is None:
        raise NotFound(CUSTOMER_GONE)
    return customer


_DELETED = "was deleted by someone else meanwhile, so this change cannot be saved"


@use_case(Permission.EDIT)
def save_edits(store: Store, actor: Actor, edits: Sequence[CustomerEdit]) -> list[EditOutcome]:
    """Save every good cell, each row in a transaction of its own, and report the rest.

    A field that someone else changed meanwhile is merged when it was not typed over, and reported as a conflict when it
    was; nothing of theirs is overwritten. Nothing is saved when the actor may not do all of it.
    """
    validated = [_validate(edit) for edit in edits]
    needed = permissions_to_change(name for good, _ in validated for name in good)
    demand_all(actor, dict.fromkeys(needed, True))
    return [_save_edit(store, actor, edit, good, errors) for edit, (good, errors) in zip(edits, validated, strict=True)]


def _save_edit(
    store: Store, actor: Actor, edit: CustomerEdit, good: dict[str, Any], errors: list[FieldError]
) -> EditOutcome:
    try:
        outcome = _save_good(store, actor, edit, good, errors)
    except BeingImported as error:
        waiting = (FieldError(name, error.message) for name in good)
        return EditOutcome(edit, edit.before, errors=(*errors, *waiting))
    return EditOutcome(edit, outcome.current, outcome.saved, (*errors, *outcome.errors), outcome.conflicts)


def _save_good(
    store: Store, actor: Actor, edit: CustomerEdit, good: dict[str, Any], errors: list[FieldError]
) -> EditOutcome:
    """Save the good fields, without an ID that somebody else has: that is one of the `errors` then."""
    try:
        return store.transact(lambda: _merge_and_save(store, actor, edit, good))
    except DuplicateCustomerId as error:
        errors += error.errors
        del good["customerId"]
        return store.transact(lambda: _merge_and_save(store, actor, edit, good))


def _validate(edit: CustomerEdit) -> tuple[dict[str, Any], list[FieldError]]:
    """Each field by itself, so that one bad cell does not hold back the others; unchanged ones are left out."""
    good: dict[str, Any] = {}
    errors: list[FieldError] = []
    shown = entered(edit.before)
    for name, value in edit.values.items():
        if isinstance(value, str) and shown[name] == value:
            # An earlier application may have stored what nobody could type now.
            continue
        try:
            good |= parse(CustomerPatch, {name: value}).changes()
        except InvalidInput as error:
            errors += error.errors
    return {name: value for name, value in good.items() if shown[name] != value}, errors


def _merge_and_save(store: Store, actor: Actor, edit: CustomerEdit, good: dict[str, Any]) -> EditOutcome:
    current = store.customers.get(edit.before.id)
    if current is None:
        gone = FieldError("_id", f"Customer {edit.before.customer_id} {_DELETED}.")
        return EditOutcome(edit, None, errors=(gone,))
    conflicts = _conflicts(edit.before, current, good)
    taken = {conflict.field for conflict in conflicts}
    stored = entered(current)
    changes = {name: value for name, value in good.items() if name not in taken and stored[name] != value}
    after = _write(store, actor, current, changes) if changes else current
    return EditOutcome(edit, after, saved=changes, conflicts=tuple(conflicts))


def _conflicts(before: Customer, current: Customer, good: dict[str, Any]) -> list[FieldConflict]:
    shown, stored = entered(before), entered(current)
    return [
        FieldConflict(name, before=shown[name], theirs=stored[name], mine=mine)
        for name, mine in good.items()
        if stored[name] != shown[name] and stored[name] != mine
    ]


def _write(store: Store, actor: Actor, current: Customer, changes: dict[str, Any]) -> Customer:
    after = store.customers.update(current, decided_by_person(changes), now())
    if after is None:
        raise StaleVersion(current)
    record_changes(store, [record_of_update(actor, current, after)])
    return after


@use_case(Permission.EDIT)
def keep_draft(
    store: Store,
    actor: Actor,
    id: str,
    place: str,
    content: Mapping[str, Any],
    *,
    customers: Sequence[str] = (),
) -> bool:
    """Keep what is typed at a place, instead of what was kept under this `id` before; False when that is over.

    `customers` are the `_id`s of those whom it tells about. Raises `InvalidInput` for more than a form or a grid holds.
    """
    if len(json.dumps(content)) > LARGEST_DRAFT:
        raise InvalidInput([FieldError("content", "This is too much to be kept; save it.")])
    draft = Draft(id, place, dict(content), now())
    return store.drafts.keep(draft, actor.user_id, [canonical_id(each) for each in customers])


@use_case(Permission.EDIT)
def end_draft(store: Store, actor: Actor, id: str) -> None:
    """Forget a draft, because it was saved or given up; what is still under way for it is not kept either."""
    store.drafts.end(id, actor.user_id, now())


@use_case(Permission.EDIT)
def find_drafts(store: Store, actor: Actor, *places: str) -> list[Draft]:
    """What this person has typed at these places and not saved, the latest first."""
    return store.drafts.find(actor.user_id, places)
