"""What one person has open: the grid they work on, what they typed into it, and the question they are being asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import streamlit as st

from kinso.models.accounts import Actor
from kinso.models.customers import Customer, Draft, MembershipCounts
from kinso.repository.documents import new_id
from kinso.services.application import current_application
from kinso.services.customers.editing import end_draft, keep_draft
from kinso.services.customers.finding import get_customers
from kinso.ui.customers.filters import View
from kinso.ui.customers.grid_state import EDITABLE, GridState, Row, keeping_seen, new_rows, new_serial
from kinso.ui.customers.registration import Registration
from kinso.ui.drafts import offer_drafts
from kinso.ui.request_context import RequestContext, current_context

_SESSION = "customers_page"


@dataclass(frozen=True)
class Conflicts:
    """Whose values to keep where two people changed the same cells."""

    serial: int = field(default_factory=new_serial)


@dataclass(frozen=True)
class OpenCustomer:
    """The customer with this `_id`, who is open beside the list."""

    id: str


Question = Conflicts | Registration | OpenCustomer


@dataclass
class PageSession:
    """Lives as long as the browser tab's session, so that going to another page loses nothing that was typed.

    `kept_rows` is what the draft with `draft_id` holds.
    """

    grid: GridState | None = None
    question: Question | None = None
    is_saving: bool = False
    is_leaving: bool = False
    ticked: tuple[View, frozenset[str]] | None = None
    draft_id: str = field(default_factory=new_id)
    kept_rows: list[dict[str, Any]] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock, repr=False)

    @property
    def pending_count(self) -> int:
        """How many typed cells wait to be saved."""
        return self.grid.pending_count if self.grid else 0

    def lay_out(
        self, view: View, total: int, customers: Sequence[Customer], counts: MembershipCounts | None = None
    ) -> GridState:
        """Put a new grid into the session; the same view shows the same rows ticked."""
        ticked = self.ticked[1] if self.ticked and self.ticked[0] == view else ()
        self.ticked = None
        self.grid = GridState(view, total, new_rows(customers, ticked), counts=counts)
        return self.grid

    def begin_draft(self) -> None:
        """Have what is typed from now on kept as another draft."""
        self.draft_id = new_id()

    def drop_grid(self) -> None:
        """Have the customers read anew; what was typed is given up, the ticks stay where the same rows come back."""
        if self.grid is not None:
            self.ticked = (self.grid.view, frozenset(row.base.id for row in self.grid.selection()))
        self.grid = None


def has_session() -> bool:
    """Whether this session was at the customers page."""
    return _SESSION in st.session_state


def grid_key(grid: GridState) -> str:
    """The grid's widget key; it changes with the edition, and so the grid forgets what belongs to another one."""
    return f"customers_grid_{grid.edition}"


@contextmanager
def in_session() -> Iterator[PageSession]:
    """This session's page state, with everything typed into the grid up to now, for one run of the page alone.

    When a person clicks again while the page still works on their first click, Streamlit runs both at once.
    """
    session: PageSession = st.session_state.setdefault(_SESSION, PageSession())
    with session.lock:
        if session.grid is not None and (state := st.session_state.get(grid_key(session.grid))) is not None:
            session.grid.capture(state["edited_rows"])
        yield session


def current_session() -> PageSession:
    """This session's page state to look at, as soon as no other run works at it."""
    with in_session() as session:
        return session


def open_beside(id: str) -> None:
    """From a callback: show the customer with this `_id` beside the list."""
    with in_session() as session:
        session.question = OpenCustomer(id)


def close_panel() -> None:
    """Have nobody open beside the list any more."""
    if has_session():
        with in_session() as session:
            if isinstance(session.question, OpenCustomer):
                session.question = None


PLACE = "customers"


def keep_typed_cells(actor: Actor) -> None:
    """Keep what is in the grid now, if that is something else than before; nothing when all of it was saved."""
    if not has_session():
        return
    with in_session() as session:
        rows = _rows_of(session.grid)
        if rows == session.kept_rows:
            return
        store = current_application().store
        if not rows:
            end_draft(store, actor, session.draft_id)
            session.begin_draft()
        else:
            content = {"rows": rows}
            about = [row["seen"]["_id"] for row in rows]
            if not keep_draft(store, actor, session.draft_id, PLACE, content, customers=about):
                # Another tab of this person has saved it or given it up; what is here is still to be saved.
                session.begin_draft()
                keep_draft(store, actor, session.draft_id, PLACE, content, customers=about)
        session.kept_rows = rows


def offer_typed_cells(context: RequestContext) -> None:
    """Offer what this person typed into the list and did not save, unless they are typing into this one already."""
    session = current_session()
    if session.grid is not None and not session.pending_count:
        offer_drafts(context, {PLACE: "Unsaved changes in the list"}, _continue, present=session.draft_id)


def _continue(draft: Draft) -> None:
    """From the offer: put the rows of a draft on top of the list, with what was typed over them."""
    context = current_context()
    rows = draft.content["rows"]
    present = get_customers(context.store, context.actor, [row["seen"]["_id"] for row in rows])
    with in_session() as session:
        if session.grid is not None:
            _put_back(session.grid, [_restored(row, present) for row in rows])
            session.draft_id = draft.id


def _put_back(grid: GridState, restored: list[Row]) -> None:
    grid.start_edition()
    ids = {row.base.id for row in restored}
    grid.rows = [*restored, *(row for row in grid.rows if row.base.id not in ids)]


def _restored(row: Mapping[str, Any], present: Mapping[str, Customer]) -> Row:
    seen, typed = Customer.model_validate(row["seen"]), row["typed"]
    current = present.get(seen.id)
    if current is None:
        return Row(seen, carried=typed, gone=True)
    return Row(keeping_seen(seen, current, typed), carried=typed)


def _rows_of(grid: GridState | None) -> list[dict[str, Any]]:
    if grid is None:
        return []
    return [
        {
            "seen": row.base.model_dump(mode="json", by_alias=True),
            "typed": {name: values[name] for name in EDITABLE if name in values},
        }
        for row, values in grid.all_pending()
    ]
