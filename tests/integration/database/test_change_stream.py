"""The events of the mirrored collections: all of a transaction at once, whatever its documents hold."""

import pytest

from kinso.database.change_stream import ChangeStream, StreamLost, committed_position
from kinso.repository.store import Store

LARGEST = 16 * 2**20


@pytest.fixture
def database(new_database):
    return Store(new_database()).connection.database


@pytest.fixture
def stream(database):
    with ChangeStream(database, after=committed_position(database), fields=["customerName"]) as opened:
        yield opened


def told(stream, count, most=20_000):
    """The events of each call, until so many were told."""
    calls = []
    while sum(map(len, calls)) < count:
        calls.append(stream.next_events(most))
    return [call for call in calls if call]


def insert_together(database, documents):
    with database.client.start_session() as session, session.start_transaction():
        for document in documents:
            database["sales"].insert_one(document, session=session)


def test_a_transaction_is_told_as_a_whole_though_it_is_more_than_was_asked_for(database, stream):
    database["sales"].insert_one({})
    insert_together(database, [{} for _ in range(900)])
    insert_together(database, [{} for _ in range(3)])
    assert list(map(len, told(stream, 904, most=500))) == [901, 3]


def test_a_transaction_of_more_than_the_server_hands_over_at_once_is_told_as_a_whole(database, stream):
    insert_together(database, [{"items": "x" * 200_000} for _ in range(200)])
    assert list(map(len, told(stream, 200))) == [200]


def test_of_a_document_only_what_is_wanted_is_told(database, stream):
    database["customers"].insert_one({"_id": 1, "customerName": "Ada", "another": {"field": 2}})
    database["customers"].replace_one({"_id": 1}, {"customerName": "Bob", "another": 3})
    [inserted, replaced] = [event for call in told(stream, 2) for event in call]
    assert (inserted.document, inserted.is_new) == ({"_id": 1, "customerName": "Ada"}, True)
    assert (replaced.document, replaced.is_new) == ({"_id": 1, "customerName": "Bob"}, False)


def test_a_document_as_large_as_can_be_is_told(database, stream):
    database["customers"].insert_one({"customerName": "Ada", "another": "x" * (LARGEST - 200)})
    [[event]] = told(stream, 1)
    assert event.document["customerName"] == "Ada"


def test_another_collection_in_the_place_of_a_mirrored_one_ends_it(database, stream):
    database["other"].insert_one({"customerName": "Bob"})
    database["other"].aggregate([{"$out": "customers"}])
    with pytest.raises(StreamLost):
        told(stream, 1)
