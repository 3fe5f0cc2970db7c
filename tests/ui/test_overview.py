"""The overview: six figures and the charts, for every role."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.history.trash import erase_person
from kinso.ui.insights import charts as builder


@pytest.fixture
def shop_of_three(add_customer):
    add_customer("A-1", customer_name="Ada", purchase_amount=Decimal("100.10"), membership_status=True)
    add_customer("A-2", customer_name="Bo", purchase_amount=Decimal("200.20"))
    add_customer("A-3", customer_name="Cy", purchase_amount=Decimal("0.30"))


def figures(page):
    return {metric.label: metric.value for metric in page.metric}


def charts(page):
    """The plotly figures on the page by their descriptions."""
    return {chart.proto.alt: json.loads(chart.proto.spec) for chart in page.get("plotly_chart")}


def chart(page, start):
    return next(figure for alt, figure in charts(page).items() if alt.startswith(start))


def test_everyone_sees_the_six_figures(open_page, shop_of_three):
    shown = figures(open_page("overview", Role.ANALYST))

    assert shown == {
        "Customers": "3",
        "New customers this month": "3",
        "Members": "1",
        "Non-members": "2",
        "Average per customer": "$100.20",
        "Total spent by all": "$300.60",
    }


def test_amounts_and_the_time_are_those_of_the_shop(open_page, store, shop_of_three):
    settings = ShopSettings(currency="EUR", time_zone="Asia/Dhaka")
    store.shop.save(settings)
    before = now().astimezone(settings.zone)

    page = open_page("overview")

    after = now().astimezone(settings.zone)
    assert figures(page)["Total spent by all"] == "€300.60"
    times = {f"As of {moment:%H:%M}, Asia/Dhaka" for moment in (before, after)}
    assert times & {caption.value for caption in page.caption}


def test_every_look_shows_what_others_did_meanwhile(open_page, add_customer, shop_of_three):
    page = open_page("overview")
    add_customer("A-4")

    assert figures(page.run())["Customers"] == "4"


def test_nothing_is_asked_again_while_nothing_happens(open_page, add_customer, shop_of_three, questions):
    page = open_page("overview")
    questions.clear()

    assert figures(page.run())["Customers"] == "3"
    assert questions == []

    add_customer("A-4")
    assert figures(page.run())["Customers"] == "4"
    assert questions
    assert not [question for question in questions if "entries" in question]


def test_every_chart_describes_itself(open_page, shop_of_three):
    assert set(charts(open_page("overview"))) == {
        f"New customers in each of the last twelve months, most of them in {now():%b %Y}",
        "3 customers by total spent, members and non-members stacked",
        "The 3 customers who spent most, with their amounts",
        "33.3% of all customers are members",
        "Members at the end of each of the last twelve months, 1 now",
    }


def test_new_customers_are_counted_in_their_month(open_page, connection, shop_of_three):
    last_month = now().replace(day=1) - timedelta(days=3)
    connection.database["customers"].update_one({"customerId": "A-3"}, {"$set": {"createdAt": last_month}})

    members, others = chart(open_page("overview"), "New customers")["data"]

    assert members["y"][-2:] == [0, 1]
    assert others["y"][-2:] == [1, 1]
    assert len(members["x"]) == 12
    assert members["x"][-1] == f"{now():%b %Y}"


def test_every_customer_is_in_one_bar_of_the_distribution(open_page, shop_of_three):
    members, others = chart(open_page("overview"), "3 customers")["data"]

    assert (sum(members["y"]), sum(others["y"])) == (1, 2)
    assert members["customdata"][-1].endswith("and more")


def test_the_ten_largest_customers_are_in_order_with_their_ids(open_page, add_customer):
    for place in range(12):
        add_customer(f"B-{place:02}", customer_name="Same Name", purchase_amount=Decimal(100 + place))

    figure = chart(open_page("overview"), "The 10 customers")

    labels = figure["layout"]["yaxis"]["ticktext"]
    assert [f"B-{place:02}" in label for place, label in zip(range(11, 1, -1), labels, strict=True)] == [True] * 10
    assert len(set(labels)) == 10


def test_no_chart_is_kept_of_somebody_who_was_erased(open_page, store, manager, add_customer):
    ada = add_customer("A-1", customer_name="Wilhelmina")
    add_customer("A-2", customer_name="Bea")
    open_page("overview")
    assert "Wilhelmina" in kept_charts()
    erase_person(store, manager, ada.id)
    open_page("overview")
    assert "Bea" in kept_charts()
    assert "Wilhelmina" not in kept_charts()


def kept_charts():
    """All that is kept of charts, as text."""
    places = [*builder._built._places.values(), *builder._of_people._places.values()]
    return str([made.to_dict() for place in places for made in place.made or ()])


def test_a_shop_without_customers_offers_to_begin_to_those_who_may(open_page):
    page = open_page("overview", Role.STAFF)

    assert any(subheader.value == "No customers yet" for subheader in page.subheader)
    assert [link.label for link in page.page_link] == ["Register a customer", "Import a file"]
    assert page.button(key="load_sample_data").label == "Load sample data"


def test_an_analyst_in_a_shop_without_customers_is_told_to_wait(open_page):
    page = open_page("overview", Role.ANALYST)

    assert not page.page_link
    assert "load_sample_data" not in [button.key for button in page.button]


def test_sample_data_fills_the_shop(open_page, store, toasts):
    page = open_page("overview", Role.STAFF)

    page.button(key="load_sample_data").click().run()

    assert toasts(page) == ["200 sample customers loaded."]
    assert figures(page)["Customers"] == "200"
    assert store.runs.recent(limit=1)[0].changed == 200
