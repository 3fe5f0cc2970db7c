"""Use cases about single customers: registering, changing, deleting, and what is typed and not saved yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kinso.errors import (
    CUSTOMER_GONE,
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
    CustomerPage,
    CustomerPatch,
    CustomerQuery,
    Draft,
)
from kinso.models.fields import entered, permissions_to_change, permissions_to_enter
from kinso.repository.documents import canonical_id, now
from kinso.repository.store import Store
from kinso.services.customers.registering import next_customer_id
from kinso.services.facts import facts_for
from kinso.services.history.records import (
    decided_by_person,
    record_changes,
    record_of_creation,
    record_of_deletion,
    record_of_update,
)
from kinso.services.permissions import demand_all, use_case


@use_case(Permission.READ)
def get_customer(store: Store, actor: Actor, id: str) -> Customer:
    """The customer with this `_id`, or into whom that one was merged; raises `NotFound`, also for a malformed one."""
    found = store.customers.get(id)
    return found or _existing(store, store.merged.way_up(id)[-1])


@use_case(Permission.READ)
def list_customers(store: Store, actor: Actor, query: CustomerQuery, *, page: int, limit: int) -> CustomerPage:
    """One page of a query with its total; a page past the end is empty."""
    limit = min(limit, LARGEST_PAGE)
    items, total = store.customers.find_with_total(query, page=page, limit=limit, facts=facts_for(store, query))
    return CustomerPage(items=items, page=page, limit=limit, total=total)


@use_case(Permission.READ)
def count_customers(store: Store, actor: Actor, query: CustomerQuery) -> int:
    """How many customers a query has."""
    return store.customers.count(query, facts=facts_for(store, query))


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
        created = store.customers.insert(_with_free_id(store, draft) if is_proposed else draft, now(), actor)
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
