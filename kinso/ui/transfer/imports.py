"""The import page: the file that was chosen, what it would do, and the work that is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from kinso.models.history import Run
from kinso.models.transfer.plans import UNDECIDED, ImportChoices, ImportPlan, PurchasePlan, Side, Unknown
from kinso.services.history.runs import Progress, get_run
from kinso.services.transfer.customer_imports import import_customers, rehearse_import
from kinso.services.transfer.purchase_imports import import_purchases, rehearse_purchases
from kinso.ui.history.filters import link_to_history
from kinso.ui.history.undoing import offer_undo
from kinso.ui.insights.figures import forget_figures
from kinso.ui.job import LOOK_AGAIN, Job, draw_ending, watch
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.transfer.words import customers_done, purchases_done

Kind = Literal["customers", "purchases"]
Plan = ImportPlan | PurchasePlan

_SESSION = "import_desk"


@dataclass(frozen=True)
class Upload:
    """A file, and how it is to be taken; equal ones need not be checked again."""

    file_id: str
    name: str
    kind: Kind
    unknown: Unknown


@dataclass
class PageSession:
    """`checking` ends with a `plan`, `importing` with a `run` when there was anything to do.

    The file itself is kept here as well, because a person may go to another page and back while it is imported.
    """

    upload: Upload | None = None
    data: bytes = b""
    choices: ImportChoices = UNDECIDED
    checking: Job | None = None
    plan: Plan | None = None
    importing: Job | None = None
    ended: Job | None = None
    run: Run | None = None
    edition: int = 0

    def put(self, upload: Upload, read: Callable[[], bytes], context: RequestContext) -> None:
        """Check this file, unless that is what was done last."""
        if upload != self.upload:
            is_other_file = self.upload is None or upload.file_id != self.upload.file_id
            choices = UNDECIDED if is_other_file else self.choices
            self.clear()
            self.ended = self.run = None
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
        """Take over whose values stay in this row; None takes the decision back."""
        rows = {each: chosen for each, chosen in self.choices.rows.items() if each != row}
        self.choices = replace(self.choices, rows={**rows, row: side} if side else rows)

    def clear(self) -> None:
        """Forget the file; what became of the last import stays."""
        self.upload, self.data, self.checking, self.plan = None, b"", None, None
        self.choices = UNDECIDED

    def begin(self, context: RequestContext) -> None:
        """Import the file as it was checked."""
        upload, plan, data, choices = self.upload, self.plan, self.data, self.choices
        if upload is None or plan is None or self.importing is not None:
            return
        self.importing = Job("Importing", lambda progress: self._import(upload, plan, data, choices, context, progress))

    def close(self) -> None:
        """The import has ended: a new file may be chosen."""
        self.ended, self.importing = self.importing, None
        if self.ended and self.ended.outcome:
            self.clear()
            self.edition += 1
        else:
            # The file is checked again: what stood in the way may be gone.
            self.checking = self.plan = None

    def _check(self, upload: Upload, choices: ImportChoices, context: RequestContext) -> str:
        if upload.kind == "customers":
            plan: Plan = rehearse_import(context.store, context.actor, self.data, choices=choices)
        else:
            plan = rehearse_purchases(context.store, context.actor, self.data, unknown=upload.unknown, choices=choices)
        if upload == self.upload and choices == self.choices:
            self.plan = plan
        return upload.name

    def _import(
        self,
        upload: Upload,
        plan: Plan,
        data: bytes,
        choices: ImportChoices,
        context: RequestContext,
        progress: Progress,
    ) -> str:
        progress(0, plan.figures.new if isinstance(plan, PurchasePlan) else plan.writes)
        try:
            if isinstance(plan, PurchasePlan):
                purchases = import_purchases(
                    context.store,
                    context.actor,
                    data,
                    progress,
                    unknown=upload.unknown,
                    choices=choices,
                    file_name=upload.name,
                    expected=plan,
                )
                self.run = purchases.run
                return purchases_done(purchases, context.shop)
            customers = import_customers(
                context.store,
                context.actor,
                data,
                progress,
                choices=choices,
                file_name=upload.name,
                expected=plan,
            )
            self.run = customers.run
            return customers_done(customers)
        finally:
            forget_figures()


def current_session() -> PageSession:
    """What this person has on the page."""
    session: PageSession = st.session_state.setdefault(_SESSION, PageSession())
    return session


def begin_import() -> None:
    """From a callback: import what was checked."""
    current_session().begin(current_context())


KIND, UNKNOWN = "import_kind", "import_unknown"
_KINDS: dict[Kind, str] = {"customers": "Customers", "purchases": "Purchases"}
_ICONS: dict[Kind, str] = {"customers": ":material/group:", "purchases": ":material/receipt_long:"}
_COLUMNS: dict[Kind, str] = {
    "customers": "The first row names the columns: **Customer ID**, and any of Customer name, Contact, Purchase amount,"
    " Membership and, for new customers, Registered. What a file does not tell stays as it is.",
    "purchases": "The first row names the columns: **Sale ID**, **Customer ID**, **Date** (like 2025-01-31) and"
    " **Amount**, and any of Payment method, Note and, for new customers, Customer name and Contact.",
}
_UNKNOWN: dict[Unknown, str] = {
    "refuse": "Refuse the file: every customer has to be registered",
    "create": "Create them from their ID",
}
_TYPES = ["csv", "txt", "tsv"]


def file_key(kind: Kind, session: PageSession) -> str:
    """The key of the place for the file; a new one after an import, so that it is empty."""
    return f"import_file_{kind}_{session.edition}"


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


def show_progress(session: PageSession) -> bool:
    """Draw how far the import has come; returns whether it goes on."""
    if session.importing is None:
        return False
    if session.importing.has_ended(within=LOOK_AGAIN):
        session.close()
        return False
    watch(_under_way)
    return True


def show_outcome(session: PageSession, context: RequestContext) -> None:
    """What became of the last import, with the way back."""
    if session.ended is None:
        return
    run = get_run(context.store, context.actor, session.run.id) if session.run else None
    if run is None or not run.undone_by:
        draw_ending(session.ended)
    if run is not None:
        _show_ways(run, context)


def _show_ways(run: Run, context: RequestContext) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_undo(run, context)
        link_to_history("Its changes in the history", run=run.id)


def _under_way() -> Job | None:
    return current_session().importing
