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
from bench.timing import Work, milliseconds
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
        taken = [
            (
                milliseconds(lambda customer=customer: self._sell(customer)),
                milliseconds(lambda customer=customer: self._specified.record([self._sale(customer.customer_id)])),
            )
            for customer in customers[:ROUNDS]
        ]
        ours, limit = (statistics.median(each) for each in zip(*taken, strict=True))
        return Figure("one purchase; limit: bare documents", ours, limit=limit).at_most(5)

    def _registration(self) -> Figure:
        taken = []
        for number in range(ROUNDS):
            new = person(self._count + number + 1)
            draft = CustomerDraft(
                customer_id=f"NEW-{number}", customer_name=new.customer_name, contact_info=new.contact_info
            )
            document = _document(f"NEW-{number}", new)
            taken.append(
                (
                    milliseconds(lambda draft=draft: create_customer(self._store, COMMAND_LINE, draft)),
                    milliseconds(lambda document=document: self._specified.register(document)),
                )
            )
        ours, specified = (statistics.median(each) for each in zip(*taken, strict=True))
        return Figure("one registration", ours, specified).at_most(3)

    def _edited_rows(self, customers: Sequence[Customer]) -> Figure:
        taken = []
        for start in range(100, 100 + 5 * ROWS, ROWS):
            rows = customers[start : start + ROWS]
            edits = [CustomerEdit(row, {"purchaseAmount": float(row.purchase_amount) + 1}) for row in rows]
            amounts = {ObjectId(row.id): float(row.purchase_amount) + 1 for row in rows}
            again = {key: amount + 1 for key, amount in amounts.items()}
            taken.append(
                (
                    milliseconds(lambda edits=edits: _save(self._store, edits)),
                    milliseconds(lambda amounts=amounts: self._specified.save(amounts)),
                    milliseconds(lambda amounts=again: self._specified.save_at_once(amounts)),
                )
            )
        ours, specified, limit = (statistics.median(each) for each in zip(*taken, strict=True))
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
        numbers = range(self._count + 1, self._count + 1 + max(1, self._count // SHARE_IMPORTED))
        people = [person(number) for number in numbers]
        file = _csv(
            ("customerId", "customerName", "contactInfo", "purchaseAmount"),
            ((f"I-{each.customer_id}", each.customer_name, each.contact_info, 12.5) for each in people),
        )
        documents = [_document(f"I-{each.customer_id}", each) for each in people]
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


def _save(store: Store, edits: Sequence[CustomerEdit]) -> None:
    assert all(outcome.is_complete for outcome in save_edits(store, COMMAND_LINE, edits))


def _document(customer_id: str, draft: CustomerDraft) -> Document:
    now = datetime.now(UTC)
    return {
        "customerId": customer_id,
        "customerName": draft.customer_name,
        "contactInfo": draft.contact_info,
        "purchaseAmount": 12.5,
        "membershipStatus": False,
        "createdAt": now,
        "updatedAt": now,
    }


def _csv(columns: Sequence[str], rows: Iterator[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
