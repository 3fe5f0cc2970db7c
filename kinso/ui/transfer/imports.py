"""The import page: the file that was chosen, what it would do, the work that is under way, and its outcome in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import streamlit as st

from kinso.models.fields import BY_NAME, FIELDS
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import (
    UNDECIDED,
    ImportChoices,
    ImportPlan,
    ImportResult,
    PurchaseFigures,
    PurchasePlan,
    PurchaseResult,
    Side,
    Unknown,
)
from kinso.services.history.runs import Progress
from kinso.services.transfer.customer_imports import import_customers, preview_import
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases
from kinso.ui.customers.words import value_in_words
from kinso.ui.history.run_panel import Outcome, RunPanel
from kinso.ui.job import Job
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, day, money, number

Kind = Literal["customers", "purchases"]
Plan = ImportPlan | PurchasePlan
KIND, UNKNOWN = "import_kind", "import_unknown"
_SESSION = "import_page"
_KINDS: dict[Kind, str] = {"customers": "Customers", "purchases": "Purchases"}
_ICONS: dict[Kind, str] = {"customers": ":material/group:", "purchases": ":material/receipt_long:"}
_COLUMNS: dict[Kind, str] = {
    "customers": f"The first row names the columns: **{FIELDS[0].label}**, and any of"
    f" {', '.join(field.label for field in FIELDS[1:])} and, for new customers, Registered. What a file does not tell"
    " stays as it is.",
    "purchases": "The first row names the columns: **Sale ID**, **Customer ID**, **Date** (like 2025-01-31) and"
    " **Amount**, and any of Payment method, Note and, for new customers, Customer name and Contact.",
}
_UNKNOWN: dict[Unknown, str] = {
    "refuse": "Refuse the file: every customer has to be registered",
    "create": "Create them from their ID",
}
_TYPES = ["csv", "txt", "tsv"]


@dataclass(frozen=True)
class Upload:
    """A file, and how it is to be taken; equal ones need not be checked again."""

    file_id: str
    name: str
    kind: Kind
    unknown: Unknown


@dataclass
class PageSession:
    """The file that was chosen; `checking` it ends with a `plan`."""

    upload: Upload | None = None
    data: bytes = b""
    choices: ImportChoices = UNDECIDED
    checking: Job | None = None
    plan: Plan | None = None
    edition: int = 0

    def put(self, upload: Upload, read: Callable[[], bytes], context: RequestContext) -> None:
        """Check this file, unless that is what was done last."""
        if upload != self.upload:
            is_other_file = self.upload is None or upload.file_id != self.upload.file_id
            choices = UNDECIDED if is_other_file else self.choices
            self.clear()
            IMPORT.forget_report()
            self.upload, self.data, self.choices = upload, read(), choices
        if self.checking is None:
            choices = self.choices
            self.checking = Job("Checking the file", lambda _progress: self._check(upload, choices, context))

    def decide(self, **choices: Any) -> None:
        """Take over what the person decided, and have the file checked again where that makes a difference."""
        self.choices = replace(self.choices, **choices)
        if isinstance(self.plan, PurchasePlan) or "conflicts" not in choices:
            self.checking = self.plan = None

    def decide_row(self, row: int, side: Side | None) -> None:
        """Take over whose values stay in this row; None forgets the decision."""
        rows = {each: chosen for each, chosen in self.choices.rows.items() if each != row}
        self.choices = replace(self.choices, rows={**rows, row: side} if side else rows)

    def clear(self) -> None:
        """Forget the file; what became of the last import stays."""
        self.upload, self.data, self.checking, self.plan = None, b"", None, None
        self.choices = UNDECIDED

    def close(self, importing: Job) -> None:
        """The import has ended: a new file may be chosen."""
        if importing.outcome:
            self.clear()
            self.edition += 1
        else:
            # The file is checked again: what stood in the way may be gone.
            self.checking = self.plan = None

    def _check(self, upload: Upload, choices: ImportChoices, context: RequestContext) -> str:
        if upload.kind == "customers":
            plan: Plan = preview_import(context.store, context.actor, self.data, choices=choices)
        else:
            plan = preview_purchases(context.store, context.actor, self.data, unknown=upload.unknown, choices=choices)
        if upload == self.upload and choices == self.choices:
            self.plan = plan
        return upload.name


def current_session() -> PageSession:
    """What this person has on the page."""
    session: PageSession = st.session_state.setdefault(_SESSION, PageSession())
    return session


def choose_file(session: PageSession, context: RequestContext, *, busy: bool) -> None:
    """Draw the form, and have a file that was chosen checked; while Kinso is busy with one, nothing can be chosen."""
    kind: Kind = st.segmented_control(
        "What is in the file?",
        list(_KINDS),
        format_func=lambda kind: f"{_ICONS[kind]} {_KINDS[kind]}",
        default="customers",
        required=True,
        key=KIND,
        disabled=busy,
    )
    st.caption(_COLUMNS[kind])
    uploaded = st.file_uploader("CSV file", type=_TYPES, key=file_key(kind, session), disabled=busy)
    unknown: Unknown = "refuse"
    if kind == "purchases":
        unknown = st.radio(
            "Customers in the file who are not known",
            list(_UNKNOWN),
            format_func=_UNKNOWN.__getitem__,
            key=UNKNOWN,
            disabled=busy,
        )
    if busy:
        return
    if uploaded is None:
        session.clear()
    else:
        session.put(Upload(uploaded.file_id, uploaded.name, kind, unknown), uploaded.getvalue, context)


def file_key(kind: Kind, session: PageSession) -> str:
    """The key of the place for the file; a new one after an import, so that it is empty."""
    return f"import_file_{kind}_{session.edition}"


def begin_import() -> None:
    """From a callback: import what was checked."""
    session = current_session()
    if session.upload is not None and session.plan is not None:
        IMPORT.start(_Import(session.upload, session.plan, session.data, session.choices))


@dataclass(frozen=True)
class _Import:
    """A file as it was checked, which may be forgotten while it is imported."""

    upload: Upload
    plan: Plan
    data: bytes
    choices: ImportChoices


def _import(context: RequestContext, file: _Import, on_progress: Progress) -> Outcome:
    plan, upload = file.plan, file.upload
    on_progress(0, plan.figures.new if isinstance(plan, PurchasePlan) else plan.writes)
    if isinstance(plan, PurchasePlan):
        purchases = import_purchases(
            context.store,
            context.actor,
            file.data,
            on_progress,
            unknown=upload.unknown,
            choices=file.choices,
            file_name=upload.name,
            expected=plan,
        )
        return Outcome(purchases_done(purchases, context.shop), purchases.run)
    customers = import_customers(
        context.store,
        context.actor,
        file.data,
        on_progress,
        choices=file.choices,
        file_name=upload.name,
        expected=plan,
    )
    return Outcome(customers_done(customers), customers.run)


IMPORT = RunPanel[_Import](
    key="import", title=lambda _file: "Importing", work=_import, failed="The file was not imported."
)


def customers_done(result: ImportResult) -> str:
    """What an import of customers did."""
    if result.run is None:
        are = "is" if result.unchanged == 1 else "are"
        return f"Nothing to change: {counted(result.unchanged, 'customer')} {are} as the file says."
    return (
        f"{counted(result.created, 'customer')} created, {number(result.updated)} updated,"
        f" {number(result.unchanged)} left as they were."
    )


def purchases_done(result: PurchaseResult, shop: ShopSettings) -> str:
    """What an import of purchases did."""
    figures = result.figures
    if result.run is None:
        return f"Nothing to record: {already(figures)}."
    more = [f"{counted(result.created, 'customer')} created"] if result.created else []
    if result.activated:
        more.append(
            f"{counted(result.activated, 'customer')} made {'a member' if result.activated == 1 else 'members'}"
        )
    if figures.recorded:
        more.append(already(figures))
    if result.gives_way.customers:
        more.append(
            f"opening balances of {counted(result.gives_way.customers, 'customer')} lowered by"
            f" {money(result.gives_way.amount, shop)}"
        )
    return (
        f"{counted(figures.new, 'purchase')} of {counted(figures.customers, 'customer')} recorded,"
        f" {money(figures.total, shop)} in all{''.join(f'; {each}' for each in more)}."
    )


def already(figures: PurchaseFigures) -> str:
    """What of a file was there before."""
    return f"{counted(figures.recorded, 'purchase')} {'was' if figures.recorded == 1 else 'were'} recorded already"


def period(figures: PurchaseFigures, shop: ShopSettings) -> str:
    """The days of the first and the last purchase, in the shop's time zone; nothing when there is none."""
    if figures.first_at is None or figures.last_at is None:
        return ""
    first, last = (day(moment.astimezone(shop.zone).date()) for moment in (figures.first_at, figures.last_at))
    return first if first == last else f"{first} to {last}"


def cell_in_words(field: str, text: str, shop: ShopSettings) -> str:
    """A cell of an export as the pages show such a value, as plain text."""
    known = BY_NAME.get(field)
    match known.type.key if known else "text", text:
        case _, "":
            value: Any = None
        case "amount" | "number", _:
            value = Decimal(text)
        case "yes/no", _:
            value = text == "true"
        case "date", _:
            value = date.fromisoformat(text)
        case _:
            value = text
    return value_in_words(field, value, shop)
