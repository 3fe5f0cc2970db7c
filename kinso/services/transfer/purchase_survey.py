"""A file of purchases beside what is stored: what is new, what is recorded already, and everything that is wrong."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO
from zoneinfo import ZoneInfo

from kinso.errors import FieldError, InvalidInput
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.money import LARGEST
from kinso.models.purchases import LedgerEntry
from kinso.models.transfer.plans import (
    MOST_CHANGES_SHOWN,
    MOST_ERRORS_SHOWN,
    ImportChoices,
    Overlap,
    PlannedChange,
    PurchasePlan,
    PurchaseRow,
    RowError,
    Side,
    Unknown,
)
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.history.runs import in_batches
from kinso.services.purchases.ledger import NOTHING, ids_in_trash
from kinso.services.purchases.receipts import date_refund
from kinso.services.transfer.customer_matches import called_but_for_zeros
from kinso.services.transfer.customer_rows import DuplicatesOfNew
from kinso.services.transfer.purchase_rows import PURCHASE_FILE, PurchaseReader, purchase_reader
from kinso.services.transfer.purchase_staging import RefundSum, Staging, new_staging
from kinso.services.transfer.reading import MalformedRow, open_csv_file

NO_CONTACT = "Not known"
"""The contact of a customer of whom a file tells only the ID."""


@dataclass
class _Errors:
    """All of them counted, those of the first rows kept."""

    count: int = 0
    first: list[tuple[int, int, RowError]] = field(default_factory=list)

    def add(self, row: int, line: int, errors: Sequence[FieldError]) -> None:
        for error in errors:
            self.count += 1
            insort(self.first, (row, self.count, RowError(row, line, error.field, error.message)))
        del self.first[MOST_ERRORS_SHOWN:]


@dataclass(frozen=True)
class Survey:
    """What an import has to know: what the person is shown, and the rows in their order."""

    plan: PurchasePlan
    staging: Staging


@dataclass
class _Reverted:
    """Purchases that were undone here since the file was exported, the first of them in words."""

    count: int = 0
    undecided: int = 0
    first: list[PlannedChange] = field(default_factory=list)

    def add(self, row: PurchaseRow, side: Side | None) -> None:
        self.count += 1
        self.undecided += side is None
        if len(self.first) < MOST_CHANGES_SHOWN:
            told = f"{row.sale_id}, {row.amount:.2f}"
            self.first.append(PlannedChange(row.row, row.customer_id, "gone", "saleId", "", told))


@contextmanager
def surveyed(
    store: Store, source: bytes | BinaryIO, unknown: Unknown, choices: ImportChoices, duplicates: DuplicatesOfNew
) -> Iterator[Survey]:
    """Go through the whole file and compare it with what is stored.

    Raises `InvalidInput` for an unusable file, and `MirrorNotReady` while customers are being adopted.
    """
    store.mirror.demand_adopted()
    with (
        open_csv_file(source, PURCHASE_FILE) as file,
        new_staging(store.customers.case_duplicates(), store.customers.all_aliases()) as staging,
    ):
        errors, reverted = _Errors(), _Reverted()
        zone = store.shop.get().zone
        reader = purchase_reader(file, zone, now(), choices.date_order)
        open_dates = _read(reader, staging, errors)
        _compare(store, staging, unknown, choices, errors, reverted)
        overlap = find_overlap(store, staging, give_way=choices.opening_balance == "give-way")
        _check_amounts(store, staging, errors)
        _check_refunds(store, staging, errors)
        _check_dates_of_refunds(store, staging, errors, zone)
        _look_for_duplicates(staging, duplicates)
        plan = PurchasePlan(
            figures=staging.figures(),
            unknown=unknown,
            errors=tuple(error for _row, _count, error in errors.first),
            error_count=errors.count,
            ignored_columns=file.ignored_columns,
            notices=file.notices,
            conflicts=tuple(reverted.first),
            conflict_count=reverted.count,
            undecided_rows=reverted.undecided,
            overlap=overlap,
            opening_balance=choices.opening_balance,
            needs_date_order=open_dates and not reader.dates.is_order_known,
            duplicates=tuple(duplicates.first),
            duplicate_count=duplicates.count,
        )
        yield Survey(plan, staging)


def draft_of(rows: Sequence[PurchaseRow]) -> CustomerDraft:
    """The new customer whose first entries these are; raises `InvalidInput`."""
    customer_id = rows[0].customer_id
    values = {
        "customerId": customer_id,
        "customerName": next((row.customer_name for row in rows if row.customer_name), _name_from(customer_id)),
        "contactInfo": next((row.contact_info for row in rows if row.contact_info), NO_CONTACT),
    }
    return parse(CustomerDraft, values)


def _name_from(customer_id: str) -> str:
    """Something that can be a name."""
    return customer_id if len(customer_id) > 1 else f"Customer {customer_id}"


def _read(reader: PurchaseReader, staging: Staging, errors: _Errors) -> bool:
    """Take all rows; returns whether some date can be read in two ways when no other row helps."""
    has_open_dates = False
    try:
        for record in reader.file.records():
            try:
                row = reader.read(record)
                earlier = staging.add(row)
            except InvalidInput as error:
                errors.add(record.row, record.line, error.errors)
                has_open_dates |= reader.dates.is_open(record.cells["soldAt"])
                continue
            if earlier:
                sentence = f"Sale ID “{row.sale_id}” is in row {earlier.row} for something else; give one another ID."
                errors.add(row.row, row.line, [FieldError("saleId", sentence)])
    except MalformedRow as error:
        errors.add(error.row, error.line, [FieldError("file", error.message)])
    staging.finish_adding()
    return has_open_dates


def _compare(
    store: Store,
    staging: Staging,
    unknown: Unknown,
    choices: ImportChoices,
    errors: _Errors,
    reverted: _Reverted,
) -> None:
    """Tell what is recorded already, what was undone since the file was exported, and who is not known."""
    for batch in in_batches(staging.rows()):
        known = store.customers.get_by_customer_ids({row.customer_id for row in batch})
        customers = {staging.key(row.customer_id): known.get(row.customer_id) for row in batch}
        recorded = store.ledger.get_many(row.sale_id for row in batch)
        in_trash = ids_in_trash(store, (row.sale_id for row in batch))
        exported = store.ledger.get_by_ids(
            row.exported_as for row in batch if row.exported_as and row.sale_id not in recorded
        )
        with_zeros = called_but_for_zeros(store, [row.customer_id for row in batch if row.customer_id not in known])
        staging.know([(key, found.id if found else None) for key, found in customers.items()])
        done, left_out = [], []
        for row in batch:
            customer = customers[staging.key(row.customer_id)]
            if earlier := recorded.get(row.sale_id):
                if _is_same(row, customer, earlier):
                    done.append(row.row)
                else:
                    errors.add(row.row, row.line, [_taken(row)])
            elif row.sale_id in in_trash:
                errors.add(row.row, row.line, [_taken_by_deleted(row)])
            elif row.exported_as in exported and choices.side_of(row.row) != "mine":
                reverted.add(row, choices.side_of(row.row))
                left_out.append(row.row)
            elif customer is None and row.customer_id in with_zeros:
                errors.add(row.row, row.line, [_lost_zeros(row, with_zeros[row.customer_id].customer_id)])
            elif customer is None and (problems := _unknown(row, unknown)):
                errors.add(row.row, row.line, problems)
        staging.mark_recorded(done)
        staging.leave_out(left_out)


def _look_for_duplicates(staging: Staging, duplicates: DuplicatesOfNew) -> None:
    """Of whom the file tells a name or a contact, beside the ID."""
    new = (rows for id, rows in staging.by_customer() if id is None)
    for batch in in_batches(rows for rows in new if any(row.customer_name or row.contact_info for row in rows)):
        # What cannot be registered is among the errors already.
        drafts = []
        for rows in batch:
            with suppress(InvalidInput):
                draft = draft_of(rows)
                told = draft.contact_info if draft.contact_info != NO_CONTACT else ""
                drafts.append((rows[0].row, draft.model_copy(update={"contact_info": told})))
        duplicates.look_for(drafts)
    duplicates.finish()


def _is_same(row: PurchaseRow, customer: Customer | None, earlier: LedgerEntry) -> bool:
    if customer is None and row.exported_as == earlier.id:
        # The customer has got another ID since.
        return (row.kind, row.amount, row.refund_of) == (earlier.kind, earlier.amount, earlier.refund_of)
    facts = (customer.id if customer else None, row.kind, row.amount, row.refund_of)
    return facts == (earlier.customer, earlier.kind, earlier.amount, earlier.refund_of)


def _lost_zeros(row: PurchaseRow, whole: str) -> FieldError:
    sentence = f"Customer ID “{row.customer_id}” seems to be “{whole}”, which a spreadsheet took for a number"
    return FieldError("customerId", f"{sentence}; write it in full.")


def _taken(row: PurchaseRow) -> FieldError:
    sentence = f"Sale ID “{row.sale_id}” is already recorded for something else; give this one another ID."
    return FieldError("saleId", sentence)


def _taken_by_deleted(row: PurchaseRow) -> FieldError:
    sentence = f"Sale ID “{row.sale_id}” belongs to a deleted customer; have them restored, or give it another ID."
    return FieldError("saleId", sentence)


def _unknown(row: PurchaseRow, unknown: Unknown) -> Sequence[FieldError]:
    if unknown == "refuse":
        sentence = f"Customer {row.customer_id} is not known; register this customer or have unknown ones created."
        return [FieldError("customerId", sentence)]
    try:
        draft_of([row])
    except InvalidInput as error:
        return error.errors
    return ()


def _check_amounts(store: Store, staging: Staging, errors: _Errors) -> None:
    """No purchase amount may become negative, or larger than one can be."""
    for batch in in_batches(staging.sums()):
        present = store.customers.get_many([id for _typed, id, *_ in batch if id])
        for typed, id, total, row, line in batch:
            before = present[id].purchase_amount if id in present else Decimal("0.00")
            if not 0 <= before + total <= LARGEST:
                what = "below 0" if before + total < 0 else f"above {LARGEST:,}"
                sentence = f"The rows of customer {typed} would bring the purchase amount {what}; check their amounts."
                errors.add(row, line, [FieldError("amount", sentence)])


def _check_refunds(store: Store, staging: Staging, errors: _Errors) -> None:
    """Every refund belongs to a sale of its customer, and no more goes back than that came to."""
    for batch in in_batches(staging.refunds()):
        recorded = store.ledger.get_many(refund.sale_id for refund in batch)
        earlier = store.ledger.refunded_among(list(recorded.values()))
        owners = store.customers.get_many([sale.customer for sale in recorded.values()])
        for refund in batch:
            left = _refundable(refund, staging, recorded, owners)
            if left is None:
                sentence = f"Sale “{refund.sale_id}”, which is refunded here, is no sale of this customer."
                errors.add(refund.row, refund.line, [FieldError("refundOf", sentence)])
                continue
            left += sum((each.amount for each in earlier.get(refund.sale_id, ())), Decimal("0.00"))
            if left + refund.amount < 0:
                sentence = f"More would be refunded of sale “{refund.sale_id}” than the {left:,} that is left of it."
                errors.add(refund.row, refund.line, [FieldError("amount", sentence)])


def _check_dates_of_refunds(store: Store, staging: Staging, errors: _Errors, zone: ZoneInfo) -> None:
    """No money goes back before its sale."""
    for batch in in_batches(staging.refund_rows()):
        recorded = store.ledger.get_many(row.refund_of for row in batch if row.refund_of)
        for row in batch:
            sale = recorded.get(row.refund_of or "") or staging.entry(row.refund_of or "")
            try:
                date_refund(row.sold_at, sale.sold_at if sale else row.sold_at, zone)
            except ValueError as error:
                errors.add(row.row, row.line, [FieldError("soldAt", f"Date {error}.")])


def _refundable(
    refund: RefundSum, staging: Staging, recorded: Mapping[str, LedgerEntry], owners: Mapping[str, Customer]
) -> Decimal | None:
    """What the sale came to; None when it is no sale of this customer."""
    if sale := recorded.get(refund.sale_id):
        owner = owners.get(sale.customer)
        fits = sale.kind == "sale" and owner is not None and staging.key(owner.customer_id) == refund.customer
        return sale.amount if fits else None
    row = staging.entry(refund.sale_id)
    return row.amount if row and row.kind == "sale" and staging.key(row.customer_id) == refund.customer else None


def find_overlap(store: Store, staging: Staging, *, give_way: bool) -> Overlap:
    """What the new purchases would explain twice; with `give_way` the balances are noted to be lowered by it."""
    customers, total = 0, NOTHING
    known = ((id, rows) for id, rows in staging.by_customer() if id)
    for batch in in_batches(known):
        typed = store.ledger.typed_of(id for id, _ in batch)
        twice = {id: amount for id, rows in batch if (amount := explained_twice(typed.get(id, ()), rows))}
        customers, total = customers + len(twice), total + sum(twice.values(), NOTHING)
        if give_way:
            staging.give_way(twice)
    return Overlap(customers, total)


def explained_twice(typed: Sequence[LedgerEntry], rows: Sequence[PurchaseRow]) -> Decimal:
    """How much of what was typed the purchases explain that were made before it was.

    The latest purchase first, for it can only be in what was typed after it, while an earlier one may be in all of it.
    """
    whole = sum((entry.amount for entry in typed), NOTHING)
    explained = NOTHING
    for moment, amount in sorted(_kept_amounts(rows), reverse=True):
        later = sum((entry.amount for entry in typed if entry.sold_at >= moment), NOTHING)
        explained += max(NOTHING, min(amount, min(later, whole) - explained))
    in_all = sum((row.amount for row in rows), NOTHING)
    return max(NOTHING, min(explained, in_all))


def _kept_amounts(rows: Sequence[PurchaseRow]) -> Sequence[tuple[datetime, Decimal]]:
    """When and how much was paid, less what the file itself gives back of it."""
    given_back: dict[str, Decimal] = {}
    for row in rows:
        if row.refund_of:
            given_back[row.refund_of] = given_back.get(row.refund_of, NOTHING) + row.amount
    return [(row.sold_at, row.amount + given_back.get(row.sale_id, NOTHING)) for row in rows if row.amount > 0]


def still_explained_twice(store: Store, amounts: Mapping[str, Decimal]) -> bool:
    """Whether the balances of these customers (by `_id`) still hold what they are to give way by."""
    typed = store.ledger.typed_of(amounts)
    return all(amount <= sum((entry.amount for entry in typed.get(id, ())), NOTHING) for id, amount in amounts.items())
