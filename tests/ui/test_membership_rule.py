"""The rule on the membership page: what it says, who may change it, what another threshold would mean."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import MembershipRule, ShopSettings
from kinso.repository.documents import now
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.settings import save_rule
from kinso.ui.membership.rule import EDITOR

GAINED, LOST = "Whom the chosen threshold would gain", "Members below the chosen threshold"


@pytest.fixture
def shop_of_five(store, add_customer):
    """Three non-members and two members, all of whom bought on a known day; O-1 long ago."""
    for name, amount, is_member in (
        ("N-1", "400.00", False),
        ("N-2", "900.00", False),
        ("M-1", "1200.00", True),
        ("M-2", "3000.00", True),
    ):
        customer = add_customer(name, membership_status=is_member)
        record_sale(store, COMMAND_LINE, customer.id, PurchaseDraft(amount=Decimal(amount)))
    old = PurchaseDraft(amount=Decimal("5000.00"), sold_at=now() - timedelta(days=400))
    record_sale(store, COMMAND_LINE, add_customer("O-1").id, old)


def texts(page):
    return "\n".join(each.value for kind in (page.markdown, page.caption) for each in kind).replace("\\", "")


def table(page, alt):
    return next((frame.value for frame in page.dataframe if frame.proto.alt == alt), None)


def charts(page):
    return {chart.proto.alt: json.loads(chart.proto.spec) for chart in page.get("plotly_chart")}


def edit(page):
    page.session_state[EDITOR] = True
    return page.run()


def look_at(page, threshold):
    page.session_state["threshold_view"] = "What if it were the rule"
    page.run()
    return page.number_input(key="threshold_amount").set_value(threshold).run()


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_everyone_reads_the_rule_and_only_some_may_change_it(open_page, shop_of_five, role):
    page = open_page("membership", role)

    assert "Who spent **$1,000.00** or more **in total** is eligible" in texts(page)
    may_change = role in (Role.MANAGER, Role.ADMIN)
    assert any(each.label == "Change the rule" for each in page.expander) is may_change
    page.number_input(key="threshold_amount").set_value(500.0).run()
    assert ("save_threshold" in [button.key for button in page.button]) is may_change


def test_a_manager_saves_threshold_basis_and_activation(open_page, store, shop_of_five, toasts):
    page = edit(open_page("membership", Role.MANAGER))

    page.number_input(key="rule_threshold_amount").set_value(400.0)
    page.radio(key="rule_basis").set_value("last-12-months")
    page.toggle(key="rule_automatic").set_value(True)
    page = page.button(key="save_rule").click().run()

    assert toasts(page) == ["The rule is saved."]
    assert store.shop.get() == ShopSettings(threshold=400, threshold_basis="last-12-months", activate_on_purchase=True)
    assert "Who spent **$400.00** or more **in the last 12 months**" in texts(page)
    assert "at once with the purchase" in texts(page)
    assert page.number_input(key="threshold_amount").value == 400.0
    assert list(table(page, "Who would become a member")["Customer ID"]) == ["N-2", "N-1"]


def test_a_threshold_below_zero_is_refused_beside_the_field(open_page, store, shop_of_five):
    page = edit(open_page("membership", Role.MANAGER))

    page.number_input(key="rule_threshold_amount").set_value(-5.0)
    page = page.button(key="save_rule").click().run()

    assert "Threshold cannot be negative; enter 0 or more." in texts(page).replace("\\", "")
    assert page.number_input(key="rule_threshold_amount").value == -5.0
    assert store.shop.get().threshold == 1000


def test_a_rule_that_a_colleague_changed_meanwhile_keeps_what_was_not_touched(open_page, store, shop_of_five):
    page = edit(open_page("membership", Role.MANAGER))
    store.shop.save(ShopSettings(threshold=750, threshold_basis="last-12-months", currency="BDT"))

    page.toggle(key="rule_automatic").set_value(True)
    page.button(key="save_rule").click().run()

    assert store.shop.get() == ShopSettings(
        threshold=750, threshold_basis="last-12-months", currency="BDT", activate_on_purchase=True
    )


def test_the_chosen_threshold_can_be_made_the_rules(open_page, store, shop_of_five):
    page = open_page("membership", Role.MANAGER)
    page.number_input(key="threshold_amount").set_value(850.0).run()

    page = page.button(key="save_threshold").click().run()

    assert store.shop.get().threshold == 850
    assert "save_threshold" not in [button.key for button in page.button]


def test_everyone_reads_who_changed_the_rule(open_page, store, shop_of_five, manager):
    assert table(open_page("membership", Role.ANALYST), "How the rule changed") is None
    save_rule(store, manager, MembershipRule(threshold=900, activate_on_purchase=True))
    save_rule(store, manager, MembershipRule(threshold=900, threshold_basis="last-12-months"))

    told = table(open_page("membership", Role.ANALYST), "How the rule changed")

    assert list(told["Who"]) == [manager.name] * 2
    assert list(told["What"]) == [
        "Basis of the threshold: spent in total → spent in the last 12 months",
        "Threshold: $1,000.00 → $900.00; Activate at a purchase: off → on",
    ]


def test_a_manager_who_became_staff_saves_nothing(open_page, store, shop_of_five):
    page = edit(open_page("membership", Role.MANAGER))
    (me,) = store.users.all()
    store.users.update(me.id, role=Role.STAFF.value)

    page.number_input(key="rule_threshold_amount").set_value(1.0)
    page.button(key="save_rule").click().run()

    assert store.shop.get().threshold == 1000


def test_over_a_year_old_purchases_do_not_count(open_page, store, shop_of_five):
    store.shop.save(ShopSettings(threshold_basis="last-12-months"))
    page = open_page("membership", Role.STAFF)
    page.number_input(key="threshold_amount").set_value(300.0).run()

    listed = table(page, "Who would become a member")
    assert list(listed["Customer ID"]) == ["N-2", "N-1"]
    assert list(listed["Last 12 months"]) == [900.0, 400.0]
    assert "Balances that customers came with and typed corrections of their amounts do not count." in texts(page)


def test_a_lower_threshold_names_whom_it_gains(open_page, shop_of_five):
    page = look_at(open_page("membership", Role.ANALYST), 500.0)

    assert list(table(page, GAINED)["Customer ID"]) == ["N-2"]
    assert table(page, LOST) is None
    assert "A lower threshold loses nobody." in texts(page)
    assert "Together they spent $900.00." in texts(page)


def test_a_higher_threshold_names_whom_it_loses_and_who_made_them_members(open_page, shop_of_five):
    page = look_at(open_page("membership", Role.ANALYST), 2000.0)

    lost = table(page, LOST)
    assert list(lost["Customer ID"]) == ["M-1"]
    assert table(page, GAINED) is None
    assert "A higher threshold gains nobody." in texts(page)
    assert "They stay members until a manager ends that." in texts(page)


def test_both_curves_describe_themselves_and_mark_both_thresholds(open_page, shop_of_five):
    page = look_at(open_page("membership", Role.ANALYST), 2000.0)

    drawn = charts(page)
    members = "Members that each threshold would mean: 3 at today's $1,000.00, 2 at $2,000.00"
    spending = "What the members of each threshold spent: $9,200.00 at today's $1,000.00, $8,000.00 at $2,000.00"
    assert {members, spending} <= set(drawn)
    curve, today, slider = drawn[members]["data"]
    assert (today["x"], today["y"]) == ([1000.0], [3])
    assert (slider["x"], slider["y"]) == ([2000.0], [2])
    assert curve["y"] == sorted(curve["y"], reverse=True)


def test_todays_threshold_is_said_to_be_todays(open_page, shop_of_five):
    page = look_at(open_page("membership", Role.ANALYST), 1000.0)

    assert "This is today's threshold." in texts(page)
    assert (
        len(charts(page)["Members that each threshold would mean: 3 at today's $1,000.00, 3 at $1,000.00"]["data"]) == 2
    )


def test_the_slider_and_the_curves_reach_beyond_the_threshold_of_the_rule(open_page, store, shop_of_five):
    store.shop.save(ShopSettings(threshold=20_000))
    page = look_at(open_page("membership", Role.ANALYST), 50_000.0)

    assert page.slider[0].max >= 50_000
    _, today, slider = next(each for alt, each in charts(page).items() if alt.startswith("Members that"))["data"]
    assert today["x"] == [20_000.0]
    assert slider["x"] == [50_000.0]
    page.number_input(key="threshold_amount").set_value(100.0).run()
    assert 40_000 <= page.slider[0].max < 50_000
