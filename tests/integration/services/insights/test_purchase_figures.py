"""Figures about purchases, compared with a look at every single one."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from kinso.models.customers import CustomerDraft
from kinso.models.shop import ShopSettings
from kinso.repository.insights import PurchaseTotals
from kinso.services.customers.editing import create_customer
from kinso.services.insights import get_sales_months, month_starts

ZONE = ZoneInfo("Asia/Dhaka")
NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
STARTS = list(month_starts(NOW.astimezone(ZONE), 12))


@pytest.fixture
def register(store, staff):
    def register(customer_id):
        return create_customer(
            store, staff, CustomerDraft(customer_id=customer_id, customer_name="Somebody", contact_info="a@shop.com")
        )

    return register


@pytest.fixture(autouse=True)
def in_dhaka(store):
    store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))


def test_months_and_weekdays_are_those_of_the_shop(store, analyst, register, enter):
    last_second_of_april = datetime(2026, 4, 30, 17, 59, 59, tzinfo=UTC)
    enter(register("C-1"), "10.00", last_second_of_april)
    enter(register("C-2"), "20.00", last_second_of_april + timedelta(seconds=1))

    april, may = get_sales_months(store, analyst, STARTS)[-3:-1]
    assert (april.month, april.revenue, april.weekdays) == (date(2026, 4, 1), Decimal(10), [0, 0, 0, 1, 0, 0, 0])
    assert (may.month, may.revenue, may.weekdays) == (date(2026, 5, 1), Decimal(20), [0, 0, 0, 0, 1, 0, 0])


def test_a_time_zone_that_only_python_knows_has_its_own_days(store, analyst, register, enter):
    zone = ZoneInfo("America/Ciudad_Juarez")
    store.shop.save(ShopSettings(time_zone=zone.key))
    enter(register("C-1"), "10.00", datetime(2026, 4, 30, 23, 59, 59, tzinfo=zone))

    [april] = get_sales_months(store, analyst, [datetime(2026, 4, 1, tzinfo=zone), datetime(2026, 5, 1, tzinfo=zone)])

    assert april.weekdays == [0, 0, 0, 1, 0, 0, 0]


def test_refunds_are_taken_off_where_their_sales_were_made_and_are_no_sales(store, analyst, register, enter):
    ada, sold_at = register("C-1"), NOW - timedelta(days=31)
    enter(ada, "30.10", sold_at)
    enter(ada, "-10.10", NOW, kind="refund", counts_at=sold_at)

    may, june = get_sales_months(store, analyst, STARTS)[-2:]
    assert (may.revenue, may.sales, june.revenue, june.sales) == (Decimal("20.00"), 1, Decimal(0), 0)
    assert (june.new_customers, june.returning_customers) == (0, 0)


def test_what_has_no_date_or_was_undone_is_left_out(store, analyst, register, enter):
    ada = register("C-1")
    for kind in ("opening", "adjustment"):
        enter(ada, "500.00", NOW, kind=kind)
    enter(ada, "70.00", NOW, void=True)

    june = get_sales_months(store, analyst, STARTS)[-1]
    assert (june.revenue, june.sales, june.new_customers) == (Decimal(0), 0, 0)
    assert store.sales_figures.totals_between([STARTS[0], STARTS[-1]]) == [PurchaseTotals()]


def test_whoever_bought_long_ago_returns_and_is_never_new_again(store, analyst, register, enter):
    ada, bo = register("C-1"), register("C-2")
    enter(ada, "1.00", NOW - timedelta(days=900))
    for customer in (ada, bo):
        enter(customer, "1.00", NOW)
        enter(customer, "1.00", NOW)

    june = get_sales_months(store, analyst, STARTS)[-1]
    assert (june.new_customers, june.returning_customers) == (1, 1)


def test_a_part_of_the_months_tells_the_same_as_all_of_them(store, analyst, register, enter):
    rng = random.Random(5)
    customers = [register(f"C-{number:03}") for number in range(12)]
    bought = []
    for _ in range(150):
        customer = rng.choice(customers)
        at = NOW - timedelta(minutes=rng.randrange(500 * 24 * 60))
        kind, cents = ("refund", -rng.randrange(1, 500)) if rng.random() < 0.2 else ("sale", rng.randrange(1, 9999))
        amount = Decimal(cents) / 100
        enter(customer, str(amount), at, kind=kind)
        bought.append((customer.id, kind, amount, at.astimezone(ZONE)))

    months = get_sales_months(store, analyst, STARTS)

    assert months == [month for pair in pairwise(STARTS) for month in get_sales_months(store, analyst, list(pair))]
    for month, (start, end) in zip(months, pairwise(STARTS), strict=True):
        within = [each for each in bought if start <= each[3] < end]
        buyers = {id for id, kind, _, _ in within if kind == "sale"}
        earlier = {id for id, kind, _, at in bought if kind == "sale" and at < start}
        assert month.revenue == sum(amount for _, _, amount, _ in within)
        assert month.sales == sum(kind == "sale" for _, kind, _, _ in within)
        assert month.weekdays[2] == sum(kind == "sale" and at.weekday() == 2 for _, kind, _, at in within)
        assert (month.new_customers, month.returning_customers) == (len(buyers - earlier), len(buyers & earlier))
