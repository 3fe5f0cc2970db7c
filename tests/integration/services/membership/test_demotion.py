"""Members below the threshold: previewed, planned, demoted as a run, undone; never those made by a person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.errors import Conflict, KinsoError, NotPermitted
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import MembershipRule
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import list_runs
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.membership.activation import (
    activate_at_threshold,
    count_below,
    demote_below_threshold,
    plan_demotion,
    preview_demotion,
)
from kinso.services.membership.eligibility import list_memberships
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.settings import save_rule


@pytest.fixture
def register(store, staff):
    """Registers a non-member who spent an amount today."""

    def register(customer_id, amount):
        draft = CustomerDraft(customer_id=customer_id, customer_name="Somebody", contact_info="shop@shop.com")
        customer = create_customer(store, staff, draft)
        record_sale(store, staff, customer.id, PurchaseDraft(sale_id=f"S-{customer_id}", amount=Decimal(amount)))
        return store.customers.get(customer.id)

    return register


@pytest.fixture(params=["lifetime", "last-12-months"])
def shop(request, store, manager, staff, register):
    """R-1 to R-3 and A-1 became members at 500, then the threshold was raised to 1,000; R-3 reaches it.

    P-1 was made a member by a person; A-1's membership is one that an earlier application left.
    """
    save_rule(store, manager, MembershipRule(threshold=500, threshold_basis=request.param))
    amounts = {"R-1": "600.00", "R-2": "500.00", "R-3": "1000.00", "A-1": "700.00", "P-1": "5.00", "N-1": "6.00"}
    customers = {customer_id: register(customer_id, amount) for customer_id, amount in amounts.items()}
    activate_at_threshold(store, staff, 500)
    set_membership(store, staff, customers["P-1"].id, membership_status=True)
    intervals = store.connection.database["memberships"]
    intervals.update_one({"customer": customers["A-1"].id}, {"$set": {"begun.basis": "adopted"}})
    save_rule(store, manager, MembershipRule(threshold=1000))
    return {name: store.customers.get(customer.id) for name, customer in customers.items()}


def members(store):
    return {customer.customer_id for customer in store.customers.iterate(CustomerQuery(membership_status=True))}


def test_the_preview_offers_whom_the_rule_made_members_and_counts_the_others(store, analyst, shop):
    preview = preview_demotion(store, analyst)

    assert [(each.customer.customer_id, each.amount, each.member_by) for each in preview.offered.first] == [
        ("R-2", Decimal("500.00"), "rule"),
        ("R-1", Decimal("600.00"), "rule"),
    ]
    assert (preview.offered.count, preview.offered.total) == (2, Decimal("1100.00"))
    assert (preview.by_person, preview.adopted) == (1, 1)


def test_members_of_an_earlier_application_are_offered_when_asked_for(store, analyst, shop):
    preview = preview_demotion(store, analyst, adopted=True)

    assert {each.customer.customer_id for each in preview.offered.first} == {"R-1", "R-2", "A-1"}
    assert (preview.by_person, preview.adopted) == (1, 0)


def test_a_demotion_ends_exactly_the_planned_memberships_and_says_why(store, manager, shop):
    run = demote_below_threshold(store, manager, plan_demotion(store, manager))

    assert (run.kind, run.status, run.matched, run.changed) == ("demotion", "done", 2, 2)
    assert run.parameters["threshold"] == 1000
    assert members(store) == {"R-3", "A-1", "P-1"}
    [latest, *_] = list_memberships(store, manager, shop["R-1"].id)
    assert latest.ended.decided_by == "rule"
    assert latest.ended.reason.endswith("below 1,000.00")
    assert not store.customers.get(shop["R-1"].id).excluded


def test_whoever_spends_enough_again_can_be_activated_again(store, manager, staff, shop):
    demote_below_threshold(store, manager, plan_demotion(store, manager))
    record_sale(store, staff, shop["R-1"].id, PurchaseDraft(amount=Decimal("400.00")))

    assert activate_at_threshold(store, staff, 1000).changed == 1
    assert "R-1" in members(store)


def test_undoing_a_demotion_brings_the_memberships_back_as_they_were(store, manager, shop):
    run = demote_below_threshold(store, manager, plan_demotion(store, manager, adopted=True))
    assert members(store) == {"R-3", "P-1"}

    undo_run(store, manager, run.id)

    assert members(store) == {"R-1", "R-2", "R-3", "A-1", "P-1"}
    assert preview_demotion(store, manager).offered.count == 2
    assert preview_demotion(store, manager).adopted == 1


def test_a_membership_that_comes_back_from_the_trash_is_still_one_of_the_rule(store, manager, shop):
    delete_customer(store, manager, shop["R-1"].id)
    assert preview_demotion(store, manager).offered.count == 1
    restore_customers(store, manager, [shop["R-1"].id])

    assert preview_demotion(store, manager).offered.count == 2


def test_a_membership_that_a_person_gave_after_the_demotion_is_theirs(store, manager, staff, shop):
    demote_below_threshold(store, manager, plan_demotion(store, manager))
    set_membership(store, staff, shop["R-1"].id, membership_status=True)

    assert preview_demotion(store, manager).offered.count == 0


def test_a_demotion_of_one_customer_can_be_undone_in_the_history(store, manager, shop):
    demote_below_threshold(store, manager, plan_demotion(store, manager))
    [change] = store.changes.of_customer(shop["R-2"].id, limit=1)

    revert_change(store, manager, change.id)

    assert "R-2" in members(store)
    assert store.memberships.why_members([shop["R-2"].id]) == {shop["R-2"].id: "rule"}


def test_whoever_changed_since_the_plan_stays_a_member_and_is_named(store, manager, staff, shop):
    plan = plan_demotion(store, manager)
    record_sale(store, staff, shop["R-1"].id, PurchaseDraft(amount=Decimal("400.00")))

    run = demote_below_threshold(store, manager, plan)

    assert (run.matched, run.changed) == (2, 1)
    assert [each.customer_id for each in run.exceptions] == ["R-1"]
    assert "R-1" in members(store)


def test_whom_a_person_made_a_member_between_plan_and_run_stays_one(store, manager, staff, shop):
    plan = plan_demotion(store, manager)
    for status in (False, True):
        set_membership(store, staff, shop["R-1"].id, membership_status=status)
    version = store.customers.get(shop["R-1"].id).version
    plan.versions[shop["R-1"].id] = version

    assert demote_below_threshold(store, manager, plan).changed == 1
    assert "R-1" in members(store)


def test_a_plan_for_a_rule_that_is_not_the_present_one_any_more_does_nothing(store, manager, shop):
    plan = plan_demotion(store, manager)
    save_rule(store, manager, MembershipRule(threshold=600))

    with pytest.raises(Conflict, match="rule was changed"):
        demote_below_threshold(store, manager, plan)
    assert members(store) == {"R-1", "R-2", "R-3", "A-1", "P-1"}
    assert [run.kind for run in list_runs(store, manager)] == ["auto-activation"]


def test_two_managers_who_demote_at_once_end_each_membership_once(store, manager, shop):
    plans = [plan_demotion(store, manager) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda plan: demote_below_threshold(store, manager, plan), plans))

    assert sum(run.changed for run in ended) == 2
    assert members(store) == {"R-3", "A-1", "P-1"}
    for name in ("R-1", "R-2"):
        assert len(list_memberships(store, manager, shop[name].id)) == 1
        assert store.customers.get(shop[name].id).version == shop[name].version + 1


def test_a_demotion_that_fails_half_way_is_undone_and_can_be_done_again(store, manager, shop, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 1)

    def fail(done, total):
        raise KinsoError("The power went out.")

    with pytest.raises(KinsoError, match="power"):
        demote_below_threshold(store, manager, plan_demotion(store, manager, adopted=True), on_progress=fail)

    assert members(store) == {"R-1", "R-2", "R-3", "A-1", "P-1"}
    assert list_runs(store, manager)[0].status == "rolled-back"
    assert preview_demotion(store, manager, adopted=True).offered.count == 3


def test_staff_cannot_plan_or_demote(store, staff, manager, shop):
    with pytest.raises(NotPermitted):
        plan_demotion(store, staff)
    with pytest.raises(NotPermitted):
        demote_below_threshold(store, staff, plan_demotion(store, manager))


def test_all_members_below_the_threshold_are_counted_whoever_made_them_so(store, analyst, manager, shop):
    assert count_below(store, analyst) == 4
    save_rule(store, manager, MembershipRule(threshold=600))
    assert count_below(store, analyst) == 2
    save_rule(store, manager, MembershipRule(threshold=1))
    assert count_below(store, analyst) == 0


def test_a_member_who_bought_nothing_is_counted_on_either_basis(store, analyst, manager, staff, shop):
    draft = CustomerDraft(customer_id="Z-1", customer_name="Zoe", contact_info="z@shop.com", membership_status=True)
    create_customer(store, manager, draft)
    assert count_below(store, analyst) == 5


def test_members_who_bought_nothing_this_year_are_below_any_threshold(store, manager, staff, register):
    ada = register("C-1", "0.00")
    update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=2000))
    activate_at_threshold(store, staff, 1000)
    assert preview_demotion(store, manager).offered.count == 0

    save_rule(store, manager, MembershipRule(threshold_basis="last-12-months"))

    [offered] = preview_demotion(store, manager).offered.first
    assert (offered.customer.id, offered.amount) == (ada.id, Decimal("0.00"))
    old = record_sale(store, staff, ada.id, PurchaseDraft(amount=Decimal("9.00"), sold_at=now() - timedelta(days=370)))
    refund_sale(store, staff, old.entry.sale_id, RefundDraft())
    [offered] = preview_demotion(store, manager).offered.first
    assert offered.amount == Decimal("0.00")
