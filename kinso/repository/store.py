"""Everything the services store into, behind one object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kinso.database.connection import Connection, translated_errors, within
from kinso.models.membership import Rule
from kinso.repository.accounts import AttemptRepository, SessionRepository, TokenRepository, UserRepository
from kinso.repository.chosen import ChosenRepository
from kinso.repository.customer_groups import CustomerGroupRepository
from kinso.repository.customers import CustomerRepository
from kinso.repository.customers_search import SyncRepository
from kinso.repository.drafts import DraftRepository
from kinso.repository.duplicates import DifferentPeopleRepository, DuplicateRepository
from kinso.repository.exports import CustomerExportRepository
from kinso.repository.history import ChangeRepository, RunRepository
from kinso.repository.insights import FigureRepository, SalesFigureRepository
from kinso.repository.membership import MembershipRepository
from kinso.repository.merged import MergedLedgerRepository, MergedRepository
from kinso.repository.mirror import mirror_of
from kinso.repository.mirror_check import MirrorCheckRepository
from kinso.repository.purchases import CustomerLedgerRepository, LedgerRepository
from kinso.repository.recent_customers import RecentCustomerRepository
from kinso.repository.requests import RequestRepository
from kinso.repository.segment_notes import SegmentNoteRepository
from kinso.repository.segments import SegmentRepository
from kinso.repository.shop import CheckRepository, ShopRepository
from kinso.repository.similar_names import SimilarNames
from kinso.repository.spenders import SpenderRepository
from kinso.repository.spending import SpendingRepository
from kinso.repository.transfer import BackupRepository, ImportLockRepository
from kinso.repository.trash import TrashRepository

Result = TypeVar("Result")


class Store:
    """The repositories of one database."""

    def __init__(self, connection: Connection) -> None:
        database = connection.database
        self.connection = connection
        self.mirror = mirror_of(connection)
        self.customers = CustomerRepository(connection, self.mirror)
        self.groups = CustomerGroupRepository(self.customers)
        self.exports = CustomerExportRepository(self.customers, self.mirror)
        self.chosen = ChosenRepository(self.customers)
        self.duplicates = DuplicateRepository(self.mirror)
        self.different_people = DifferentPeopleRepository(database)
        self.similar_names = SimilarNames(self.mirror)
        self.changes = ChangeRepository(database)
        self.sync = SyncRepository(database, self.mirror)
        self.memberships = MembershipRepository(database, self.mirror)
        self.ledger = LedgerRepository(database, self.mirror)
        self.customer_ledger = CustomerLedgerRepository(database)
        self.merged = MergedRepository(database)
        self.merged_ledger = MergedLedgerRepository(database)
        self.trash = TrashRepository(database)
        self.runs = RunRepository(database)
        self.import_locks = ImportLockRepository(database)
        self.figures = FigureRepository(self.mirror)
        self.spending = SpendingRepository(database)
        self.sales_figures = SalesFigureRepository(self.mirror)
        self.users = UserRepository(database)
        self.sessions = SessionRepository(database)
        self.tokens = TokenRepository(database)
        self.requests = RequestRepository(database)
        self.drafts = DraftRepository(database)
        self.recent_customers = RecentCustomerRepository(database)
        self.segments = SegmentRepository(database)
        self.segment_notes = SegmentNoteRepository(database)
        self.attempts = AttemptRepository(database)
        self.backups = BackupRepository(database)
        self.shop = ShopRepository(database)
        self.mirror_checks = MirrorCheckRepository(database, self.mirror)
        self.checks = CheckRepository(database, in_memory=connection.in_memory)

    @property
    def name(self) -> str:
        """The database's name."""
        return self.connection.database.name

    def spenders(self, rule: Rule) -> SpenderRepository:
        """Customers by what counts for this rule."""
        return SpenderRepository(self.mirror, self.customers, rule)

    def transact(self, work: Callable[[], Result]) -> Result:
        """Run `work` so that all of its writes happen or none; it may be called again after a collision."""
        return self.connection.transact(work)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn the driver's failures into `DatabaseUnavailable`."""
        with translated_errors():
            yield

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """The same, also for what takes longer than this; for what somebody waits for to see anything at all."""
        with within(seconds):
            yield
