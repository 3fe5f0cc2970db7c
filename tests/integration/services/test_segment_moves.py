"""How segments change from day to day: counts of earlier days, and who came and went."""

from datetime import UTC, datetime, timedelta

import pytest

from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.segments import SegmentDraft, SegmentPatch
from kinso.services import facts, segment_moves
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.trash import erase_person
from kinso.services.segment_moves import get_moves, note_segments
from kinso.services.segments import create_segment, delete_segment, get_segment, update_segment

TAGGED = {"fact": "tags", "is": "contains", "value": "a"}
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def pass_days(monkeypatch):
    """Moves the clock that tells which day it is."""
    at = [START]
    monkeypatch.setattr(facts, "now", lambda: at[0])

    def on(days):
        at[0] += timedelta(days=days)

    return on


@pytest.fixture
def people(store, staff, pass_days):
    return [
        create_customer(
            store,
            staff,
            CustomerDraft(
                customer_id=f"C-{number}",
                customer_name=f"Name {number}",
                contact_info=f"{number}@x.com",
                tags=["a"] if number < 3 else [],
            ),
        )
        for number in range(6)
    ]


@pytest.fixture
def segment(store, manager, people):
    return create_segment(store, manager, SegmentDraft(name="Tagged", filter=TAGGED)).segment


@pytest.fixture
def tag(store, staff):
    def tag(customer, *tags):
        update_customer(store, staff, customer.id, CustomerPatch(tags=tags))

    return tag


def moves(store, actor, segment):
    found = get_moves(store, actor, segment.id)
    came, went = ({each.customer_id for each in those} for those in (found.who_entered, found.who_left))
    return found.entered, came, found.left, went


def test_there_is_nothing_to_compare_with_before_the_first_note(store, manager, segment):
    found = get_moves(store, manager, segment.id)
    assert (found.since, found.entered, found.left) == (None, 0, 0)
    assert get_segment(store, manager, segment.id).change is None


def test_each_is_noted_once_a_day_and_again_when_it_asks_for_something_else(store, manager, segment, pass_days):
    assert [note_segments(store), note_segments(store)] == [1, 0]
    pass_days(1)
    assert [note_segments(store), note_segments(store)] == [1, 0]
    update_segment(store, manager, segment.id, SegmentPatch(filter={"not": TAGGED}))
    assert get_moves(store, manager, segment.id).since is None
    assert [note_segments(store), note_segments(store)] == [1, 0]
    assert get_moves(store, manager, segment.id).since == START.date() + timedelta(days=1)


def test_who_came_and_went_is_told_live_and_over_the_days(store, manager, people, segment, tag, pass_days):
    note_segments(store)
    tag(people[0])
    tag(people[3], "a")
    assert moves(store, manager, segment) == (1, {"C-3"}, 1, {"C-0"})
    pass_days(1)
    note_segments(store)
    tag(people[4], "a")
    delete_customer(store, manager, people[1].id)
    assert moves(store, manager, segment) == (2, {"C-3", "C-4"}, 2, {"C-0"})
    assert get_moves(store, manager, segment.id).since == START.date()
    # Whoever came back has not gone.
    tag(people[0], "a")
    tag(people[3])
    assert moves(store, manager, segment) == (1, {"C-4"}, 1, set())


def test_what_happened_more_than_a_week_ago_is_not_told(store, manager, people, segment, tag, pass_days):
    note_segments(store)
    tag(people[3], "a")
    pass_days(1)
    note_segments(store)
    pass_days(8)
    note_segments(store)
    tag(people[4], "a")
    assert moves(store, manager, segment) == (1, {"C-4"}, 0, set())
    assert get_moves(store, manager, segment.id).since == START.date() + timedelta(days=2)


def test_the_change_is_that_of_thirty_days(store, manager, people, segment, tag, pass_days):
    note_segments(store)
    tag(people[3], "a")
    tag(people[4], "a")
    pass_days(29)
    note_segments(store)
    assert get_segment(store, manager, segment.id).change is None
    pass_days(1)
    note_segments(store)
    assert get_segment(store, manager, segment.id).change == 2
    pass_days(31)
    note_segments(store)
    assert get_segment(store, manager, segment.id).change == 0


def test_whoever_is_erased_vanishes_from_it(store, manager, people, segment, tag):
    note_segments(store)
    tag(people[0])
    tag(people[3], "a")
    for customer in (people[0], people[3]):
        erase_person(store, manager, customer.id)
    assert moves(store, manager, segment) == (0, set(), 0, set())


def test_notes_go_with_their_segment_and_with_time(store, manager, segment, pass_days):
    note_segments(store)
    pass_days(50)
    note_segments(store)
    notes = store.connection.database["segment_notes"]
    assert notes.distinct("day", {"kind": "count"}) == [(START + timedelta(days=50)).date().isoformat()]
    delete_segment(store, manager, segment.id)
    note_segments(store)
    assert notes.count_documents({}) == 0


def test_two_processes_note_a_segment_once(store, segment, monkeypatch):
    noted = []

    def note_first(store, *args):
        if not noted:
            noted.append(True)
            note_segments(store)
        original(store, *args)

    original = segment_moves._note
    monkeypatch.setattr(segment_moves, "_note", note_first)
    note_segments(store)
    assert store.connection.database["segment_notes"].count_documents({"kind": "count"}) == 1


def test_names_and_descriptions_do_not_tell_of_somebody_erased(store, manager, people):
    named = create_segment(store, manager, SegmentDraft(name="Like Name 3", filter=TAGGED)).segment
    told = create_segment(store, manager, SegmentDraft(name="Other", description="As Name 3 is", filter=TAGGED)).segment
    erase_person(store, manager, people[3].id)
    assert get_segment(store, manager, named.id).segment.name == f"(erased) {named.id}"
    assert get_segment(store, manager, told.id).segment.description == "(erased)"
