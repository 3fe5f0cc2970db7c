"""What was typed into the grid and not saved, as a draft that outlives the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinso.models.accounts import Actor
from kinso.models.customers import Customer, Draft
from kinso.services.application import current_application
from kinso.services.customers.drafts import end_draft, keep_draft
from kinso.services.customers.finding import get_customers
from kinso.ui.customers.grid_state import EDITABLE, GridState, Row, keeping_seen
from kinso.ui.customers.page_state import PageSession, current_session, has_session, in_session
from kinso.ui.drafts import offer_drafts
from kinso.ui.request_context import RequestContext, current_context

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
            _put_back(session, session.grid, [_restored(row, present) for row in rows])
            session.draft_id = draft.id


def _put_back(session: PageSession, grid: GridState, restored: list[Row]) -> None:
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
