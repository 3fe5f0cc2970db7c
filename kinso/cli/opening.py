"""The shop's data for the time of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kinso.config import load_settings
from kinso.errors import ConfigurationError
from kinso.repository.store import Store
from kinso.services.office import close_office, open_office


@contextmanager
def opened_store() -> Iterator[Store]:
    """The store of the configured database, which is started or joined as needed; raises `StartupError`."""
    settings = load_settings()
    if settings.in_memory:
        raise ConfigurationError(
            "KINSO_MONGODB_URI is mongomock://, where nothing is kept after a command: unset it, or name a MongoDB"
            " server."
        )
    try:
        yield open_office(settings).store
    finally:
        close_office()
