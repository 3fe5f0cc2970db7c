"""The record of a change, made by every use case that changes a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinso.models.customer import Customer
from kinso.models.run import Change, ChangeKind
from kinso.models.user import Actor
from kinso.repository.documents import new_id

_SPECIFIED = ("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus")


def record_of_creation(actor: Actor, created: Customer, *, run: str | None = None) -> Change:
    """The record that belongs to a new customer."""
    return _record(actor, created, "create", before=None, after=specified_fields(created), run=run)


def record_of_update(
    actor: Actor, before: Customer, after: Customer, *, run: str | None = None, undoes: str | None = None
) -> Change:
    """The record that belongs to an update; it holds only the fields that differ."""
    old, new = specified_fields(before), specified_fields(after)
    changed = [name for name in _SPECIFIED if old[name] != new[name]]
    kind: ChangeKind = "membership" if changed == ["membershipStatus"] else "edit"
    sides = ({name: side[name] for name in changed} for side in (old, new))
    return _record(actor, after, kind, before=next(sides), after=next(sides), run=run, undoes=undoes)


def record_of_deletion(actor: Actor, deleted: Customer, *, undoes: str | None = None) -> Change:
    """The record that belongs to a deletion; it holds everything, so that the customer can be made again."""
    before = {**specified_fields(deleted), "createdAt": deleted.created_at}
    return _record(actor, deleted, "delete", before=before, after=None, undoes=undoes)


def specified_fields(customer: Customer) -> dict[str, Any]:
    """What people enter about a customer, by stored names."""
    values = customer.model_dump(by_alias=True)
    return {name: values[name] for name in _SPECIFIED}


def _record(
    actor: Actor,
    customer: Customer,
    kind: ChangeKind,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    run: str | None = None,
    undoes: str | None = None,
) -> Change:
    return Change(
        id=new_id(),
        customer=customer.id,
        customer_id=customer.customer_id,
        kind=kind,
        by_id=actor.user_id,
        by_name=actor.name,
        source=actor.source,
        at=customer.updated_at,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        version=customer.version,
        run=run,
        undoes=undoes,
    )
