"""Members below the threshold on the membership page: listed for all, ended by managers, once."""

import time
from decimal import Decimal

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import set_membership
from kinso.services.membership.activation import activate_at_threshold
from kinso.ui.membership.demotion import EXPANDER


@pytest.fixture
def shop_of_four(store, add_customer):
    """R-1 and R-2 became members at 500; the threshold is 1,000 now. P-1 was made a member by a person."""
    for name, amount in (("R-1", "500.00"), ("R-2", "700.00"), ("R-3", "1000.00"), ("P-1", "10.00")):
        add_customer(name, purchase_amount=Decimal(amount))
    activate_at_threshold(store, COMMAND_LINE, 500)
    by_hand = store.customers.get_by_customer_id("P-1")
    set_membership(store, COMMAND_LINE, by_hand.id, membership_status=True)


def opened(page):
    page.session_state[EXPANDER] = True
    return page.run()


def table(page):
    alt = "Members below the threshold"
    return next((frame.value for frame in page.dataframe if frame.proto.alt == alt), None)


def texts(page):
    return "\n".join(each.value for kind in (page.markdown, page.caption) for each in kind).replace("\\", "")


def finished(page):
    deadline = time.monotonic() + 20
    while page.progress and time.monotonic() < deadline:
        page.run()
    assert not page.exception
    return page


def members(store):
    return store.figures.totals()[True][0]


def test_how_many_they_are_is_said_without_being_asked(open_page, store, shop_of_four):
    page = open_page("membership", Role.ANALYST)
    assert {metric.label: metric.value for metric in page.metric}["Below the threshold"] == "3"
    assert "Members below the threshold of the rule: 3" in [each.label for each in page.expander]
    store.shop.save(ShopSettings(threshold=Decimal(1)))
    page = open_page("membership", Role.ANALYST)
    assert "Members below the threshold of the rule: none" in [each.label for each in page.expander]


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_everyone_sees_them_and_managers_may_end_it(open_page, shop_of_four, role):
    page = opened(open_page("membership", role))

    assert list(table(page)["Customer ID"]) == ["R-1", "R-2"]
    assert list(table(page)["Short by"]) == [500.0, 300.0]
    assert "1 other whom a colleague made a member stays one." in texts(page)
    assert ("demote" in [button.key for button in page.button]) is (role in (Role.MANAGER, Role.ADMIN))


def test_ending_asks_once_and_names_the_number(open_page, store, shop_of_four):
    page = opened(open_page("membership", Role.MANAGER))

    page.button(key="demote").click().run()

    assert "**2 members** spent less than **$1,000.00**" in texts(page)
    page.button(key="demotion_cancel").click().run()
    assert members(store) == 4


def test_confirming_ends_them_as_a_run_that_can_be_undone(open_page, store, shop_of_four, toasts):
    page = opened(open_page("membership", Role.MANAGER))
    page.button(key="demote").click().run()
    page = finished(page.button(key="demotion_confirm").click().run())

    assert members(store) == 2
    (run, _) = store.runs.recent(limit=2)
    assert (run.kind, run.changed, run.by_name) == ("demotion", 2, "Manager Person")
    assert "2 memberships ended below the threshold of $1,000.00" in page.success[0].value.replace("\\", "")
    assert any("2 memberships ended" in toast for toast in toasts(page))
    label = page.expander(key=f"run_{run.id}").label.replace("\\", "")
    assert "Memberships ended below the threshold of $1,000.00: 2 of 2 customers changed" in label
    assert table(page) is None

    page.session_state[f"run_{run.id}"] = True
    page.run()
    page.button(key=f"undo_{run.id}").click().run()
    finished(page.button(key="undo_confirm").click().run())
    assert members(store) == 4


def test_a_second_click_on_the_same_answer_ends_nothing_twice(open_page, store, shop_of_four):
    first, second = (opened(open_page("membership", Role.MANAGER)) for _ in range(2))
    for page in (first, second):
        page.button(key="demote").click().run()
    for page in (first, second):
        finished(page.button(key="demotion_confirm").click().run())

    assert sorted(run.changed for run in store.runs.recent(limit=2)) == [0, 2]
    assert "0 memberships ended" in second.success[0].value
    assert "2 others had changed meanwhile" in second.success[0].value


def test_a_rule_that_was_changed_between_question_and_answer_stops_it(open_page, store, shop_of_four):
    page = opened(open_page("membership", Role.MANAGER))
    page.button(key="demote").click().run()
    store.shop.save(ShopSettings(threshold=Decimal(400)))

    page = finished(page.button(key="demotion_confirm").click().run())

    assert members(store) == 4
    assert "The rule was changed meanwhile" in page.error[0].value


def test_members_of_an_earlier_application_are_offered_by_the_switch(open_page, connection, store, shop_of_four):
    one = store.customers.get_by_customer_id("R-2")
    connection.database["memberships"].update_one({"customer": one.id}, {"$set": {"begun.basis": "adopted"}})
    page = opened(open_page("membership", Role.MANAGER))
    assert list(table(page)["Customer ID"]) == ["R-1"]
    assert "1 other from before Kinso can be added" in texts(page)

    page.toggle(key="demote_adopted").set_value(True).run()

    assert list(table(page)["Customer ID"]) == ["R-1", "R-2"]
    assert list(table(page)["Made a member by"]) == ["the rule", "an earlier application"]


def test_nobody_below_is_said_and_cannot_be_pressed(open_page, store, shop_of_four):
    store.shop.save(ShopSettings(threshold=Decimal(300)))
    page = opened(open_page("membership", Role.MANAGER))

    assert "**0 members**" in texts(page)
    assert page.button(key="demote").disabled
