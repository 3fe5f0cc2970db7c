"""What was typed into the grid and not saved, as a draft that outlives the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinso.models.accounts import Actor
from kinso.models.customers import Customer, Draft
from kinso.services.application import current_office
from kinso.services.customers.drafts import end_draft, keep_draft
from kinso.services.customers.finding import get_customers
from kinso.ui.customers.grid_state import EDITABLE, Row, Sheet, keeping_seen
from kinso.ui.customers.page_state import Desk, at_desk, current_desk, has_desk
from kinso.ui.drafts import offer_drafts
from kinso.ui.session import Visit, current_visit

PLACE = "customers"


def keep_typed_cells(actor: Actor) -> None:
    """Keep what is in the grid now, if that is something else than before; nothing when all of it was saved."""
    if not has_desk():
        return
    with at_desk() as desk:
        rows = _rows_of(desk.sheet)
        if rows == desk.kept_rows:
            return
        store = current_office().store
        if not rows:
            end_draft(store, actor, desk.draft_id)
            desk.begin_draft()
        else:
            content = {"rows": rows}
            about = [row["seen"]["_id"] for row in rows]
            if not keep_draft(store, actor, desk.draft_id, PLACE, content, customers=about):
                # Another tab of this person has saved it or given it up; what is here is still to be saved.
                desk.begin_draft()
                keep_draft(store, actor, desk.draft_id, PLACE, content, customers=about)
        desk.kept_rows = rows


def offer_typed_cells(visit: Visit) -> None:
    """Offer what this person typed into the list and did not save, unless they are typing into this one already."""
    desk = current_desk()
    if desk.sheet is not None and not desk.pending_count:
        offer_drafts(visit, {PLACE: "Unsaved changes in the list"}, _continue, present=desk.draft_id)


def _continue(draft: Draft) -> None:
    """From the offer: put the rows of a draft on top of the list, with what was typed over them."""
    visit = current_visit()
    rows = draft.content["rows"]
    present = get_customers(visit.store, visit.actor, [row["seen"]["_id"] for row in rows])
    with at_desk() as desk:
        if desk.sheet is not None:
            _put_back(desk, desk.sheet, [_restored(row, present) for row in rows])
            desk.draft_id = draft.id


def _put_back(desk: Desk, sheet: Sheet, restored: list[Row]) -> None:
    sheet.start_edition()
    ids = {row.base.id for row in restored}
    sheet.rows = [*restored, *(row for row in sheet.rows if row.base.id not in ids)]


def _restored(row: Mapping[str, Any], present: Mapping[str, Customer]) -> Row:
    seen, typed = Customer.model_validate(row["seen"]), row["typed"]
    current = present.get(seen.id)
    if current is None:
        return Row(seen, carried=typed, gone=True)
    return Row(keeping_seen(seen, current, typed), carried=typed)


def _rows_of(sheet: Sheet | None) -> list[dict[str, Any]]:
    if sheet is None:
        return []
    return [
        {
            "seen": row.base.model_dump(mode="json", by_alias=True),
            "typed": {name: values[name] for name in EDITABLE if name in values},
        }
        for row, values in sheet.all_pending()
    ]
