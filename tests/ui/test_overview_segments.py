"""Segments as tiles on the overview."""

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.segments import SegmentDraft
from kinso.services.segments import create_segment

BIG = {"fact": "purchaseAmount", "is": ">=", "value": 30}


def keep(store, name, **values):
    return create_segment(store, COMMAND_LINE, SegmentDraft(name=name, filter=BIG, **values)).segment


def tiles(page):
    return {metric.label: metric.value for metric in page.metric if metric.label in ("Big", "Other")}


def test_shared_ones_are_shown_with_their_count_and_open_the_list(open_page, store, add_customer):
    for number in range(5):
        add_customer(f"C-{number}", purchase_amount=number * 10)
    big = keep(store, "Big", shared=True)
    keep(store, "Other")
    page = open_page("overview", Role.ANALYST)
    assert tiles(page) == {"Big": "2"}
    [link] = [each for each in page.get("page_link") if each.proto.label == "Show Big"]
    assert f"segment={big.id}" in link.proto.query_string
    add_customer("C-9", purchase_amount=90)
    assert tiles(page.run()) == {"Big": "3"}


def test_one_that_cannot_be_asked_any_more_has_no_tile(open_page, store, add_customer):
    add_customer("C-1")
    keep(store, "Big", shared=True)
    store.connection.database["segments"].update_one({}, {"$set": {"filter": '{"fact": "odd"}'}})
    assert tiles(open_page("overview", Role.ANALYST)) == {}
