"""Moving the whole shop to another MongoDB."""

from __future__ import annotations

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.moving import copy_everything
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import CustomerQuery
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.runs import Progress, ignore_progress


@use_case(Permission.SETTINGS)
def move_shop(store: Store, actor: Actor, settings: Settings, uri: str, on_progress: Progress = ignore_progress) -> int:
    """Copy everything into the database of the same name on the server at `uri`, and tell how many customers.

    What is here stays as it is. Nobody may work meanwhile. Raises `ConfigurationError`, `StartupError` and `Conflict`.
    """
    target = connect(settings, uri)
    try:
        copy_everything(store.connection, target, on_progress)
        return store.customers.count(CustomerQuery())
    finally:
        target.close()
