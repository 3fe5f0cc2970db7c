"""What a person chose for themselves, and finds again on every device."""

from __future__ import annotations

from collections.abc import Sequence

from kinso.models.accounts import Actor, Permission
from kinso.repository.store import Store
from kinso.services.permissions import use_case

MOST_COLUMNS = 60


@use_case(Permission.READ)
def get_columns(store: Store, actor: Actor) -> tuple[str, ...]:
    """The names of the facts that this person added to the list of customers."""
    return store.users.columns_of(actor.user_id)


@use_case(Permission.READ)
def save_columns(store: Store, actor: Actor, names: Sequence[str]) -> None:
    """Have the list of customers show these facts as columns whenever this person comes back."""
    store.users.update(actor.user_id, columns=list(names[:MOST_COLUMNS]))
