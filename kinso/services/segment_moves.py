"""How segments change: how many met one on earlier days, and who came and went in the last week."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.fields import ERASED
from kinso.models.segments import Moved, Segment, SegmentMoves
from kinso.repository.store import Store
from kinso.services.facts import facts_now
from kinso.services.permissions import use_case
from kinso.services.segments import existing_segment, filter_text

WEEK = timedelta(days=7)
SHOWN = 100
"""Of those who came, and of those who went."""


@use_case(Permission.READ)
def get_moves(store: Store, actor: Actor, id: str) -> SegmentMoves:
    """Who came to a segment and who left it in the last week, or since it is as it is now.

    Whoever came and left again, or the other way round, is in neither; who was erased is in neither, too. Raises
    `NotFound`, and `Conflict` when the segment cannot be asked any more.
    """
    segment = existing_segment(store, actor, id)
    query, facts = CustomerQuery(filter=segment.read_filter()), facts_now(store)
    written = filter_text(segment)
    days = store.segment_notes.days(segment.id, written)
    before = store.segment_notes.present(segment.id, written)
    if not days or before is None:
        return SegmentMoves(None, 0, 0, [], [])
    now = store.chosen.packed_ids(query, facts=facts)
    week_ago = facts.today - WEEK
    moves = [*store.segment_notes.moves(segment.id, week_ago), Moved(now - before, before - now)]
    entered, left = _net(moves)
    came, went = _people(store, entered), _people(store, left)
    return SegmentMoves(
        since=max(days[-1].day, week_ago),
        entered=len(entered) - _erased(came),
        left=len(left) - _erased(went),
        who_entered=_named(came),
        who_left=_named(went),
    )


def note_segments(store: Store) -> int:
    """Note today's customers of every segment that has none for today; returns of how many. Kinso does this itself.

    Two processes that come to the same one collide, and the second finds the first one's note.
    """
    with store.guarded():
        facts = facts_now(store)
        segments = store.segments.all()
        noted = store.segment_notes.noted_on(facts.today)
        wanting = [each for each in segments if not each.problem and (each.id, filter_text(each)) not in noted]
        for segment in wanting:
            query = CustomerQuery(filter=segment.read_filter())
            now = store.chosen.packed_ids(query, facts=facts)
            count = store.customers.count(query, facts=facts)
            _note(store, segment, facts.today, count, now)
        if wanting or noted:
            store.segment_notes.tidy([each.id for each in segments], facts.today)
        return len(wanting)


def _note(store: Store, segment: Segment, day: date, count: int, now: set[bytes]) -> None:
    written = filter_text(segment)

    def work() -> None:
        if (segment.id, written) not in store.segment_notes.noted_on(day):
            store.segment_notes.note(segment.id, written, day, count, now)

    store.transact(work)


def _net(moves: Iterable[Moved]) -> tuple[set[bytes], set[bytes]]:
    entered: set[bytes] = set()
    left: set[bytes] = set()
    for moved in moves:
        entered, left = (
            (entered - moved.left) | (moved.entered - left),
            (left - moved.entered) | (moved.left - entered),
        )
    return entered, left


def _people(store: Store, ids: Iterable[bytes]) -> list[Customer]:
    found = store.customers.get_many([each.hex() for each in sorted(ids, reverse=True)[:SHOWN]])
    return list(found.values())


def _erased(customers: Iterable[Customer]) -> int:
    return sum(_is_erased(each) for each in customers)


def _named(customers: Iterable[Customer]) -> list[Customer]:
    return [each for each in customers if not _is_erased(each)]


def _is_erased(customer: Customer) -> bool:
    return customer.customer_name == ERASED
