"""Segments above the list: choosing, keeping, changing and losing them."""

import json

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.segments import SegmentDraft
from kinso.services.customers.editing import delete_customer
from kinso.services.segment_moves import note_segments
from kinso.services.segments import create_segment, list_segments
from tests.ui.customers_page import button_keys, press, shown, texts

RICH = {"fact": "purchaseAmount", "is": ">=", "value": 30}


@pytest.fixture(autouse=True)
def people(add_customer):
    return [add_customer(f"C-{number}", purchase_amount=number * 10) for number in range(6)]


@pytest.fixture
def rich(store):
    draft = SegmentDraft(name="Rich", description="Who buys much", color="teal", shared=True, filter=RICH)
    return create_segment(store, COMMAND_LINE, draft).segment


def opened(page):
    page.session_state["segments_open"] = True
    return page.run()


def key_of(page, start):
    return next(key for key in sorted(button_keys(page)) if key.startswith(start))


def typed(page, **values):
    for name, value in values.items():
        widgets = {"name": page.text_input, "description": page.text_area, "shared": page.checkbox}
        next(each for each in widgets[name] if each.key.startswith(f"segment_{name}_")).set_value(value)
    return press(page, "segment_confirm")


def label_of(page):
    return next(each.proto.popover.label for each in page.get("popover") if "egment" in each.proto.popover.label)


def test_choosing_one_filters_the_list_and_the_address_keeps_it(open_page, rich):
    page = opened(open_page("customers", Role.ANALYST))
    button = page.button(key=f"segment_teal_{rich.id}")
    assert button.label == "Rich · 3"
    button.click().run()
    assert set(shown(page)) == {"C-3", "C-4", "C-5"}
    assert (label_of(page), page.query_params["segment"]) == ("Segment: Rich", rich.id)
    assert json.loads(page.query_params["filter"]) == RICH
    assert "Who buys much" in texts(page)
    assert not {"segment_keep", "segment_save"} & button_keys(page)


def test_an_address_with_a_segment_alone_shows_its_customers(open_page, rich):
    page = open_page("customers", Role.ANALYST, segment=rich.id)
    assert set(shown(page)) == {"C-3", "C-4", "C-5"}
    assert label_of(page) == "Segment: Rich"
    assert len(shown(open_page("customers", Role.ANALYST, segment="0" * 24))) == 6


def test_a_filter_is_kept_as_a_segment(open_page, store, toasts):
    page = press(open_page("customers", Role.STAFF, filter=json.dumps(RICH)), "segment_keep")
    assert not [each for each in page.checkbox if "shared" in each.key]
    typed(page, name=" ")
    assert "Name is required" in texts(page)
    typed(page, name="Mine", description="Those I call")
    assert toasts(page) == ["Segment “Mine” is saved."]
    assert label_of(page) == "Segment: Mine"
    assert "only you see it" in texts(page)
    assert [each.segment.name for each in list_segments(store, COMMAND_LINE)] == []


def test_a_manager_shares_one_and_changes_what_it_asks(open_page, store, rich, toasts):
    page = open_page("customers", Role.MANAGER, segment=rich.id)
    press(page, "remove_condition_0")
    assert label_of(page) == "Segments"
    more = {"all": [RICH, {"fact": "membershipStatus", "is": "=", "value": False}]}
    page = open_page("customers", Role.MANAGER, segment=rich.id, filter=json.dumps(more))
    assert "The filter differs from that of the segment" in texts(page)
    press(page, "segment_save")
    [kept] = list_segments(store, COMMAND_LINE)
    assert kept.segment.filter == more
    assert "segment_save" not in button_keys(page)


def test_it_is_renamed_and_deleted_in_a_menu(open_page, store, rich, toasts):
    page = open_page("customers", Role.MANAGER, segment=rich.id)
    next(each for each in page.menu_button if each.key == "segment_menu").click("edit").run()
    typed(page, name="Very rich", shared=True)
    assert label_of(page) == "Segment: Very rich"
    next(each for each in page.menu_button if each.key == "segment_menu").click("delete").run()
    press(page, "segment_gone")
    assert list_segments(store, COMMAND_LINE) == []
    assert label_of(page) == "Segments"


def test_staff_can_choose_a_shared_one_but_not_change_it(open_page, rich):
    page = open_page("customers", Role.STAFF, segment=rich.id)
    assert not [each for each in page.menu_button if each.key == "segment_menu"]


def test_a_name_that_is_taken_is_said_in_the_dialog(open_page, rich):
    other = {"fact": "purchaseAmount", "is": "<", "value": 20}
    page = press(open_page("customers", Role.STAFF, filter=json.dumps(other)), "segment_keep")
    typed(page, name="RICH")
    assert "There is a segment “RICH” already" in texts(page).replace("\\", "")


def test_ready_made_ones_filter_and_give_their_name(open_page):
    page = opened(open_page("customers", Role.STAFF))
    page.button(key=key_of(page, "segment_template_5")).click().run()
    assert "Member" in texts(page) or label_of(page) == "Segments"
    press(page, "segment_keep")
    assert next(each for each in page.text_input if each.key.startswith("segment_name_")).value


def test_one_whose_fact_is_lost_says_so_and_can_be_deleted(open_page, store, rich):
    written = json.dumps({"fact": "shoeSize", "is": ">=", "value": 40})
    store.connection.database["segments"].update_one({}, {"$set": {"filter": written}})
    page = opened(open_page("customers", Role.MANAGER))
    assert "Asks for the fact “shoeSize”, which there is not any more" in texts(page).replace("\\", "")
    press(page, f"segment_delete_{rich.id}")
    press(page, "segment_gone")
    assert list_segments(store, COMMAND_LINE) == []


def test_who_came_and_who_left_is_told_and_shown(open_page, store, rich, people, add_customer):
    def look(page):
        page.session_state["segment_moves_open"] = True
        return page.run()

    page = look(open_page("customers", Role.ANALYST, segment=rich.id))
    assert "The segment is new" in texts(page)
    note_segments(store)
    add_customer("N-1", purchase_amount=70)
    delete_customer(store, COMMAND_LINE, people[5].id)
    page = look(page)
    assert "**+1 / −1** since" in texts(page)
    assert "1 customer of them deleted" in texts(page)
    press(page, "segment_came")
    assert shown(page) == ["N-1"]
