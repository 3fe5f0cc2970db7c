"""Use cases about segments: keeping, sharing and counting them, and asking for their customers.

Whoever may read has segments of their own, and sees those that are shared. One that another person keeps to themselves
is as if it did not exist.
"""

from __future__ import annotations

import json
from datetime import timedelta

from kinso.errors import Conflict, DuplicateSegmentName, NotFound, StaleVersion
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import CustomerQuery
from kinso.models.filters import Group, written_filter
from kinso.models.segments import (
    MOST_SEGMENTS,
    CountedSegment,
    Segment,
    SegmentDraft,
    SegmentPatch,
    SegmentTemplate,
    segment_templates,
)
from kinso.models.text import fold
from kinso.repository.documents import new_id, now
from kinso.repository.facts import FactsNow
from kinso.repository.store import Store
from kinso.services.facts import facts_now
from kinso.services.permissions import demand_all, use_case

_COMPARED = timedelta(days=30)
_SEGMENT_GONE = "This segment does not exist any more; look at the list again."
_TOO_MANY = f"You have {MOST_SEGMENTS} segments already; delete one that you do not need."


@use_case(Permission.READ)
def list_templates(store: Store, actor: Actor) -> list[SegmentTemplate]:
    """Segments that are often wanted, with the shop's threshold in them."""
    shop = store.shop.get()
    return list(segment_templates(shop.threshold, shop.basis.unit.smallest))


@use_case(Permission.READ)
def list_segments(store: Store, actor: Actor) -> list[CountedSegment]:
    """Those that are shared and one's own, by name; what cannot be asked any more is not counted."""
    facts = facts_now(store)
    return [_counted(store, segment, facts) for segment in store.segments.visible_to(actor.user_id)]


@use_case(Permission.READ)
def find_segments(store: Store, actor: Actor) -> list[Segment]:
    """The same, not counted."""
    return store.segments.visible_to(actor.user_id)


@use_case(Permission.READ)
def get_segment(store: Store, actor: Actor, id: str) -> CountedSegment:
    """One of those; raises `NotFound`, also for a malformed `id`."""
    return _counted(store, existing_segment(store, actor, id), facts_now(store))


@use_case(Permission.READ)
def query_of_segment(store: Store, actor: Actor, id: str, query: CustomerQuery) -> CustomerQuery:
    """The query, of those customers only who meet the segment.

    Raises `NotFound`, and `Conflict` when the segment cannot be asked any more.
    """
    filter = existing_segment(store, actor, id).read_filter()
    both = filter if query.filter is None else Group("all", (filter, query.filter))
    return query.model_copy(update={"filter": both})


@use_case(Permission.READ)
def create_segment(store: Store, actor: Actor, draft: SegmentDraft) -> CountedSegment:
    """Keep a new segment; sharing it takes the permission for that.

    Raises `DuplicateSegmentName` when one that the actor sees has that name, and `Conflict` when they have very many.
    """
    _demand_sharing(actor, draft.shared)
    if store.segments.is_taken(draft.name, actor.user_id):
        raise DuplicateSegmentName(draft.name)
    if store.segments.count_of(actor.user_id) >= MOST_SEGMENTS:
        raise Conflict(_TOO_MANY)
    at = now()
    segment = Segment(
        id=new_id(),
        name=draft.name,
        description=draft.description,
        color=draft.color,
        shared=draft.shared,
        filter=written_filter(draft.filter),
        owner=actor.user_id,
        created_by=actor.name,
        created_at=at,
        updated_at=at,
        version=1,
    )
    # Before it is stored: when nobody can be counted, nothing was done.
    counted = _counted(store, segment, facts_now(store))
    store.segments.insert(segment)
    return counted


@use_case(Permission.READ)
def update_segment(
    store: Store, actor: Actor, id: str, patch: SegmentPatch, *, version: int | None = None
) -> CountedSegment:
    """Change the given fields; with `version`, only that version is changed, else `StaleVersion` is raised.

    Sharing one, and changing one that is shared, takes the permission for that. One that is not shared any more is of
    its maker alone. Raises `NotFound` and `DuplicateSegmentName`.
    """
    before = existing_segment(store, actor, id)
    after = patch.over(before)
    _demand_sharing(actor, before.shared or after.shared)
    _demand_version(before, version)
    if after != before:
        after = after.model_copy(update={"updated_at": now(), "version": before.version + 1})
    # Others may have the same name from before; only who takes one has to take another.
    is_seen_anew = fold(after.name) != fold(before.name) or (after.shared and not before.shared)
    if is_seen_anew and store.segments.is_taken(after.name, actor.user_id, besides=before.id):
        raise DuplicateSegmentName(after.name)
    counted = _counted(store, after, facts_now(store))
    if after != before and not store.segments.update(before, after):
        raise StaleVersion(existing_segment(store, actor, id))
    return counted


@use_case(Permission.SHARE)
def share_segment(store: Store, actor: Actor, id: str, *, version: int | None = None) -> CountedSegment:
    """Have everybody see it from now on; raises as `update_segment` does."""
    return update_segment(store, actor, id, SegmentPatch(shared=True), version=version)


@use_case(Permission.READ)
def delete_segment(store: Store, actor: Actor, id: str, *, version: int | None = None) -> Segment:
    """Remove a segment for good; one that is shared takes the permission for that.

    Raises `NotFound`, and `StaleVersion` when `version` is older.
    """
    segment = existing_segment(store, actor, id)
    _demand_sharing(actor, segment.shared)
    _demand_version(segment, version)
    if not store.segments.delete(segment):
        raise StaleVersion(existing_segment(store, actor, id))
    return segment


def existing_segment(store: Store, actor: Actor, id: str) -> Segment:
    """One of those whom the actor sees; raises `NotFound`, also for a malformed `id`."""
    segment = store.segments.get(id, actor.user_id)
    if segment is None:
        raise NotFound(_SEGMENT_GONE)
    return segment


def _demand_sharing(actor: Actor, is_shared: bool) -> None:
    demand_all(actor, {Permission.SHARE: is_shared})


def _demand_version(segment: Segment, version: int | None) -> None:
    if version not in (None, segment.version):
        raise StaleVersion(segment)


def _counted(store: Store, segment: Segment, facts: FactsNow) -> CountedSegment:
    if segment.problem:
        return CountedSegment(segment, None)
    count = store.customers.count(CustomerQuery(filter=segment.read_filter()), facts=facts)
    days = store.segment_notes.days(segment.id, filter_text(segment))
    earlier = next((each.count for each in days if each.day <= facts.today - _COMPARED), None)
    return CountedSegment(segment, count, None if earlier is None else count - earlier)


def filter_text(segment: Segment) -> str:
    """What notes tell its filter by."""
    return json.dumps(segment.filter, sort_keys=True)
