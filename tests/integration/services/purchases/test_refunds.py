"""A refund is never before its sale, and counts where its sale does in every sum over a period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import MembershipRule, ShopSettings
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer
from kinso.services.history.undo import revert_change
from kinso.services.insights import get_sales_months, month_starts
from kinso.services.membership.activation import (
    activate_at_threshold,
    plan_demotion,
    preview_activation,
    preview_demotion,
)
from kinso.services.membership.eligibility import (
    compare_thresholds,
    get_curve,
    get_spending_distribution,
    membership_status_of,
    rule_of,
)
from kinso.services.purchases.reading import summarize_purchases
from kinso.services.purchases.recording import get_entry, record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.settings import save_rule
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases
from tests.support.examples import fewer_examples

HEADER = "saleId,customerId,date,amount,kind,refundOf\n"


@pytest.fixture(autouse=True)
def _always_in_order(store, admin):
    yield
    assert [finding.sentence for finding in check_database(store, admin).findings] == []


@pytest.fixture
def register(store, staff):
    def register(customer_id):
        draft = CustomerDraft(customer_id=customer_id, customer_name="Somebody", contact_info="a@shop.com")
        return create_customer(store, staff, draft)

    return register


@pytest.fixture
def ann(register):
    return register("C-ann")


@pytest.fixture
def buy(store, staff):
    def buy(customer, sale_id, amount, days_ago):
        draft = PurchaseDraft(sale_id=sale_id, amount=Decimal(amount), sold_at=days_before(days_ago))
        return record_sale(store, staff, customer.id, draft)

    return buy


@pytest.fixture
def bring_back(store, staff):
    def bring_back(sale_id, amount=None, sold_at=None):
        return refund_sale(store, staff, sale_id, RefundDraft(amount=amount, sold_at=sold_at)).entry

    return bring_back


def days_before(days):
    return now() - timedelta(days=days)


def last_12_months(store, manager, threshold, **more):
    rule = MembershipRule(threshold=threshold, threshold_basis="last-12-months", **more)
    return save_rule(store, manager, rule)


class TestTheRuleOfTheLastTwelveMonths:
    def test_a_refund_of_an_old_sale_takes_nothing_off_what_was_bought_since(
        self, store, manager, ann, buy, bring_back
    ):
        last_12_months(store, manager, 500, activate_on_purchase=True)
        buy(ann, "S-1", 800, 400)
        bring_back("S-1", sold_at=days_before(300))
        assert buy(ann, "S-2", 600, 10).activated
        status = membership_status_of(store, manager, ann.id)
        assert (status.status, status.amount, status.missing) == ("member", 600, 0)

    def test_a_member_is_not_offered_for_demotion_for_a_refund_of_an_old_sale(
        self, store, staff, manager, ann, buy, bring_back
    ):
        last_12_months(store, manager, 450)
        buy(ann, "S-1", 700, 380)
        buy(ann, "S-2", 550, 20)
        activate_at_threshold(store, staff, 450)
        bring_back("S-1", Decimal(100))
        assert preview_demotion(store, manager).offered.count == 0
        assert plan_demotion(store, manager).versions == {}
        assert membership_status_of(store, manager, ann.id).amount == 550

    def test_a_refund_of_a_sale_of_this_year_counts_whenever_it_was(self, store, manager, ann, buy, bring_back):
        last_12_months(store, manager, 450)
        buy(ann, "S-1", 500, 20)
        bring_back("S-1", Decimal("50.01"))
        assert membership_status_of(store, manager, ann.id).amount == Decimal("449.99")

    def test_previews_and_what_if_count_the_same(self, store, staff, manager, register, buy, bring_back):
        last_12_months(store, manager, 500)
        for number, amount in ((1, 600), (2, 480), (3, 100)):
            customer = register(f"C-{number}")
            buy(customer, f"old-{number}", 900, 400)
            buy(customer, f"new-{number}", amount, 10)
            bring_back(f"old-{number}")
        preview = preview_activation(store, manager, 500)
        assert [(each.customer.customer_id, each.amount) for each in preview.eligible] == [("C-1", 600)]
        assert [(each.customer.customer_id, each.amount) for each in preview.near_misses] == [
            ("C-2", 480),
            ("C-3", 100),
        ]
        assert [each.amount for each in compare_thresholds(store, manager, 480).gained.first] == [480]
        assert max(point.total for point in get_curve(store, manager)) == 1180
        bins = get_spending_distribution(store, manager)
        assert sum(each.non_members for each in bins if each.lower <= 100 < each.upper) == 1


class TestTheMonthsOfAShop:
    def test_revenue_loses_a_refund_in_the_month_of_its_sale(self, store, analyst, ann, buy, bring_back):
        buy(ann, "S-1", "30.10", 62)
        bring_back("S-1", Decimal("10.10"))
        starts = month_starts(now(), 4)
        months = get_sales_months(store, analyst, starts)
        assert [month.revenue for month in months if month.revenue] == [20]
        assert sum(month.sales for month in months) == 1

    def test_the_customers_months_do_too(self, store, analyst, ann, buy, bring_back):
        buy(ann, "S-1", "30.10", 62)
        bring_back("S-1", Decimal("10.10"))
        amounts = [month.amount for month in summarize_purchases(store, analyst, ann.id).months]
        assert (amounts[0], set(amounts[1:])) == (20, {0})


class TestTheDateOfARefund:
    DAY = datetime(2026, 2, 10, 15, 30, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def sale(self, store, staff, ann):
        store.shop.save(ShopSettings(time_zone="America/New_York"))
        record_sale(store, staff, ann.id, PurchaseDraft(sale_id="S-1", amount=20, sold_at=self.DAY))

    def test_before_the_sale_it_is_refused_with_both_dates(self, store, bring_back):
        with pytest.raises(InvalidInput) as refused:
            bring_back("S-1", sold_at=self.DAY - timedelta(days=2))
        assert [(error.field, error.message) for error in refused.value.errors] == [
            (
                "soldAt",
                "Date 2026-02-08 is before its sale, which was on 2026-02-10; a refund happens after its sale or on the"
                " same day.",
            )
        ]
        with pytest.raises(
            InvalidInput, match="2026-02-10 10:29:59 is before its sale, which was on 2026-02-10 10:30:00"
        ):
            bring_back("S-1", sold_at=self.DAY - timedelta(seconds=1))

    def test_the_day_of_the_sale_without_a_time_is_not_before_it(self, bring_back):
        midnight = datetime(2026, 2, 10, 5, tzinfo=UTC)
        refund = bring_back("S-1", sold_at=midnight)
        assert (refund.sold_at, refund.counts_at) == (self.DAY, self.DAY)

    def test_the_moment_of_the_sale_is_not_before_it(self, bring_back):
        assert bring_back("S-1", sold_at=self.DAY).sold_at == self.DAY

    def test_now_is_not_before_a_sale_of_a_till_whose_clock_is_ahead(self, store, staff, ann, bring_back):
        ahead = now() + timedelta(hours=2)
        record_sale(store, staff, ann.id, PurchaseDraft(sale_id="S-2", amount=20, sold_at=ahead))
        assert bring_back("S-2").sold_at == ahead
        assert bring_back("S-1").sold_at <= now()

    def test_in_a_file_it_is_refused_for_sales_of_the_file_and_of_the_ledger(self, store, staff):
        rows = (
            "S-2,C-ann,2026-03-05T10:00,10,sale,\nR-1,C-ann,2026-02-09,-1,refund,S-1\n"
            "R-2,C-ann,2026-03-04,-1,refund,S-2\nR-3,C-ann,2026-03-05,-1,refund,S-2\nR-4,C-ann,2026-02-10,-2,refund,S-1\n"
        )
        plan = preview_purchases(store, staff, (HEADER + rows).encode())
        after = "a refund happens after its sale or on the same day."
        assert [(error.row, error.field, error.message) for error in plan.errors] == [
            (3, "soldAt", f"Date 2026-02-09 is before its sale, which was on 2026-02-10; {after}"),
            (4, "soldAt", f"Date 2026-03-04 is before its sale, which was on 2026-03-05; {after}"),
        ]

    def test_refunds_of_a_file_count_with_their_sales_of_the_file_and_of_the_ledger(self, store, staff):
        rows = (
            "R-3,C-ann,2026-03-05,-1,refund,S-2\nR-4,C-ann,2026-04-01,-2,refund,S-1\n"
            "S-2,C-ann,2026-03-05T10:00,10,sale,\n"
        )
        import_purchases(store, staff, (HEADER + rows).encode())
        sold_at = datetime(2026, 3, 5, 15, tzinfo=UTC)
        same_day, later = get_entry(store, staff, "R-3"), get_entry(store, staff, "R-4")
        assert (same_day.sold_at, same_day.counts_at) == (sold_at, sold_at)
        assert (later.sold_at, later.counts_at) == (datetime(2026, 4, 1, 4, tzinfo=UTC), self.DAY)


def test_a_refund_that_counts_again_counts_where_its_sale_is_now(store, staff, ann, buy, bring_back):
    first = buy(ann, "S-1", 20, 100).entry
    refund = bring_back("S-1")
    reverted = revert_change(store, staff, refund.change)
    revert_change(store, staff, first.change)
    again = buy(ann, "S-1", 30, 5).entry
    revert_change(store, staff, reverted.id)
    assert get_entry(store, staff, refund.sale_id).counts_at == again.sold_at


def test_a_refund_does_not_count_again_on_a_sale_of_somebody_else(store, staff, register, ann, buy, bring_back):
    first = buy(ann, "S-1", 20, 100).entry
    reverted = revert_change(store, staff, bring_back("S-1").change)
    revert_change(store, staff, first.change)
    buy(register("C-bob"), "S-1", 30, 5)
    with pytest.raises(Exception, match="has no sale “S-1” any more that this refund could belong to"):
        revert_change(store, staff, reverted.id)


days = st.integers(0, 800)
sales = st.tuples(
    st.integers(0, 2), st.integers(1, 99_999), days, st.lists(st.tuples(st.integers(1, 60), days), max_size=2)
)


@pytest.mark.slow
@fewer_examples()
@given(bought=st.lists(sales, max_size=8), since=days)
def test_every_sum_over_a_period_is_that_of_the_sales_in_it_less_their_refunds(
    store, staff, manager, connection, bought, since
):
    for name in ("customers", "changes", "memberships", "sales"):
        connection.database[name].delete_many({})
    # Another store, because one remembers what a shop spent while nothing is written to it.
    store, present = Store(connection), now()
    last_12_months(store, manager, 500)
    customers = [
        create_customer(
            store, staff, CustomerDraft(customer_id=f"C-{number}", customer_name="Ann", contact_info="a@b.co")
        )
        for number in range(3)
    ]
    expected = []
    for number, (whose, cents, days_ago, refunds) in enumerate(bought):
        sold_at, amount = present - timedelta(days=days_ago, seconds=1), Decimal(cents) / 100
        draft = PurchaseDraft(sale_id=f"S-{number}", amount=amount, sold_at=sold_at)
        record_sale(store, staff, customers[whose].id, draft)
        left = amount
        for percent, days_later in refunds:
            back = (amount * percent / 100).quantize(Decimal("0.01"))
            if 0 < back <= left:
                at = min(sold_at + timedelta(days=days_later), present)
                refund_sale(store, staff, f"S-{number}", RefundDraft(amount=back, sold_at=at))
                left -= back
        expected.append((customers[whose].id, sold_at, left))

    def oracle(start, end=None, customer=None):
        return sum(
            left
            for whose, sold_at, left in expected
            if start <= sold_at and (end is None or sold_at < end) and customer in (None, whose)
        )

    start = present - timedelta(days=since)
    measured = replace(rule_of(store.shop.get(), present), since=start)
    groups = [store.spenders(measured).largest(group, limit=99) for group in ("eligible", "excluded", "members")]
    spent = {each.customer.id: each.amount for group in groups for each in group}
    ids = [customer.id for customer in customers]
    assert {id: spent.get(id, 0) for id in ids} == {id: oracle(start, customer=id) for id in ids}
    assert {**dict.fromkeys(ids, 0), **store.spending.of_customers(measured, ids)} == {**dict.fromkeys(ids, 0), **spent}
    starts = month_starts(present, 30)
    revenues = [each.revenue for each in store.sales_figures.totals_between(starts)]
    assert revenues == [oracle(*month) for month in pairwise(starts)]
    rule = rule_of(store.shop.get(), present)
    for customer in customers:
        told = summarize_purchases(store, manager, customer.id).months
        ends = [*[month.month for month in told], None]
        assert membership_status_of(store, manager, customer.id).amount == oracle(rule.since, customer=customer.id)
        for month, (first, end) in zip(told, pairwise(ends), strict=True):
            within = [datetime.combine(day, datetime.min.time(), UTC) if day else None for day in (first, end)]
            assert month.amount == oracle(*within, customer=customer.id)
    total = sum((oracle(rule.since, customer=id) for id in ids), Decimal(0))
    assert store.spenders(rule).totals("eligible")[1] == total
