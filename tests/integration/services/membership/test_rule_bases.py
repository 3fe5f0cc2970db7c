"""Everything that the membership rule decides or shows, on both of its bases, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import MembershipRule, ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import count_customers, create_customer, list_customers, set_membership
from kinso.services.membership.activation import (
    activate_at_threshold,
    count_eligible,
    plan_activation,
    preview_activation,
    set_membership_of_matching,
)
from kinso.services.membership.eligibility import (
    compare_thresholds,
    find_eligible,
    get_curve,
    get_spending_distribution,
)
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.settings import list_settings_changes, save_rule, save_shop_settings
from kinso.services.transfer.exports import export_customers

AMOUNTS = {"A": "1500.00", "B": "1000.00", "C": "999.99", "D": "40.00", "E": "0.00", "M": "700.00", "H": "3000.00"}
ELIGIBLE = ["A", "B"]


@pytest.fixture(params=["lifetime", "last-12-months"])
def shop(request, store, manager, staff):
    """A shop on either basis in which everyone bought for the amounts above, all of it this year.

    M is a member, and somebody made H a non-member. On the yearly basis all but E also bought for 5,000.00 before.
    """
    save_rule(store, manager, MembershipRule(threshold=1000, threshold_basis=request.param))
    customers = {}
    for name, amount in AMOUNTS.items():
        draft = CustomerDraft(customer_id=f"{name}-1", customer_name=f"Name {name}", contact_info="shop@shop.com")
        customer = create_customer(store, staff, draft)
        if request.param == "last-12-months" and name != "E":
            buy(store, staff, customer, "5000.00", now() - timedelta(days=400))
        if amount != "0.00":
            buy(store, staff, customer, amount)
        customers[name] = store.customers.get(customer.id)
    for status in (True, False):
        set_membership(store, staff, customers["H"].id, membership_status=status)
    set_membership(store, staff, customers["M"].id, membership_status=True)
    return {name: store.customers.get(customer.id) for name, customer in customers.items()}


def buy(store, staff, customer, amount, sold_at=None):
    return record_sale(store, staff, customer.id, PurchaseDraft(amount=Decimal(amount), sold_at=sold_at)).entry


def letters(customers):
    return [customer.customer_id[0] for customer in customers]


def members(store):
    return set(letters(store.customers.iterate(CustomerQuery(membership_status=True))))


def test_the_preview_tells_who_how_much_and_who_is_just_below(store, analyst, shop):
    preview = preview_activation(store, analyst, 1000, near_misses=2)

    assert [(each.customer.customer_id, each.amount) for each in preview.eligible] == [
        ("A-1", Decimal("1500.00")),
        ("B-1", Decimal("1000.00")),
    ]
    assert [(each.customer.customer_id, each.amount) for each in preview.near_misses] == [
        ("C-1", Decimal("999.99")),
        ("D-1", Decimal("40.00")),
    ]
    assert (preview.count, preview.purchase_total, preview.excluded) == (2, Decimal("2500.00"), 1)


def test_an_activation_reaches_exactly_the_eligible_and_says_why(store, staff, shop):
    assert count_eligible(store, staff, 1000) == 2

    run = activate_at_threshold(store, staff, 1000)

    assert run.changed == 2
    assert members(store) == {"A", "B", "M"}
    [change] = store.changes.of_customer(shop["A"].id, limit=1)
    basis = store.shop.get().basis
    spent = "Purchases of the last 12 months" if basis.months else "Purchase amount"
    assert change.reason == f"{spent} at or above 1,000.00"
    assert run.parameters == {"threshold": 1000.0, **({"basis": "last-12-months"} if basis.months else {})}


def test_whoever_brought_something_back_since_the_plan_stays_a_non_member(store, staff, shop):
    sale = buy(store, staff, shop["B"], "1.00")
    plan = plan_activation(store, staff, 1000)
    refund_sale(store, staff, sale.sale_id, RefundDraft(amount=Decimal("1.00")))

    run = activate_at_threshold(store, staff, 1000, plan=plan)

    assert (run.matched, run.changed, run.exception_count) == (2, 1, 1)
    assert members(store) == {"A", "M"}


def test_a_plan_of_another_basis_is_refused(store, staff, manager, shop):
    plan = plan_activation(store, staff, 1000)
    other = "lifetime" if plan.rule.since else "last-12-months"
    save_rule(store, manager, MembershipRule(threshold_basis=other))

    with pytest.raises(InvalidInput, match="look again"):
        activate_at_threshold(store, staff, 1000, plan=plan)
    assert members(store) == {"M"}


def test_the_list_of_eligible_customers_counts_sorts_searches_and_pages(store, analyst, shop):
    eligible = CustomerQuery(eligible=True, sort_by="customerId", sort_order="asc")

    assert count_customers(store, analyst, eligible) == 2
    assert letters(list_customers(store, analyst, eligible, page=1, limit=10).items) == ELIGIBLE
    assert letters(list_customers(store, analyst, eligible, page=2, limit=1).items) == ["B"]
    searched = eligible.model_copy(update={"search": "name b"})
    assert letters(list_customers(store, analyst, searched, page=1, limit=10).items) == ["B"]
    both = eligible.model_copy(update={"membership_status": True})
    assert count_customers(store, analyst, both) == 0


def test_the_others_are_everyone_but_the_eligible(store, analyst, shop):
    others = CustomerQuery(eligible=False, sort_by="customerId", sort_order="asc")

    assert letters(list_customers(store, analyst, others, page=1, limit=10).items) == ["C", "D", "E", "H", "M"]


def test_the_eligible_are_exported_and_changed_as_a_whole(store, staff, shop):
    query = CustomerQuery(eligible=True)

    assert b"".join(export_customers(store, staff, query, "raw")).count(b"\n") == 3
    run = set_membership_of_matching(store, staff, query, membership_status=True)
    assert (run.changed, members(store)) == (2, {"A", "B", "M"})
    assert count_customers(store, staff, query) == 0


def test_the_badge_is_for_those_who_are_eligible_now(store, analyst, staff, shop):
    everyone = list(shop.values())

    assert find_eligible(store, analyst, everyone) == {shop[name].id for name in ELIGIBLE}
    buy(store, staff, shop["C"], "0.01")
    again = [store.customers.get(customer.id) for customer in everyone]
    assert find_eligible(store, analyst, again) == {shop[name].id for name in "ABC"}


def test_a_purchase_shows_at_once_in_lists_and_figures(store, analyst, staff, shop):
    assert count_customers(store, analyst, CustomerQuery(eligible=True)) == 2
    buy(store, staff, shop["C"], "0.01")

    assert count_customers(store, analyst, CustomerQuery(eligible=True)) == 3
    assert preview_activation(store, analyst, 1000).count == 3


def test_the_distribution_counts_everyone_once(store, analyst, shop):
    bins = get_spending_distribution(store, analyst)

    assert sum(each.members for each in bins) == 1
    assert sum(each.non_members for each in bins) == 6
    assert sum(each.non_members for each in bins if each.lower <= 1500 < each.upper) == 1


def test_the_curve_falls_and_agrees_with_the_comparison(store, analyst, shop):
    curve = get_curve(store, analyst)

    assert all(a.members >= b.members and a.total >= b.total for a, b in pairwise(curve))
    assert len(curve) == 96
    assert curve[-1].threshold >= get_spending_distribution(store, analyst)[-1].lower
    for point in curve[::16]:
        assert compare_thresholds(store, analyst, point.threshold).other == point


def test_a_lower_threshold_gains_and_loses_nobody(store, analyst, shop):
    compared = compare_thresholds(store, analyst, 40)

    assert letters(each.customer for each in compared.gained.first) == ["C", "D"]
    assert (compared.gained.count, compared.gained.total) == (2, Decimal("1039.99"))
    assert (compared.lost.count, compared.lost.total) == (0, 0)
    assert (compared.saved.members, compared.saved.total) == (2, Decimal("2500.00"))
    assert (compared.other.members, compared.other.total) == (5, Decimal("4239.99"))


def test_a_higher_threshold_loses_members_and_says_who_made_them(store, analyst, staff, shop):
    activate_at_threshold(store, staff, 1000)

    compared = compare_thresholds(store, analyst, 1200)

    assert [(each.customer.customer_id, each.member_by) for each in compared.lost.first] == [("B-1", "rule")]
    assert (compared.lost.count, compared.lost.total, compared.gained.count) == (1, Decimal("1000.00"), 0)


def test_a_purchase_that_reaches_the_threshold_activates_when_the_shop_wants_that(store, manager, staff, shop):
    save_rule(store, manager, MembershipRule(activate_on_purchase=True))

    recorded = record_sale(store, staff, shop["C"].id, PurchaseDraft(amount=Decimal("0.01")))

    assert recorded.activated
    assert store.memberships.why_members([shop["C"].id]) == {shop["C"].id: "rule"}


def test_a_threshold_saved_by_one_and_a_currency_saved_by_another_are_both_kept(store, manager, admin):
    save_rule(store, manager, MembershipRule(threshold=750, activate_on_purchase=True))
    save_shop_settings(store, admin, ShopSettings(currency="BDT"))
    saved = save_rule(store, manager, MembershipRule(threshold_basis="last-12-months"))

    assert saved == ShopSettings(
        threshold=750, activate_on_purchase=True, currency="BDT", threshold_basis="last-12-months"
    )


def test_who_changed_the_rule_and_what_it_was_is_kept(store, manager, admin):
    save_rule(store, manager, MembershipRule(threshold=750, activate_on_purchase=False))
    save_shop_settings(store, admin, ShopSettings(currency="BDT", threshold=600))
    save_rule(store, manager, MembershipRule(threshold=600))

    told = [(one.by_name, one.before, one.after) for one in list_settings_changes(store, admin, ["threshold"])]

    assert told == [
        (admin.name, {"threshold": 750, "currency": "USD"}, {"threshold": 600, "currency": "BDT"}),
        (manager.name, {"threshold": 1000}, {"threshold": 750}),
    ]
    assert [one.by_name for one in list_settings_changes(store, admin, ["currency", "shopName"])] == [admin.name]


def test_of_two_who_change_the_rule_at_once_each_is_told_with_what_was_before(store, manager):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: save_rule(store, manager, MembershipRule(threshold=number)), range(1, 25)))

    told = list_settings_changes(store, manager, ["threshold"])

    assert len(told) == 24
    steps = {one.before["threshold"]: one.after["threshold"] for one in told}
    threshold = 1000
    while threshold in steps:
        threshold = steps.pop(threshold)
    assert (steps, threshold) == ({}, store.shop.get().threshold)


def test_a_manager_cannot_change_other_settings_with_the_rule(store, manager):
    save_rule(store, manager, ShopSettings(threshold=5, shop_name="Mine"))

    assert store.shop.get() == ShopSettings(threshold=5)


@pytest.mark.parametrize("threshold", [0, 0.004])
def test_a_rule_that_would_make_everyone_a_member_is_refused(store, manager, threshold):
    with pytest.raises(InvalidInput, match="more than 0; enter an amount such as 1000"):
        save_rule(store, manager, MembershipRule(threshold=threshold))
    assert store.shop.get() == ShopSettings()
