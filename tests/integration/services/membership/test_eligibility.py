"""What counts towards the threshold, read from the ledger of a real database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kinso.models.customers import CustomerDraft
from kinso.models.membership import Rule
from kinso.models.rule_bases import basis_of
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import create_customer
from kinso.services.membership.eligibility import amounts_that_count, rule_of

YEAR = ShopSettings(threshold_basis="last-12-months", time_zone="Asia/Dhaka")
AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
BOUNDARY = datetime(2025, 6, 15, tzinfo=YEAR.zone)


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(
        customer_id="C-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=Decimal("700.00")
    )
    return create_customer(store, staff, draft)


def rule(since=BOUNDARY, basis=YEAR.threshold_basis):
    return Rule(Decimal(1), basis_of(basis), since)


def counted(store, shop, customer):
    return amounts_that_count(store, rule_of(shop, AT), [customer])[customer.id]


def test_over_a_lifetime_the_purchase_amount_counts(store, ada, enter):
    enter(ada, "10.00", AT)

    assert counted(store, ShopSettings(), ada) == Decimal("700.00")


def test_over_a_year_sales_less_refunds_count_from_the_boundary_on(store, ada, enter):
    enter(ada, "100.00", BOUNDARY - timedelta(milliseconds=1))
    enter(ada, "20.10", BOUNDARY)
    enter(ada, "30.20", AT)
    enter(ada, "-0.30", AT, kind="refund")

    assert counted(store, YEAR, ada) == Decimal("50.00")


def test_a_till_whose_clock_is_ahead_is_counted(store, ada, enter):
    enter(ada, "20.00", AT + timedelta(hours=3))

    assert counted(store, YEAR, ada) == Decimal("20.00")


def test_what_has_no_known_date_and_what_was_undone_does_not_count(store, ada, enter):
    enter(ada, "500.00", AT, kind="opening")
    enter(ada, "200.00", AT, kind="adjustment")
    enter(ada, "30.00", AT, void=True)

    assert counted(store, YEAR, ada) == Decimal("0.00")


def test_the_amounts_of_many_are_told_at_once(store, staff, ada, enter):
    bo = create_customer(store, staff, CustomerDraft(customer_id="C-2", customer_name="Bo", contact_info="bo@shop.com"))
    enter(ada, "0.10", AT)
    enter(ada, "0.20", AT)

    assert amounts_that_count(store, rule_of(YEAR, AT), [ada, bo]) == {ada.id: Decimal("0.30"), bo.id: Decimal(0)}


def test_everyone_at_or_above_an_amount_is_found_to_the_cent(store, ada, enter):
    for _ in range(100):
        enter(ada, "0.07", AT)

    spenders = store.spenders(rule())
    [found] = spenders.largest("eligible", at_or_above=Decimal("7.00"), limit=9)
    assert (found.customer, found.amount) == (ada, Decimal("7.00"))
    assert not spenders.largest("eligible", at_or_above=Decimal("7.01"), limit=9)
