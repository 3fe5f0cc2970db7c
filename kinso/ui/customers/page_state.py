"""What one person has open: the grid they work on, and the question they are being asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import streamlit as st

from kinso.models.customers import Customer, CustomerQuery
from kinso.repository.documents import new_id
from kinso.ui.customers.filters import View
from kinso.ui.customers.grid_state import GridState, Row, new_rows, new_serial
from kinso.ui.customers.registration import Registration

_SESSION = "customers_desk"


@dataclass(frozen=True)
class Deletion:
    """Whether to delete these customers."""

    rows: Sequence[Row]


@dataclass(frozen=True)
class BulkChange:
    """Whether to make customers members or non-members: those in `rows`, or when None all of `query`."""

    membership_status: bool
    query: CustomerQuery
    rows: Sequence[Row] | None = None


@dataclass(frozen=True)
class Conflicts:
    """Whose values to keep where two people changed the same cells."""

    serial: int = field(default_factory=new_serial)


Question = Deletion | Conflicts | Registration


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

    def lay_out(self, view: View, total: int, customers: Sequence[Customer]) -> GridState:
        """Put a new grid into the session; the same view shows the same rows ticked."""
        ticked = self.ticked[1] if self.ticked and self.ticked[0] == view else ()
        self.ticked = None
        self.grid = GridState(view, total, new_rows(customers, ticked))
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
