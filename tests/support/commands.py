"""The commands that Kinso sends to the server: each is a round trip."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from kinso.config import Settings
from kinso.database.commits import Commits
from kinso.database.connection import Connection
from kinso.repository.store import Store


class _Listener(CommandListener):
    """Not to what other threads do meanwhile, such as the one that follows."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self._thread = threading.get_ident()

    def started(self, event):
        if threading.get_ident() == self._thread:
            target = event.command.get("collection") or event.command[event.command_name]
            self.sent.append(f"{event.command_name} {target}" if isinstance(target, str) else event.command_name)

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


class CountedCommands:
    """A store of its own on the same database, and what it sends."""

    def __init__(self, store: Store, listener: _Listener) -> None:
        self.store = store
        self._listener = listener

    def of(self, work: Callable[[], object]) -> list[str]:
        """What is sent for this work, in its order: `find customers`, `commitTransaction`."""
        self._listener.sent = []
        work()
        return self._listener.sent


@contextmanager
def counted(settings: Settings) -> Iterator[CountedCommands]:
    """As long as the context lasts."""
    listener, commits = _Listener(), Commits(settings.database)
    client: MongoClient = MongoClient(settings.mongodb_uri, tz_aware=True, event_listeners=[commits, listener])
    connection = Connection(client, client[settings.database], commits=commits)
    try:
        yield CountedCommands(Store(connection), listener)
    finally:
        connection.close()
