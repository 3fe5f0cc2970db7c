"""What a person has on the import page: the file, what it would do, and the work that is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from kinso.models.history import Run
from kinso.models.transfer.plans import UNDECIDED, ImportChoices, ImportPlan, PurchasePlan, Side, Unknown
from kinso.services.history.runs import Progress
from kinso.services.transfer.customer_imports import import_customers, rehearse_import
from kinso.services.transfer.purchase_imports import import_purchases, rehearse_purchases
from kinso.ui.figures import forget_figures
from kinso.ui.importing.words import customers_done, purchases_done
from kinso.ui.job import Job
from kinso.ui.visit import Visit, current_visit

Kind = Literal["customers", "purchases"]
Plan = ImportPlan | PurchasePlan

_DESK = "import_desk"


@dataclass(frozen=True)
class Upload:
    """A file, and how it is to be taken; equal ones need not be checked again."""

    file_id: str
    name: str
    kind: Kind
    unknown: Unknown


@dataclass
class Desk:
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

    def put(self, upload: Upload, read: Callable[[], bytes], visit: Visit) -> None:
        """Check this file, unless that is what was done last."""
        if upload != self.upload:
            is_other_file = self.upload is None or upload.file_id != self.upload.file_id
            choices = UNDECIDED if is_other_file else self.choices
            self.clear()
            self.ended = self.run = None
            self.upload, self.data, self.choices = upload, read(), choices
        if self.checking is None:
            choices = self.choices
            self.checking = Job("Checking the file", lambda _progress: self._check(upload, choices, visit))

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

    def begin(self, visit: Visit) -> None:
        """Import the file as it was checked."""
        upload, plan, data, choices = self.upload, self.plan, self.data, self.choices
        if upload is None or plan is None or self.importing is not None:
            return
        self.importing = Job("Importing", lambda progress: self._import(upload, plan, data, choices, visit, progress))

    def close(self) -> None:
        """The import has ended: a new file may be chosen."""
        self.ended, self.importing = self.importing, None
        if self.ended and self.ended.outcome:
            self.clear()
            self.edition += 1
        else:
            # The file is checked again: what stood in the way may be gone.
            self.checking = self.plan = None

    def _check(self, upload: Upload, choices: ImportChoices, visit: Visit) -> str:
        if upload.kind == "customers":
            plan: Plan = rehearse_import(visit.store, visit.actor, self.data, choices=choices)
        else:
            plan = rehearse_purchases(visit.store, visit.actor, self.data, unknown=upload.unknown, choices=choices)
        if upload == self.upload and choices == self.choices:
            self.plan = plan
        return upload.name

    def _import(
        self, upload: Upload, plan: Plan, data: bytes, choices: ImportChoices, visit: Visit, progress: Progress
    ) -> str:
        progress(0, plan.figures.new if isinstance(plan, PurchasePlan) else plan.writes)
        try:
            if isinstance(plan, PurchasePlan):
                purchases = import_purchases(
                    visit.store,
                    visit.actor,
                    data,
                    progress,
                    unknown=upload.unknown,
                    choices=choices,
                    file_name=upload.name,
                    expected=plan,
                )
                self.run = purchases.run
                return purchases_done(purchases, visit.shop)
            customers = import_customers(
                visit.store,
                visit.actor,
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


def current_desk() -> Desk:
    """The desk of this person's session."""
    desk: Desk = st.session_state.setdefault(_DESK, Desk())
    return desk


def begin_import() -> None:
    """From a callback: import what was checked."""
    current_desk().begin(current_visit())
