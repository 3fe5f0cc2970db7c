"""What an import that has not ended wrote may yet be taken back, so nobody else builds on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kinso.errors import BeingImported
from kinso.models.history import Change
from kinso.repository.store import Store

BEING_IMPORTED = "is in an import that has not ended yet"
"""Why a customer is left alone, as the rest of a sentence that begins with the customer."""


def being_imported(store: Store, customers: Collection[str], *, but_for: Collection[str | None] = ()) -> dict[str, str]:
    """Those of these customers (by `_id`) whom an import that has not ended wrote, with their customer IDs.

    `but_for` are runs that may go on. Whoever writes to one of these has read this within the same transaction, and
    then collides with the import where that writes to the customer at the same time.
    """
    imports = [run for run in store.turns.unfinished_imports() if run not in but_for]
    return store.turns.written_by(imports, list(customers)) if imports and customers else {}


def demand_imported(store: Store, customers: Collection[str], *, but_for: Collection[str | None] = ()) -> None:
    """Raise `BeingImported` when one of these customers (by `_id`) is in an import that has not ended."""
    for customer_id in being_imported(store, customers, but_for=but_for).values():
        raise BeingImported(customer_id)


def demand_nothing_unfinished(store: Store, changes: Sequence[Change], *, taking_back: str | None = None) -> None:
    """Raise `BeingImported` when a change builds on an import that is not its own and has not ended.

    The run `taking_back` may be written over, for that is how it ends.
    """
    own = {taking_back, *(change.run for change in changes)}
    demand_imported(store, {change.customer for change in changes}, but_for=own)
