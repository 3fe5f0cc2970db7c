"""The process-wide application context: settings, store, and the database server where Kinso runs that itself."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

from kinso.config import Settings
from kinso.database.adoption import Adoption
from kinso.database.connection import connect
from kinso.database.embedded.server import EmbeddedServer
from kinso.database.preparation import finish_adoption, prepare
from kinso.database.processes import RENEWED_AFTER, end_presence, note_presence
from kinso.database.refolding import refold
from kinso.errors import DatabaseUnavailable, KinsoError, StartupError
from kinso.repository.store import Store
from kinso.services.accounts.first_admin import prepare_first_admin
from kinso.services.history.runs import recover_interrupted
from kinso.services.history.trash import complete_revenue, empty_trash, finish_erasures
from kinso.services.segment_moves import note_segments

Announce = Callable[[str], None]

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0
_SECONDS_BETWEEN_FAILURES = 60.0
_UNEXPECTED = "Something went wrong on our side; the log of Kinso tells what."
_MAINTENANCE_SECONDS = 5.0
"""A killed process must not hold anybody up for longer; a look costs a millisecond."""
_SECONDS_FOR_OTHERS = 0.1
_TRASH_SECONDS = 3600.0
_SECONDS_BETWEEN_NOTES = 30.0
_SECONDS_FOR_ENDING = 1.0
_SECONDS_FOR_ADOPTING = 3.0
_MOST_NAMED = 20
_LOOKED_THROUGH_AT_ONCE = 10_000
"""Customers who are brought up to date between two looks at whether anything else is to be done."""
_GARBAGE = (20_000, 20, 50)
"""Python's own (700, 10, 10) has it look for cycles so often that a bulk change takes a fifth longer."""

_lock = threading.Lock()
_current: ApplicationContext | None = None


class ApplicationContext:
    """Everything a front end needs to call use cases. Thread-safe.

    While the database has not been reached and prepared, `ready` is False and `store` raises `DatabaseUnavailable`.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        server: EmbeddedServer | None = None,
        announce: Announce | None = None,
    ) -> None:
        """`announce` gets the one-time code with which the first administrator is set up, if one is needed."""
        self.settings = settings
        self.put_back: Sequence[str] = ()
        """Which indexes and validators this start found missing, as the beginnings of sentences."""
        self._store = store
        self._server = server
        self._announce = announce
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._maintenance: threading.Thread | None = None
        self._adopting: threading.Thread | None = None
        self._trash_is_due = 0.0
        self._notes_are_due = 0.0
        self._presence_is_due = 0.0
        self._is_refolded = False

    @classmethod
    def around(cls, store: Store, settings: Settings | None = None) -> ApplicationContext:
        """A ready application context on a store that is prepared already."""
        application = cls(settings or Settings(), store)
        application._ready.set()
        return application

    @property
    def ready(self) -> bool:
        """Whether the database was reached and prepared."""
        return self._ready.is_set()

    @property
    def store(self) -> Store:
        """The repositories; raises `DatabaseUnavailable` until the application is ready."""
        if not self.ready:
            raise DatabaseUnavailable
        return self._store

    def demand_following(self) -> None:
        """Raise `DatabaseUnavailable` unless the database answers and lists are up to date with it."""
        store = self.store
        store.connection.ping()
        store.mirror.demand_following()

    def prepare(self) -> None:
        """Get the database into shape and clean up after a crash; raises `DatabaseUnavailable` and `StartupError`."""
        # Somebody who gives one command waits for its end anyway.
        adoption = prepare(self._store.connection, in_background=self._announce is not None)
        if self._store.connection.adoption.is_under_way:
            self._adopt_in_background(adoption)
        else:
            _report(adoption)
        self.put_back = adoption.put_back
        with self._store.guarded():
            self._note_presence()
        complete_revenue(self._store)
        self._clean_up()
        if self._announce:
            code = prepare_first_admin(self._store, self.settings)
            if code:
                self._announce(code)
        self._ready.set()

    def maintain(self) -> None:
        """From now on, until `close`, try to get ready again and again, clean up after crashes and empty the trash."""
        self._maintenance = threading.Thread(target=self._maintain, name="kinso-maintenance", daemon=True)
        self._maintenance.start()

    def start_mirror(self) -> None:
        """Have the mirror loaded before somebody asks, in the background."""
        self._store.mirror.start()

    def close(self) -> None:
        """Give back the connection, and stop the server if this process owns it."""
        self._closing.set()
        self._ready.clear()
        # With its server away a process cannot note its end; whoever asks later sees that it is gone.
        with suppress(DatabaseUnavailable), self._store.within(_SECONDS_FOR_ENDING):
            self._end_presence()
        self._store.connection.close()
        if self._maintenance:
            self._maintenance.join()
        if self._adopting:
            # It may be creating an index, which ends with the server; the next start goes on.
            self._adopting.join(_SECONDS_FOR_ADOPTING)
        if self._server:
            self._server.stop()

    def _adopt_in_background(self, adoption: Adoption) -> None:
        if self._adopting is None or not self._adopting.is_alive():
            self._adopting = threading.Thread(target=self._adopt, args=(adoption,), name="kinso-adopting", daemon=True)
            self._adopting.start()

    def _adopt(self, adoption: Adoption) -> None:
        connection, should_stop = self._store.connection, self._closing.is_set
        said, pause = "", _RETRY_SECONDS
        while not should_stop():
            try:
                if finish_adoption(connection, adoption, should_stop):
                    _report(adoption)
                    return
            except DatabaseUnavailable:
                pause = _RETRY_SECONDS
            except KinsoError as error:
                connection.adoption.problem = error.message
                pause = _SECONDS_BETWEEN_FAILURES
                if error.message != said:
                    _log.warning("%s", error.message)
                said = error.message
            except Exception:
                _log.exception("Taking over customers failed; it will be tried again.")
                connection.adoption.problem = _UNEXPECTED
                pause = _SECONDS_BETWEEN_FAILURES
            self._closing.wait(pause)

    def _note_presence(self) -> None:
        if time.monotonic() >= self._presence_is_due:
            note_presence(self._store.connection)
            self._presence_is_due = time.monotonic() + RENEWED_AFTER

    def _end_presence(self) -> None:
        if self._presence_is_due:
            end_presence(self._store.connection)

    def _clean_up(self) -> None:
        with self._store.guarded():
            self._note_presence()
            self._store.connection.end_abandoned()
            recover_interrupted(self._store)
            self._store.mirror.reload_if_asked()
            self._refold()
            if time.monotonic() >= self._trash_is_due:
                empty_trash(self._store)
                finish_erasures(self._store)
                self._trash_is_due = time.monotonic() + _TRASH_SECONDS

    def _note_segments(self) -> None:
        """Once a day each, and soon after one is new or asks for something else."""
        if time.monotonic() >= self._notes_are_due and self._store.mirror.state.is_ready:
            note_segments(self._store)
            self._notes_are_due = time.monotonic() + _SECONDS_BETWEEN_NOTES

    def _refold(self) -> None:
        connection = self._store.connection
        if not connection.adoption.is_under_way:
            self._is_refolded = refold(connection, most=_LOOKED_THROUGH_AT_ONCE, should_stop=self._closing.is_set)

    def _pause(self) -> float:
        """Seconds until there is something to do."""
        if not self.ready:
            return _RETRY_SECONDS
        is_busy = not (self._is_refolded or self._store.connection.adoption.is_under_way)
        return _SECONDS_FOR_OTHERS if is_busy else _MAINTENANCE_SECONDS

    def _maintain(self) -> None:
        said = ""
        while not self._closing.wait(self._pause()):
            try:
                if self.ready:
                    self._clean_up()
                    self._note_segments()
                else:
                    self.prepare()
                    _log.warning("The database answers now; Kinso is ready.")
            except KinsoError as error:
                if error.message != said and not self._closing.is_set():
                    _log.warning("%s", error.message)
                said = error.message
            except Exception:
                _log.exception("Looking after the database failed; it will be tried again.")


def open_application(settings: Settings, announce: Announce | None = None) -> ApplicationContext:
    """Start or join the embedded server where there is no other one, connect, and prepare the database.

    A server of someone else's that does not answer yet is waited for in the background: the application is not
    ready until then. `announce` is called, perhaps later and from another thread, with the one-time code for the first
    administrator; without it no administrator is prepared. Raises `StartupError`.
    """
    global _current
    with _lock:
        if _current is not None:
            raise StartupError("Kinso is running in this process already; close it before it is opened again.")
        gc.set_threshold(*_GARBAGE)
        application = _open(settings, announce)
        _current = application
    return application


def current_application() -> ApplicationContext:
    """The open application context; raises `DatabaseUnavailable` when there is none (yet, or any more)."""
    application = _current
    if application is None:
        raise DatabaseUnavailable
    return application


def close_application() -> None:
    """Close the application context, and with it everything that this process owns; harmless when there is none."""
    global _current
    with _lock:
        application, _current = _current, None
        if application is not None:
            application.close()


@contextmanager
def use_application(application: ApplicationContext) -> Iterator[ApplicationContext]:
    """Make `application` the current one for a while, without closing it afterwards; for tests."""
    global _current
    before, _current = _current, application
    try:
        yield application
    finally:
        _current = before


def _open(settings: Settings, announce: Announce | None) -> ApplicationContext:
    server = EmbeddedServer(settings.data_dir, settings.mongod) if settings.embedded else None
    uri = server.start() if server else None
    try:
        store = Store(connect(settings, uri))
        # A command that ends in a moment has nothing to keep.
        store.mirror.keep_in(
            settings.data_dir / "mirror" / settings.database,
            keeps_snapshots=announce is not None,
            memory_limit=settings.mirror_memory,
        )
        application = ApplicationContext(settings, store, server=server, announce=announce)
    except BaseException:
        if server:
            server.stop()
        raise
    try:
        application.prepare()
    except DatabaseUnavailable:
        _log.warning("The database does not answer yet; Kinso keeps trying.")
    except BaseException:
        application.close()
        raise
    application.maintain()
    return application


def _report(adoption: Adoption) -> None:
    for flaw in adoption.put_back:
        _log.warning("At this start %s; Kinso has put it back where it could.", flaw)
    if adoption.adopted:
        _log.warning("%d customers of another application were taken over.", adoption.adopted)
    for case_duplicates in adoption.case_duplicates[:_MOST_NAMED]:
        _log.warning(
            "These customer IDs differ in letter case, spaces or the like only; please change all but one: %s",
            ", ".join(case_duplicates[:_MOST_NAMED]),
        )
    if len(adoption.case_duplicates) > _MOST_NAMED:
        _log.warning("There are %d more groups of such customer IDs.", len(adoption.case_duplicates) - _MOST_NAMED)
    for customer_id in islice(dict.fromkeys(adoption.unreadable_amounts), _MOST_NAMED):
        _log.warning(
            "The purchase amount of customer %s was not an amount of money and is 0 now; `check` tells what it was."
            " Type the right one on the customer's page.",
            customer_id,
        )
