"""The membership page: threshold, preview, activation, recent bulk changes, for every role."""

import time
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.membership import Rule
from kinso.models.shop import ShopSettings
from kinso.services.membership.activation import set_membership_of_selected

ELIGIBLE, NEAR_MISSES = "Who would become a member", "Non-members just below the threshold"
TOUCHED = "Customers changed by this bulk change"
AMOUNTS = ("10.00", "250.00", "999.99", "1000.00", "1500.50", "4000.00")


@pytest.fixture
def shop_of_ten(add_customer):
    """Six non-members with the amounts above, and four members who spent 2,000.00 each."""
    for place, amount in enumerate(AMOUNTS, start=1):
        add_customer(f"N-{place}", purchase_amount=Decimal(amount))
    for place in range(1, 5):
        add_customer(f"M-{place}", purchase_amount=Decimal("2000.00"), membership_status=True)


def figures(page):
    return {metric.label: metric.value for metric in page.metric}


def table(page, alt):
    """The table with this description, None when it is not shown."""
    return next((frame.value for frame in page.dataframe if frame.proto.alt == alt), None)


def finished(page):
    """The page when no run that it started is under way any more."""
    deadline = time.monotonic() + 20
    while page.progress and time.monotonic() < deadline:
        page.run()
    assert not page.exception
    return page


def activate(page):
    page.button(key="activate").click().run()
    return finished(page.button(key="activation_confirm").click().run())


def test_the_page_starts_at_the_threshold_of_the_shop(open_page, store, shop_of_ten):
    store.shop.save(ShopSettings(threshold=Decimal("250.00")))

    page = open_page("membership", Role.STAFF)

    assert page.number_input(key="threshold_amount").value == 250.0
    assert page.slider[0].value == 250.0


def test_members_non_members_and_the_rate_are_shown(open_page, shop_of_ten):
    shown = figures(open_page("membership", Role.ANALYST))

    assert (shown["Members"], shown["Non-members"], shown["Membership rate"]) == ("4", "6", "40.0%")


def test_the_preview_tells_exactly_who_would_be_activated(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    shown = figures(page)
    assert shown["Would become members"] == "3"
    assert shown["Their purchases"] == "$6,500.50"
    assert shown["Share of all customers"] == "30.0%"
    assert "The membership rate would rise from 40.0% to 70.0%." in [caption.value for caption in page.caption]
    assert list(table(page, ELIGIBLE)["Customer ID"]) == ["N-6", "N-5", "N-4"]
    assert list(table(page, ELIGIBLE)["Total spent"]) == [4000.0, 1500.5, 1000.0]


def test_near_misses_are_listed_with_what_they_lack(open_page, shop_of_ten):
    below = table(open_page("membership", Role.STAFF), NEAR_MISSES)

    assert list(below["Customer ID"]) == ["N-3", "N-2", "N-1"]
    assert list(below["Short by"]) == [0.01, 750.0, 990.0]


def test_the_number_follows_the_slider(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    page.slider[0].set_value(1500.0).run()

    assert page.number_input(key="threshold_amount").value == 1500.0
    assert figures(page)["Would become members"] == "2"


def test_the_slider_follows_the_number_even_beyond_its_range(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    page.number_input(key="threshold_amount").set_value(123_456.78).run()

    assert page.slider[0].value == 123_456.78
    assert page.slider[0].max >= 123_456.78
    assert figures(page)["Would become members"] == "0"

    page.number_input(key="threshold_amount").set_value(999.99).run()

    assert page.slider[0].value == 999.99
    assert page.slider[0].max < 10_000
    assert figures(page)["Would become members"] == "4"


def test_a_slider_pulled_to_its_start_means_the_smallest_amount(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    page.slider[0].set_value(0.0).run()

    assert page.number_input(key="threshold_amount").value == 0.01
    assert figures(page)["Would become members"] == "6"


def test_the_largest_possible_amount_can_be_typed_and_dragged_to(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    page.number_input(key="threshold_amount").set_value(999_999_999_999.99).run()
    page.slider[0].set_value(page.slider[0].max).run()

    assert not page.exception
    assert page.number_input(key="threshold_amount").value == 999_999_999_999.99


def test_the_question_names_count_threshold_and_total(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    assert page.button(key="activate").label == "Activate 3 members"
    page.button(key="activate").click().run()

    question = " ".join(markdown.value.replace("\\", "") for markdown in page.markdown)
    assert "**3 non-members**" in question
    assert "**$1,000.00**" in question
    assert "**$6,500.50**" in question


def test_cancelling_the_question_changes_nobody(open_page, store, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    page.button(key="activate").click().run()
    page.button(key="activation_cancel").click().run()

    assert "activation_confirm" not in [button.key for button in page.button]
    assert store.figures.totals()[True][0] == 4
    assert store.runs.recent(limit=5) == []


def test_activating_changes_exactly_the_previewed_and_records_a_run(open_page, store, shop_of_ten, toasts):
    page = activate(open_page("membership", Role.STAFF))

    assert store.figures.totals()[True][0] == 7
    (run,) = store.runs.recent(limit=5)
    assert (run.kind, run.status, run.matched, run.changed) == ("auto-activation", "done", 3, 3)
    assert run.by_name == "Staff Person"
    assert run.parameters["threshold"] == 1000
    assert list(store.changes.customers_of_run(run.id, limit=10)) == ["N-6", "N-5", "N-4"]
    assert any("3 customers became members" in toast for toast in toasts(page))
    assert "3 customers became members" in page.success[0].value


def test_figures_follow_ones_own_activation_at_once(open_page, shop_of_ten):
    page = activate(open_page("membership", Role.STAFF))

    shown = figures(page)
    assert (shown["Members"], shown["Non-members"], shown["Membership rate"]) == ("7", "3", "70.0%")
    assert shown["Would become members"] == "0"


def test_the_result_tells_the_number_really_changed(open_page, store, staff, shop_of_ten):
    page = open_page("membership", Role.STAFF)
    page.button(key="activate").click().run()
    one = store.spenders(Rule(Decimal(1000))).largest("eligible", limit=1)[0].customer
    set_membership_of_selected(store, staff, [one.id], membership_status=True)

    finished(page.button(key="activation_confirm").click().run())

    assert "2 customers became members" in page.success[0].value


def test_someone_who_becomes_eligible_after_the_question_is_left_for_the_next_time(
    open_page, store, add_customer, shop_of_ten
):
    page = open_page("membership", Role.STAFF)
    page.button(key="activate").click().run()
    late = add_customer("L-1", purchase_amount=Decimal("9000"))

    finished(page.button(key="activation_confirm").click().run())

    assert "3 customers became members" in page.success[0].value
    assert not store.customers.get(late.id).membership_status
    assert figures(page)["Would become members"] == "1"


def test_whoever_a_person_made_a_non_member_is_told_of_and_stays_one(open_page, store, staff, add_customer):
    by_hand = add_customer("H-1", purchase_amount=Decimal("5000"), membership_status=True)
    add_customer("N-1", purchase_amount=Decimal("3000"))
    set_membership_of_selected(store, staff, [by_hand.id], membership_status=False)

    page = open_page("membership", Role.STAFF)
    assert any("1 customer with enough purchases" in caption.value for caption in page.caption)
    assert list(table(page, ELIGIBLE)["Customer ID"]) == ["N-1"]

    activate(page)
    assert not store.customers.get(by_hand.id).membership_status


def test_a_run_names_those_whom_it_left_as_they_are(open_page, store, staff, shop_of_ten):
    page = open_page("membership", Role.STAFF)
    page.button(key="activate").click().run()
    one = store.spenders(Rule(Decimal(1000))).largest("eligible", limit=1)[0].customer
    set_membership_of_selected(store, staff, [one.id], membership_status=True)
    finished(page.button(key="activation_confirm").click().run())
    run = next(run for run in store.runs.recent(limit=5) if run.kind == "auto-activation")

    page.session_state[f"run_{run.id}"] = True
    page.run()

    left = table(page, "Customers left as they are")
    assert list(left["Customer ID"]) == [one.customer_id]


def test_the_result_goes_when_another_threshold_is_looked_at(open_page, shop_of_ten):
    page = activate(open_page("membership", Role.STAFF))

    page.slider[0].set_value(500.0).run()

    assert not page.success


def test_nobody_to_activate_is_said_and_cannot_be_pressed(open_page, shop_of_ten):
    page = open_page("membership", Role.STAFF)

    page.number_input(key="threshold_amount").set_value(5000.0).run()

    assert page.button(key="activate").disabled
    captions = " ".join(caption.value.replace("\\", "") for caption in page.caption)
    assert "no non-member has a purchase amount of $5,000.00 or more" in captions


def test_an_analyst_sees_the_preview_and_no_button(open_page, shop_of_ten):
    page = open_page("membership", Role.ANALYST)

    assert figures(page)["Would become members"] == "3"
    assert "activate" not in [button.key for button in page.button]
    assert any("Activating is only for staff" in caption.value for caption in page.caption)


def test_a_role_taken_away_meanwhile_activates_nobody(open_page, store, shop_of_ten):
    page = open_page("membership", Role.STAFF)
    page.button(key="activate").click().run()
    (user,) = store.users.all()
    store.users.update(user.id, role=Role.ANALYST.value)

    finished(page.button(key="activation_confirm").click().run())

    assert store.figures.totals()[True][0] == 4
    assert "does not allow" in page.error[0].value


def test_a_switched_off_account_activates_nobody(open_page, store, shop_of_ten):
    page = open_page("membership", Role.STAFF)
    page.button(key="activate").click().run()
    (user,) = store.users.all()
    store.users.update(user.id, active=False)

    page.button(key="activation_confirm").click().run()

    assert page.exception
    assert store.figures.totals()[True][0] == 4


def test_amounts_are_shown_in_the_currency_of_the_shop(open_page, store, shop_of_ten):
    store.shop.save(ShopSettings(currency="BDT"))

    page = open_page("membership", Role.STAFF)

    assert figures(page)["Their purchases"] == "৳6,500.50"
    assert page.slider[0].label == "Membership threshold (৳)"


def test_recent_runs_tell_what_who_when_and_how_many(open_page, store, shop_of_ten):
    store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
    page = activate(open_page("membership", Role.MANAGER))
    (run,) = store.runs.recent(limit=5)

    label = page.expander(key=f"run_{run.id}").label.replace("\\", "")

    local = run.started_at.astimezone(ShopSettings(time_zone="Asia/Dhaka").zone)
    assert "Activation at the threshold of $1,000.00: 3 of 3 customers changed, done" in label
    assert "Manager Person" in label
    assert local.strftime("%H:%M") in label


def test_an_opened_run_lists_the_customers_it_touched(open_page, store, shop_of_ten):
    page = activate(open_page("membership", Role.STAFF))
    (run,) = store.runs.recent(limit=5)
    assert table(page, TOUCHED) is None

    page.session_state[f"run_{run.id}"] = True
    page.run()

    assert list(table(page, TOUCHED)["Customer ID"]) == ["N-6", "N-5", "N-4"]


def test_names_with_markup_are_listed_as_they_were_typed(open_page, add_customer):
    name = "<b>Ann</b> *Lee* $5 & $6"
    add_customer("X-1", customer_name=name, purchase_amount=Decimal("3000"))

    page = open_page("membership", Role.STAFF)

    assert list(table(page, ELIGIBLE)["Name"]) == [name]


def test_a_shop_without_customers_gets_a_way_to_begin(open_page, store):
    page = open_page("membership", Role.STAFF)

    assert any(subheader.value == "No customers yet" for subheader in page.subheader)
    assert not page.slider

    page.button(key="load_sample_data").click().run()

    assert page.slider
    assert figures(page)["Members"] != "0"


def test_nothing_is_asked_again_and_the_slider_asks_for_nothing_that_stays(open_page, add_customer, questions):
    for number in range(4):
        add_customer(f"C-{number}", purchase_amount=400 * number, membership_status=number == 3)
    page = open_page("membership")
    page.session_state["threshold_view"] = "What if it were the rule"
    page.run()

    questions.clear()
    assert not page.run().exception
    assert questions == []

    page.number_input(key="threshold_amount").set_value(900.0).run()
    assert questions
    assert not [question for question in questions if "place" in question or "GROUP BY" in question]
