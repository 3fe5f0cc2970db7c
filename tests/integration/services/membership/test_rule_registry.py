"""Every basis of the membership rule: what it measures, and that one entry is all that another one needs."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kinso.errors import Conflict, InvalidInput, KinsoError
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.rule_bases import MONEY, PURCHASES, RULE_BASES, basis_of
from kinso.models.shop import MembershipRule, ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, list_customers, set_membership
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import revert_change
from kinso.services.membership.activation import (
    activate_at_threshold,
    count_below,
    demote_below_threshold,
    plan_activation,
    plan_demotion,
    preview_activation,
    preview_demotion,
)
from kinso.services.membership.eligibility import (
    amounts_that_count,
    compare_thresholds,
    get_curve,
    get_spending_distribution,
    membership_status_of,
    months_before,
    rule_of,
)
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.settings import save_rule
from kinso.services.transfer.purchase_imports import import_purchases
from tests.support.examples import fewer_examples
from tests.support.rule_bases import LAST_QUARTER

COUNTED = [key for key, basis in RULE_BASES.items() if basis.unit == PURCHASES]


@pytest.fixture(params=["database", "memory"])
def any_store(request):
    """The real database, and the one in memory."""
    return request.getfixturevalue("store" if request.param == "database" else "mock_store")


def register(store, staff, customer_id, purchase_amount=0):
    draft = CustomerDraft(
        customer_id=customer_id, customer_name="Somebody", contact_info="a@b.co", purchase_amount=purchase_amount
    )
    return create_customer(store, staff, draft)


def buy(store, staff, customer, times=1, *, days_ago=0, amount="10.00"):
    sold_at = now() - timedelta(days=days_ago, seconds=1)
    draft = PurchaseDraft(amount=Decimal(amount), sold_at=sold_at)
    return [record_sale(store, staff, customer.id, draft).entry for _ in range(times)]


def shop_of_three(store, manager, staff, key):
    """A has five purchases, B four and one that was refunded, C one; what they came with is no purchase."""
    save_rule(store, manager, MembershipRule(threshold=5, threshold_basis=key))
    customers = {name: register(store, staff, name, 900) for name in "ABC"}
    for name, times in {"A": 5, "B": 5, "C": 1}.items():
        sales = buy(store, staff, customers[name], times)
        if name == "B":
            refund_sale(store, staff, sales[0].sale_id, RefundDraft())
    return {name: store.customers.get(customer.id) for name, customer in customers.items()}


@pytest.mark.parametrize("key", COUNTED)
def test_purchases_are_counted_through_preview_activation_what_if_and_demotion(any_store, manager, staff, key):
    store = any_store
    customers = shop_of_three(store, manager, staff, key)

    preview = preview_activation(store, staff, 4)
    assert [(each.customer.customer_id, each.amount) for each in preview.eligible] == [("A", 5), ("B", 4)]
    assert [(each.customer.customer_id, each.amount) for each in preview.near_misses] == [("C", 1)]
    assert (preview.count, preview.purchase_total) == (2, 9)
    found = list_customers(store, staff, CustomerQuery(eligible=True), page=1, limit=10)
    assert [each.customer_id for each in found.items] == ["A"]
    assert membership_status_of(store, staff, customers["B"].id).missing == 1
    compared = compare_thresholds(store, staff, 1)
    assert {each.customer.customer_id for each in compared.gained.first} == {"B", "C"}
    curve = get_curve(store, staff, up_to=Decimal(10))
    assert [(point.threshold, point.members) for point in curve[:5]] == [(1, 3), (2, 2), (3, 2), (4, 2), (5, 1)]
    bins = get_spending_distribution(store, staff)
    assert [each.non_members for each in bins] == [0, 1, 0, 0, 1, 1, 0]

    run = activate_at_threshold(store, staff, 4, plan=plan_activation(store, staff, 4))
    assert (run.changed, run.parameters) == (2, {"threshold": 4.0, "basis": key})
    [change] = store.changes.of_customer(customers["A"].id, limit=1)
    assert change.reason == f"{basis_of(key).title} at or above 4 purchases"
    assert count_below(store, staff) == 1
    offered = preview_demotion(store, manager).offered
    assert [(each.customer.customer_id, each.amount) for each in offered.first] == [("B", 4)]
    assert demote_below_threshold(store, manager, plan_demotion(store, manager)).changed == 1
    [change] = store.changes.of_customer(customers["B"].id, limit=1)
    assert change.reason == f"{basis_of(key).title} below 5 purchases"


@pytest.mark.parametrize("key", COUNTED)
def test_the_purchase_that_reaches_the_number_activates_and_says_so(store, manager, staff, key):
    customers = shop_of_three(store, manager, staff, key)
    save_rule(store, manager, MembershipRule(activate_on_purchase=True))

    recorded = record_sale(store, staff, customers["B"].id, PurchaseDraft(sale_id="S-5", amount=1))

    assert (recorded.activated, recorded.status.amount) == (True, 5)
    [change] = store.changes.of_customer(recorded.customer.id, limit=1)
    assert change.reason == "Sale S-5 brought the total to 5 purchases; the threshold was 5 purchases"
    back = refund_sale(store, staff, "S-5", RefundDraft())
    assert (back.status.is_below, back.status.missing) == (True, 1)


def test_an_import_that_reaches_the_number_activates_and_says_so(store, manager, staff):
    customers = shop_of_three(store, manager, staff, "purchases")
    save_rule(store, manager, MembershipRule(activate_on_purchase=True))
    rows = "".join(f"B,I-{number},2026-01-0{number},3\n" for number in (1, 2))

    file = f"customerId,saleId,date,amount\n{rows}".encode()
    imported = import_purchases(store, manager, file, choices=ImportChoices(opening_balance="keep"))

    [change] = store.changes.of_customer(customers["B"].id, limit=1)
    assert change.reason.endswith("brought the total to 6 purchases; the threshold was 5 purchases")
    assert imported.run.parameters["basis"] == "purchases"


def test_what_is_older_than_the_last_months_does_not_count(store, manager, staff):
    customers = shop_of_three(store, manager, staff, "purchases-last-12-months")
    buy(store, staff, customers["C"], 4, days_ago=400)

    assert membership_status_of(store, staff, customers["C"].id).amount == 1
    save_rule(store, manager, MembershipRule(threshold_basis="purchases"))
    assert membership_status_of(store, staff, customers["C"].id).amount == 5


def test_a_sale_that_was_undone_and_recorded_again_is_refunded_once(store, manager, staff):
    ada = shop_of_three(store, manager, staff, "purchases")["A"]
    again = PurchaseDraft(sale_id="S-1", amount=Decimal(7))
    first = record_sale(store, staff, ada.id, again).entry
    revert_change(store, staff, first.change)
    record_sale(store, staff, ada.id, again)
    refund_sale(store, staff, "S-1", RefundDraft())

    assert membership_status_of(store, staff, ada.id).amount == 5


@pytest.mark.parametrize("threshold", [2.5, 0, -1])
def test_a_number_of_purchases_is_whole_and_more_than_none(store, manager, staff, threshold):
    shop_of_three(store, manager, staff, "purchases")

    for use in (
        lambda: activate_at_threshold(store, staff, threshold),
        lambda: compare_thresholds(store, staff, threshold),
        lambda: save_rule(store, manager, parse(MembershipRule, {"threshold": threshold})),
    ):
        with pytest.raises(InvalidInput, match=r"^Threshold [^.]+\.$"):
            use()
    assert store.shop.get().threshold == 5


def test_a_threshold_has_to_fit_the_basis_that_is_chosen_for_it(store, manager):
    save_rule(store, manager, MembershipRule(threshold=Decimal("99.50")))

    with pytest.raises(InvalidInput, match="must be a whole number of purchases, such as 5"):
        save_rule(store, manager, MembershipRule(threshold_basis="purchases"))
    with pytest.raises(InvalidInput, match="must be more than 0; enter a number such as 5"):
        save_rule(store, manager, MembershipRule(threshold=0, threshold_basis="purchases"))
    assert store.shop.get() == ShopSettings(threshold=Decimal("99.50"))


def test_an_unknown_basis_is_refused_in_one_sentence_when_sent(store):
    with pytest.raises(InvalidInput) as refused:
        parse(MembershipRule, {"thresholdBasis": "visits"})
    assert refused.value.message == f"Basis of the threshold must be one of {', '.join(RULE_BASES)}."


def test_an_unknown_basis_that_is_stored_decides_nothing_is_found_and_can_be_replaced(store, manager, staff, admin):
    shop_of_three(store, manager, staff, "purchases")
    store.connection.database["settings"].update_one({}, {"$set": {"thresholdBasis": "visits"}})

    sentence = (
        "The membership rule counts “visits”, which this Kinso does not know; a manager can choose what counts on the"
        " page Membership."
    )
    with pytest.raises(Conflict) as refused:
        activate_at_threshold(store, staff, 1)
    assert refused.value.message == sentence
    assert sentence in [finding.sentence for finding in check_database(store, admin).findings]
    save_rule(store, manager, MembershipRule(threshold_basis="lifetime"))
    assert preview_activation(store, staff, 900).count == 3


def test_an_entry_is_all_that_another_basis_needs(any_store, manager, staff, admin, monkeypatch):
    store = any_store
    monkeypatch.setitem(RULE_BASES, LAST_QUARTER.key, LAST_QUARTER)
    ada, bo = register(store, staff, "A"), register(store, staff, "B", 5000)
    buy(store, staff, ada, 2, days_ago=30, amount="40.00")
    buy(store, staff, ada, days_ago=120, amount="500.00")
    save_rule(store, manager, parse(MembershipRule, {"threshold": 80, "thresholdBasis": "last-3-months"}))

    assert [each.customer.customer_id for each in preview_activation(store, staff, 80).eligible] == ["A"]
    assert membership_status_of(store, staff, bo.id).missing == 80
    run = activate_at_threshold(store, staff, 80)
    assert (run.changed, run.parameters["basis"]) == (1, "last-3-months")
    [change] = store.changes.of_customer(ada.id, limit=1)
    assert change.reason == "Purchases of the last 3 months at or above 80.00"
    assert membership_status_of(store, staff, ada.id).amount == 80
    assert check_database(store, admin).is_clean


DAYS = st.integers(0, 500)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sale"), st.integers(0, 2), st.integers(0, 5000), DAYS),
        st.tuples(st.just("refund"), st.integers(0, 9), st.sampled_from([30, 100])),
        st.tuples(st.just("undo"), st.integers(0, 30)),
        st.tuples(st.just("trash"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("member"), st.integers(0, 2), st.booleans()),
    ),
    max_size=14,
)


@pytest.mark.slow
@fewer_examples()
@given(steps=STEPS)
def test_every_basis_measures_what_the_ledger_says_after_whatever_was_done(store, manager, staff, connection, steps):
    for name in ("customers", "changes", "memberships", "sales", "trash"):
        connection.database[name].delete_many({})
    # Another store, because one remembers what a shop spent while nothing is written to it.
    store = Store(connection)
    customers = [register(store, staff, f"C-{number}", 100) for number in range(3)]
    for step in steps:
        take(store, manager, customers, step)

    present = [found for each in customers if (found := store.customers.get(each.id))]
    at, shop = now(), store.shop.get()
    for key, basis in RULE_BASES.items():
        rule = rule_of(shop.model_copy(update={"threshold_basis": key}), at)
        since = months_before(at, basis.months, shop.zone) if basis.months else None
        expected = {each.id: oracle(connection, each, basis, since) for each in present}
        assert amounts_that_count(store, rule, present) == expected
        spenders = store.spenders(rule)
        groups = [spenders.totals(group) for group in ("eligible", "excluded", "members")]
        assert sum((total for _, total in groups), Decimal(0)) == sum(expected.values())
        reached = {id for id, amount in expected.items() if amount >= 2}
        told = [spenders.versions(group, at_or_above=Decimal(2)) for group in ("eligible", "excluded", "members")]
        assert {id for versions in told for id in versions} == reached


def oracle(connection, customer, basis, since):
    """By every stored entry of the customer, one after the other."""
    if basis.measure is None:
        return customer.purchase_amount
    entries = list(connection.database["sales"].find({"customer": customer.id, "void": False}))
    sales = {each["saleId"]: each for each in entries if each["kind"] == "sale"}
    left, refunds = Counter(), Counter()
    for each in entries:
        if each["kind"] in ("sale", "refund"):
            sale = each["saleId"] if each["kind"] == "sale" else each["refundOf"]
            left[sale] += round(each["amount"] * 100)
            refunds[sale] += each["kind"] == "refund"
    recent = [id for id, sale in sales.items() if since is None or sale["soldAt"] >= since]
    if basis.unit == MONEY:
        return Decimal(sum(left[id] for id in recent)) / 100
    return Decimal(sum(not refunds[id] or left[id] > 0 for id in recent))


def take(store, manager, customers, step):
    """Whatever cannot be done is refused, and nothing of it may count."""
    kind, *rest = step
    sold = sorted(store.connection.database["sales"].find({"kind": "sale"}), key=lambda each: each["_id"])
    changes = sorted(store.connection.database["changes"].find({}), key=lambda each: each["_id"])
    try:
        match kind, rest:
            case "sale", (whose, cents, days_ago):
                buy(store, manager, customers[whose], days_ago=days_ago, amount=f"{Decimal(cents) / 100}")
            case "refund", (which, percent) if sold:
                sale = sold[which % len(sold)]
                back = round(Decimal(str(sale["amount"])) * percent / 100, 2)
                refund_sale(store, manager, sale["saleId"], RefundDraft(amount=None if percent == 100 else back))
            case "undo", (which,):
                revert_change(store, manager, str(changes[which % len(changes)]["_id"]))
            case "trash", (whose, True):
                delete_customer(store, manager, customers[whose].id)
            case "trash", (whose, False):
                restore_customers(store, manager, [customers[whose].id])
            case "member", (whose, status):
                set_membership(store, manager, customers[whose].id, membership_status=status)
    except (KinsoError, ValidationError):
        pass
