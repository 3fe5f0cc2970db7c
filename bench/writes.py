"""What pages and the API write, next to the specified way and to the barest writes.

The shop is another one afterwards, and so is the one of the specified way.
"""

import csv
import io
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count as counting
from typing import Any

from bson import ObjectId

from bench.figures import Figure
from bench.people import person
from bench.reads import ask_overview
from bench.shop import THRESHOLD
from bench.specified import Specified
from bench.timing import Work, in_turn, milliseconds
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import Customer, CustomerDraft, CustomerEdit, CustomerQuery
from kinso.models.history import Run
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import MembershipRule
from kinso.models.transfer.plans import ImportChoices
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, list_customers
from kinso.services.customers.saving import save_edits
from kinso.services.history.undo import undo_run
from kinso.services.insights import get_statistics
from kinso.services.membership.activation import activate_at_threshold, preview_activation
from kinso.services.membership.eligibility import get_curve
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.sample_people import sample_id
from kinso.services.shop.settings import save_rule
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.purchase_imports import import_purchases

ROUNDS = 15
AGAIN = 3
ROWS = 50
SHARE_IMPORTED = 5
"""One new customer for so many that are there."""
SHARE_OF_BUYERS = 2
_RATIOS_FROM = 100_000
"""Customers; in a smaller shop what a run costs at its beginning and its end weighs too much."""

_ON_TOP = ImportChoices(opening_balance="keep")
"""Purchases add to what was typed over amounts before."""

Document = dict[str, Any]


class Writes:
    """All writes to a shop of `count` customers, the small ones first."""

    def __init__(self, store: Store, specified: Specified, count: int) -> None:
        self._store = store
        self._specified = specified
        self._count = count
        self._numbers = counting(1)

    def measure(self) -> Iterator[Figure]:
        customers = list_customers(self._store, COMMAND_LINE, CustomerQuery(), page=1, limit=1000).items
        yield self._purchase(customers)
        yield self._registration()
        yield self._edited_rows(customers)
        yield from self._figures_after_a_purchase(customers)
        yield from self._twelve_months(customers)
        yield from self._activation()
        yield self._import()
        yield self._import_of_purchases()

    def _purchase(self, customers: Sequence[Customer]) -> Figure:
        ours, limit = in_turn(
            (
                partial(self._sell, customer),
                partial(self._specified.record, [self._sale(customer.customer_id)]),
            )
            for customer in customers[:ROUNDS]
        )
        return Figure("one purchase; limit: bare documents", ours, limit=limit).at_most(5)

    def _registration(self) -> Figure:
        people = (person(self._count + number) for number in range(1, ROUNDS + 1))
        ours, specified = in_turn(
            (
                partial(create_customer, self._store, COMMAND_LINE, new),
                partial(self._specified.register, _document(new)),
            )
            for new in people
        )
        return Figure("one registration", ours, specified).at_most(3)

    def _edited_rows(self, customers: Sequence[Customer]) -> Figure:
        ours, specified, limit = in_turn(
            (
                partial(_save, self._store, customers[start : start + ROWS]),
                partial(self._specified.save, _raised(customers[start : start + ROWS], 1)),
                partial(self._specified.save_at_once, _raised(customers[start : start + ROWS], 2)),
            )
            for start in range(100, 100 + 5 * ROWS, ROWS)
        )
        return Figure(f"{ROWS} edited rows saved; limit: one bulk write", ours, specified, limit).at_most(40)

    def _figures_after_a_purchase(self, customers: Sequence[Customer]) -> Iterator[Figure]:
        store, actor = self._store, COMMAND_LINE
        yield self._after_a_purchase("statistics", lambda: get_statistics(store, actor), customers).at_most(25)
        yield self._after_a_purchase("Overview's figures", lambda: ask_overview(store), customers).at_most(400)
        yield self._after_a_purchase("what-if curve", lambda: get_curve(store, actor), customers).at_most(100)
        preview = partial(preview_activation, store, actor, THRESHOLD)
        yield self._after_a_purchase("preview", preview, customers).at_most(15)
        search = partial(list_customers, store, actor, CustomerQuery(search="example"), page=1, limit=ROWS)
        yield self._after_a_purchase("search, dense text", search, customers).at_most(80)

    def _twelve_months(self, customers: Sequence[Customer]) -> Iterator[Figure]:
        """While the rule is about the last twelve months."""
        store, actor, threshold = self._store, COMMAND_LINE, THRESHOLD / 2
        save_rule(store, actor, MembershipRule(threshold=threshold, threshold_basis="last-12-months"))
        preview = partial(preview_activation, store, actor, threshold)
        yield self._after_a_purchase("preview, twelve-month rule", preview, customers).at_most(250)
        eligible = partial(list_customers, store, actor, CustomerQuery(eligible=True), page=1, limit=ROWS)
        yield self._after_a_purchase("eligible, page and total, twelve-month rule", eligible, customers).at_most(250)
        save_rule(store, actor, MembershipRule(threshold=THRESHOLD, threshold_basis="lifetime"))

    def _after_a_purchase(self, name: str, call: Work, customers: Sequence[Customer]) -> Figure:
        """Nothing that was worked out before can be used again."""
        taken = []
        for customer in customers[:AGAIN]:
            self._sell(customer)
            taken.append(milliseconds(call))
        return Figure(f"right after a purchase: {name}", statistics.median(taken))

    def _activation(self) -> Iterator[Figure]:
        store, actor, runs = self._store, COMMAND_LINE, list[Run]()
        ours = milliseconds(lambda: runs.append(activate_at_threshold(store, actor, THRESHOLD)))
        caught_up = milliseconds(lambda: get_statistics(store, actor))
        specified = milliseconds(lambda: self._specified.activate(THRESHOLD))
        undo = milliseconds(lambda: undo_run(store, actor, runs[0].id))
        caught_up = max(caught_up, milliseconds(lambda: get_statistics(store, actor)))
        activation = Figure(f"activation of {runs[0].changed:,}", ours, specified)
        undoing = Figure("undo of it; limit: doing it", undo, limit=ours)
        if self._count >= _RATIOS_FROM:
            activation.within(2.5, specified, "specified")
            undoing.within(1.3, ours, "doing it")
        yield from (activation, undoing)
        yield Figure("statistics right after either", caught_up).at_most(2000)

    def _import(self) -> Figure:
        first = self._count + ROUNDS + 1
        people = [person(number) for number in range(first, first + max(1, self._count // SHARE_IMPORTED))]
        documents = [_document(each) for each in people]
        columns = ("customerId", "customerName", "contactInfo")
        file = _csv(columns, ([document[column] for column in columns] for document in documents))
        ours = milliseconds(lambda: import_customers(self._store, COMMAND_LINE, file))
        specified = milliseconds(lambda: self._specified.insert(documents))
        figure = Figure(f"import of {len(people):,} new customers; specified: bare", ours, specified)
        return figure.within(4, specified, "bare") if self._count >= _RATIOS_FROM else figure

    def _import_of_purchases(self) -> Figure:
        buyers = [sample_id(number) for number in range(1, self._count // SHARE_OF_BUYERS + 1)]
        sales = [self._sale(customer_id) for customer_id in buyers for _ in range(2)]
        file = _csv(
            ("saleId", "customerId", "soldAt", "amount"),
            ((each["saleId"], each["customer"], each["soldAt"].isoformat(), each["amount"]) for each in sales),
        )
        ours = milliseconds(lambda: import_purchases(self._store, COMMAND_LINE, file, choices=_ON_TOP))
        specified = milliseconds(lambda: self._specified.record(sales))
        figure = Figure(f"import of {len(sales):,} purchases; specified: bare", ours, specified)
        return figure.within(4, specified, "bare") if self._count >= _RATIOS_FROM else figure

    def _sell(self, customer: Customer) -> None:
        record_sale(self._store, COMMAND_LINE, customer.id, PurchaseDraft(amount=3))

    def _sale(self, customer_id: str) -> Document:
        number = next(self._numbers)
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=number % 100_000)
        amount = 1 + number % 500 / 4
        return {"saleId": f"B-{number:07}", "customer": customer_id, "amount": amount, "soldAt": at}


def _save(store: Store, customers: Sequence[Customer]) -> None:
    edits = [CustomerEdit(each, {"purchaseAmount": float(each.purchase_amount) + 1}) for each in customers]
    assert all(outcome.is_complete for outcome in save_edits(store, COMMAND_LINE, edits))


def _raised(customers: Sequence[Customer], by: int) -> dict[ObjectId, float]:
    return {ObjectId(each.id): float(each.purchase_amount) + by for each in customers}


def _document(draft: CustomerDraft) -> Document:
    """A new customer as the original application stores one."""
    now = datetime.now(UTC)
    values = {
        "customerId": draft.customer_id,
        "customerName": draft.customer_name,
        "contactInfo": draft.contact_info,
    }
    return {**values, "purchaseAmount": 0.0, "membershipStatus": False, "createdAt": now, "updatedAt": now}


def _csv(columns: Sequence[str], rows: Iterator[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
