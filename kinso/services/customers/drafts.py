"""Use cases about what a person has typed and not saved yet: each sees and changes only their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_DRAFT, Draft
from kinso.repository.documents import canonical_id, now
from kinso.repository.store import Store
from kinso.services.permissions import use_case


@use_case(Permission.EDIT)
def keep_draft(
    store: Store,
    actor: Actor,
    id: str,
    place: str,
    content: Mapping[str, Any],
    *,
    customers: Sequence[str] = (),
) -> bool:
    """Keep what is typed at a place, instead of what was kept under this `id` before; False when that is over.

    `customers` are the `_id`s of those whom it tells about. Raises `InvalidInput` for more than a form or a grid holds.
    """
    if len(json.dumps(content)) > LARGEST_DRAFT:
        raise InvalidInput([FieldError("content", "This is too much to be kept; save it.")])
    draft = Draft(id, place, dict(content), now())
    return store.drafts.keep(draft, actor.user_id, [canonical_id(each) for each in customers])


@use_case(Permission.EDIT)
def end_draft(store: Store, actor: Actor, id: str) -> None:
    """Forget a draft, because it was saved or given up; what is still under way for it is not kept either."""
    store.drafts.end(id, actor.user_id, now())


@use_case(Permission.EDIT)
def find_drafts(store: Store, actor: Actor, *places: str) -> list[Draft]:
    """What this person has typed at these places and not saved, the latest first."""
    return store.drafts.find(actor.user_id, places)
