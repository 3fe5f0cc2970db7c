"""Purchases on the overview: revenue, weekdays, new and returning customers."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.repository.documents import now
from kinso.services.purchases.recording import record_sale, refund_sale


@pytest.fixture
def buy(store):
    def buy(customer, amount, days_ago=0):
        draft = PurchaseDraft(amount=Decimal(amount), sold_at=now() - timedelta(days=days_ago))
        return record_sale(store, COMMAND_LINE, customer.id, draft).entry

    return buy


def charts(page):
    return {chart.proto.alt: json.loads(chart.proto.spec) for chart in page.get("plotly_chart")}


def chart(page, start):
    return next(figure for alt, figure in charts(page).items() if alt.startswith(start))


def texts(page):
    return "\n".join(each.value for kind in (page.markdown, page.caption) for each in kind)


def test_a_shop_without_purchases_says_so(open_page, add_customer):
    add_customer("C-1", purchase_amount=Decimal(500))

    page = open_page("overview", Role.ANALYST)

    assert "**No purchases yet**" in texts(page)
    assert not any(alt.startswith("Sales less refunds") for alt in charts(page))


def test_revenue_is_sales_less_refunds(open_page, store, add_customer, buy):
    sale = buy(add_customer("C-1"), "100.50")
    refund_sale(store, COMMAND_LINE, sale.sale_id, RefundDraft(amount=Decimal("0.25")))

    page = open_page("overview", Role.ANALYST)

    (bars,) = chart(page, "Sales less refunds in each of the last twelve months, $100.25 in all")["data"]
    assert bars["y"][-1] == 100.25
    assert len(bars["x"]) == 12
    assert bars["customdata"][-1] == "$100.25<br>1 sale"


def test_sales_are_counted_by_weekday(open_page, add_customer, buy):
    customer = add_customer("C-1")
    buy(customer, "1.00")
    buy(customer, "1.00", days_ago=7)

    name = f"{now():%A}"
    (bars,) = chart(open_page("overview"), f"2 sales of the last twelve months by weekday, most on {name}s")["data"]
    assert dict(zip(bars["x"], bars["y"], strict=True))[name] == 2
    assert sum(bars["y"]) == 2


def test_new_customers_are_told_from_returning_ones_by_word_and_pattern(open_page, add_customer, buy):
    returning, new = add_customer("C-1"), add_customer("C-2")
    buy(returning, "1.00", days_ago=800)
    buy(returning, "1.00")
    buy(new, "1.00")

    bars = chart(open_page("overview"), "Customers who bought")["data"]

    assert [(each["name"], each["y"][-1]) for each in bars] == [("New", 1), ("Returning", 1)]
    assert bars[0]["marker"]["pattern"]["shape"] != bars[1]["marker"]["pattern"]["shape"]


def test_every_look_shows_also_a_purchase_of_a_month_that_has_ended(open_page, add_customer, buy):
    customer = add_customer("C-1")
    buy(customer, "1.00")
    page = open_page("overview")
    buy(customer, "50.00", days_ago=100)

    page.run()

    assert any(alt.endswith("$51.00 in all") for alt in charts(page))
