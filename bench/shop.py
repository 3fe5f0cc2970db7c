"""A shop to measure in: customers with five purchases each over three years, about a sixth of them members.

The documents are made by the same functions that Kinso stores with, but inserted in large batches by several processes:
a million customers one after the other would take hours. `check` has nothing to say about such a shop. The same people
are stored a second time, in a database of their own, as the original application would keep them.
"""

import multiprocessing
import random
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from bench.people import person
from bench.specified import Specified, specified_document
from bench.timing import scratch
from kinso.config import Settings
from kinso.database.connection import Connection, connect, in_batches
from kinso.database.embedded.server import EmbeddedServer
from kinso.database.preparation import prepare
from kinso.database.refolding import refold
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import Customer
from kinso.models.membership import Decision
from kinso.models.money import CENT, round_to_cents
from kinso.models.purchases import LedgerEntry
from kinso.models.shop import ShopSettings
from kinso.repository import history, membership, purchases
from kinso.repository.documents import as_it_is, changed, new_id, now
from kinso.repository.store import Store
from kinso.services.history.records import record_of_creation, record_of_update

COUNTRY = "GB"
PURCHASES = 5
THRESHOLD = Decimal(1000)
YEARS = timedelta(days=3 * 365)
PROCESSES = 2
_ANYWAY, _LOYAL = 0.09, 0.37
"""Members among those below and above the threshold: 16 % of all are members, and as many more can be activated."""
_TYPICAL_AMOUNT, _SPREAD = 6.17, 1.1
_METHODS = ("cash", "card", "mobile", "transfer")

Document = dict[str, Any]


@dataclass
class Documents:
    """Documents of some customers, by collection; `original` are theirs in the original application."""

    customers: list[Document] = field(default_factory=list)
    changes: list[Document] = field(default_factory=list)
    sales: list[Document] = field(default_factory=list)
    memberships: list[Document] = field(default_factory=list)
    original: list[Document] = field(default_factory=list)

    def add(self, number: int, until: datetime) -> None:
        """The customer with this number, of whom nothing is newer than `until`."""
        chance = random.Random(number)
        moments = _moments(chance, until)
        amounts = _amounts(chance)
        total = sum(amounts, Decimal(0))
        new = _registered(number, moments[0])
        buyer = changed(new, {"purchaseAmount": total}, moments[-1])
        reason = f"{PURCHASES} purchases from a file"
        bought = record_of_update(COMMAND_LINE, new, buyer, reason=reason, kind="purchase")
        self.changes += map(history._to_document, (record_of_creation(COMMAND_LINE, new), bought))
        for place, (moment, amount) in enumerate(zip(moments, amounts, strict=True), start=1):
            entry = _sale(f"S-{number:07}-{place}", bought.id, buyer, amount, moment, chance.choice(_METHODS))
            self.sales.append(purchases._to_document(entry))
        joins = chance.random() < (_LOYAL if total >= THRESHOLD else _ANYWAY)
        customer = self._join(buyer, moments[-1]) if joins else buyer
        self.customers.append(as_it_is(customer, COUNTRY))
        self.original.append(specified_document(customer))

    def insert(self, database: Database[Document], originals: Database[Document]) -> None:
        for name in ("customers", "changes", "sales", "memberships"):
            _insert(database, name, getattr(self, name))
        _insert(originals, "customers", self.original)

    def _join(self, buyer: Customer, at: datetime) -> Customer:
        member = changed(buyer, {"membershipStatus": True}, at)
        total = buyer.purchase_amount
        decision = Decision(
            decided_by="rule" if total >= THRESHOLD else "person", by_name=COMMAND_LINE.name, balance=total
        )
        self.changes.append(history._to_document(record_of_update(COMMAND_LINE, buyer, member)))
        self.memberships.append(membership._opened(member.id, at, decision))
        return member


@contextmanager
def served(folder: Path) -> Iterator[tuple[Connection, str]]:
    """The embedded server of a data folder, and its address, without any application around it."""
    settings = Settings(data_dir=folder)
    server = EmbeddedServer(settings.data_dir, settings.mongod)
    uri = server.start()
    connection = connect(settings, uri)
    try:
        yield connection, uri
    finally:
        connection.close()
        server.stop()


def build(folder: Path, count: int) -> None:
    """A shop of so many customers in a new data folder."""
    with served(folder) as (connection, uri):
        prepare(connection)
        Store(connection).shop.save(ShopSettings(country=COUNTRY))
        # There is nobody yet, so that nobody has to be looked through because of the country.
        refold(connection)
        Specified(connection.client).prepare()
        with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
            for _ in pool.map(partial(_fill, uri, now()), in_batches(range(1, count + 1), 10_000)):
                pass


@contextmanager
def built(folder: Path | None, count: int) -> Iterator[Path]:
    """A copy of a shop, to be changed and thrown away; the shop itself is kept in `folder` for the next time."""
    with scratch() as own:
        original = (folder or own) / f"shop-{count}"
        if not (original / "complete").exists():
            shutil.rmtree(original, ignore_errors=True)
            build(original, count)
            (original / "complete").touch()
        if folder is None:
            yield original
            return
        shutil.copytree(original, own / "copy", ignore=shutil.ignore_patterns("*.sock", "*.lock"))
        yield own / "copy"


def _fill(uri: str, until: datetime, numbers: Sequence[int]) -> None:
    connection = connect(Settings(), uri)
    quick = WriteConcern(1)
    database = connection.database.with_options(write_concern=quick)
    originals = Specified(connection.client).database.with_options(write_concern=quick)
    try:
        for batch in in_batches(numbers):
            documents = Documents()
            for number in batch:
                documents.add(number, until)
            documents.insert(database, originals)
    finally:
        connection.close()


def _insert(database: Database[Document], name: str, documents: list[Document]) -> None:
    if documents:
        database[name].insert_many(documents, ordered=False)


def _registered(number: int, at: datetime) -> Customer:
    draft = person(number)
    return Customer(
        id=new_id(),
        customer_id=draft.customer_id,
        customer_name=draft.customer_name,
        contact_info=draft.contact_info,
        purchase_amount=Decimal("0.00"),
        membership_status=False,
        created_at=at,
        updated_at=at,
        version=1,
    )


def _moments(chance: random.Random, until: datetime) -> list[datetime]:
    """When somebody bought, the first time at the registration; the shop grows, so later ones are more."""
    age = int(YEARS.total_seconds() * (1 - chance.random() ** 0.7))
    return [until - timedelta(seconds=age * share) for share in (1, *_descending(chance))]


def _descending(chance: random.Random) -> list[float]:
    # In thousandths, so that no moment has parts of a millisecond.
    return sorted((chance.randrange(1000) / 1000 for _ in range(PURCHASES - 1)), reverse=True)


def _amounts(chance: random.Random) -> list[Decimal]:
    cents = max(PURCHASES, min(int(100 * chance.lognormvariate(_TYPICAL_AMOUNT, _SPREAD)), 10**9))
    weights = [0.2 + chance.random() for _ in range(PURCHASES)]
    parts = [1 + int((cents - PURCHASES) * weight / sum(weights)) for weight in weights]
    parts[0] += cents - sum(parts)
    return [round_to_cents(part * CENT) for part in parts]


def _sale(sale_id: str, change: str, customer: Customer, amount: Decimal, at: datetime, method: str) -> LedgerEntry:
    return LedgerEntry.model_construct(
        id=new_id(),
        sale_id=sale_id,
        customer=customer.id,
        kind="sale",
        amount=amount,
        sold_at=at,
        counts_at=at,
        recorded_at=at,
        by_id=COMMAND_LINE.user_id,
        by_name=COMMAND_LINE.name,
        source=COMMAND_LINE.source,
        items=[],
        payment_method=method,
        change=change,
    )
