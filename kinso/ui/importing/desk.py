"""What a person has on the import page: the file, what it would do, and the work that is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from kinso.models.csv_plan import ImportPlan
from kinso.models.purchase_plan import PurchasePlan, Unknown
from kinso.models.run import Run
from kinso.services.imports import import_customers, rehearse_import
from kinso.services.purchase_imports import import_purchases, rehearse_purchases
from kinso.services.runs import Progress
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
    checking: Job | None = None
    plan: Plan | None = None
    importing: Job | None = None
    ended: Job | None = None
    run: Run | None = None
    edition: int = 0

    def put(self, upload: Upload, read: Callable[[], bytes], visit: Visit) -> None:
        """Check this file, unless that is what was done last."""
        if upload != self.upload:
            self.clear()
            self.ended = self.run = None
            self.upload, self.data = upload, read()
        if self.checking is None:
            self.checking = Job("Checking the file", lambda _progress: self._check(upload, visit))

    def clear(self) -> None:
        """Forget the file; what became of the last import stays."""
        self.upload, self.data, self.checking, self.plan = None, b"", None, None

    def begin(self, visit: Visit) -> None:
        """Import the file as it was checked."""
        upload, plan, data = self.upload, self.plan, self.data
        if upload is None or plan is None or self.importing is not None:
            return
        self.importing = Job("Importing", lambda progress: self._import(upload, plan, data, visit, progress))

    def close(self) -> None:
        """The import has ended: a new file may be chosen."""
        self.ended, self.importing = self.importing, None
        if self.ended and self.ended.outcome:
            self.clear()
            self.edition += 1
        else:
            # The file is checked again: what stood in the way may be gone.
            self.checking = self.plan = None

    def _check(self, upload: Upload, visit: Visit) -> str:
        if upload.kind == "customers":
            plan: Plan = rehearse_import(visit.store, visit.actor, self.data)
        else:
            plan = rehearse_purchases(visit.store, visit.actor, self.data, unknown=upload.unknown)
        if upload == self.upload:
            self.plan = plan
        return upload.name

    def _import(self, upload: Upload, plan: Plan, data: bytes, visit: Visit, progress: Progress) -> str:
        progress(0, plan.figures.new if isinstance(plan, PurchasePlan) else plan.changes)
        try:
            if isinstance(plan, PurchasePlan):
                purchases = import_purchases(
                    visit.store,
                    visit.actor,
                    data,
                    progress,
                    unknown=upload.unknown,
                    file_name=upload.name,
                    expected=plan,
                )
                self.run = purchases.run
                return purchases_done(purchases, visit.shop)
            customers = import_customers(visit.store, visit.actor, data, progress, file_name=upload.name, expected=plan)
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
