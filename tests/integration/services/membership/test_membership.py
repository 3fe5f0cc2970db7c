from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.errors import InvalidInput, KinsoError
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.services.customers.editing import create_customer, get_customer, set_membership, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import list_customers_of_run, list_runs, recover_interrupted
from kinso.services.insights import get_overview, get_statistics
from kinso.services.membership.activation import (
    activate_at_threshold,
    preview_activation,
    set_membership_of_matching,
    set_membership_of_selected,
)
from kinso.services.membership.eligibility import get_spending_distribution

AMOUNTS = ["999.99", "1000.00", "1000.01", "2500.00", "0.00"]


@pytest.fixture
def base(store, staff):
    """Five non-members with the amounts above, and one member."""
    return [
        create_customer(
            store,
            staff,
            CustomerDraft(
                customer_id=f"C-{number}",
                customer_name=f"Name {number}",
                contact_info="shop@shop.com",
                purchase_amount=Decimal(amount),
                membership_status=number == 5,
            ),
        )
        for number, amount in enumerate([*AMOUNTS, "5000.00"])
    ]


def members(store):
    return {customer.customer_id for customer in store.customers.iterate(CustomerQuery(membership_status=True))}


def test_a_preview_shows_exactly_whom_the_threshold_would_activate(store, analyst, base):
    preview = preview_activation(store, analyst, 1000)
    assert [each.customer.customer_id for each in preview.eligible] == ["C-3", "C-2", "C-1"]
    assert [each.customer.customer_id for each in preview.near_misses] == ["C-0", "C-4"]
    assert (preview.count, preview.purchase_total) == (3, Decimal("4500.01"))
    assert preview.share_of_base == pytest.approx(3 / 6)


def test_applying_activates_those_and_records_the_run(store, staff, base):
    seen = []
    run = activate_at_threshold(store, staff, 1000, on_progress=lambda done, total: seen.append((done, total)))
    assert members(store) == {"C-1", "C-2", "C-3", "C-5"}
    assert (run.status, run.matched, run.changed, run.by_name) == ("done", 3, 3, staff.name)
    assert run.parameters == {"threshold": 1000.0}
    assert list_runs(store, staff) == [run]
    assert list(list_customers_of_run(store, staff, run.id)) == ["C-3", "C-2", "C-1"]
    assert seen == [(3, 3)]
    [change, _] = store.changes.of_customer(base[1].id, limit=5)
    assert (change.run, change.before, change.after) == (
        run.id,
        {"membershipStatus": False},
        {"membershipStatus": True},
    )
    assert get_customer(store, staff, base[1].id).version == 2


def test_applying_twice_changes_nobody_the_second_time(store, staff, base):
    activate_at_threshold(store, staff, 1000)
    assert activate_at_threshold(store, staff, 1000).changed == 0


@pytest.mark.parametrize("threshold", [0, -1, True, "1000", None, float("nan"), {"$gt": 0}])
def test_a_threshold_that_would_activate_everyone_or_is_no_number_is_refused(store, staff, base, threshold):
    with pytest.raises(InvalidInput, match="Threshold"):
        activate_at_threshold(store, staff, threshold)
    assert members(store) == {"C-5"}


def test_selected_customers_change_and_those_who_already_are_stay_untouched(store, staff, base):
    run = set_membership_of_selected(store, staff, [base[0].id, base[5].id], membership_status=True)
    assert (run.matched, run.changed) == (2, 1)
    assert members(store) == {"C-0", "C-5"}
    assert get_customer(store, staff, base[5].id).version == 1


def test_everything_that_matches_a_filter_changes(store, staff, base):
    run = set_membership_of_matching(store, staff, CustomerQuery(search="name 5"), membership_status=False)
    assert (run.changed, members(store)) == (1, set())
    assert run.parameters == {"membershipStatus": False, "filter": {"search": "name 5"}}


def test_a_customer_who_changed_after_the_list_was_made_is_not_activated(store, staff, base, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 1)

    def lower_the_last(done, total):
        if done == 1:
            update_customer(store, staff, base[1].id, CustomerPatch(purchase_amount=5))

    run = activate_at_threshold(store, staff, 1000, on_progress=lower_the_last)
    assert (run.matched, run.changed) == (3, 2)
    assert members(store) == {"C-2", "C-3", "C-5"}


def test_a_run_that_fails_half_way_is_undone(store, staff, base, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 1)

    def fail(done, total):
        if done == 2:
            raise KinsoError("The power went out.")

    with pytest.raises(KinsoError, match="power"):
        activate_at_threshold(store, staff, 1000, on_progress=fail)
    assert members(store) == {"C-5"}
    [run] = list_runs(store, staff)
    assert (run.status, run.changed) == ("rolled-back", 2)


def test_a_run_that_a_crash_left_behind_is_undone_but_for_what_was_decided_since(store, staff, base, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 1)
    monkeypatch.setattr(runs, "roll_back", lambda store, run: None)

    def crash(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        activate_at_threshold(store, staff, 1000, on_progress=crash)
    monkeypatch.undo()
    assert members(store) == {"C-2", "C-3", "C-5"}
    store.connection.database["runs"].update_many({}, {"$set": {"worker": "another machine"}})
    assert recover_interrupted(store) == 0
    update_customer(store, staff, base[2].id, CustomerPatch(customer_name="Edited since"))
    for status in (False, True):
        set_membership(store, staff, base[3].id, membership_status=status)
    monkeypatch.setattr(runs, "SILENCE", -timedelta(seconds=1))
    assert recover_interrupted(store) == 1
    assert members(store) == {"C-3", "C-5"}
    assert get_customer(store, staff, base[2].id).customer_name == "Edited since"
    assert list_runs(store, staff)[0].status == "rolled-back"


def test_statistics_are_exact(store, analyst, base):
    statistics = get_statistics(store, analyst)
    assert (statistics.total_customers, statistics.members, statistics.non_members) == (6, 1, 5)
    assert (statistics.total_purchase_amount, statistics.average_purchase_amount) == (
        Decimal("10500.00"),
        Decimal("1750.00"),
    )
    assert statistics.new_customers_this_month == 6
    assert statistics.membership_rate == pytest.approx(1 / 6)


def test_statistics_of_an_empty_shop_are_zero(store, analyst):
    statistics = get_statistics(store, analyst)
    assert (statistics.total_customers, statistics.average_purchase_amount, statistics.membership_rate) == (0, 0, 0)
    assert get_overview(store, analyst).distribution == get_spending_distribution(store, analyst) == []


def test_the_overview_counts_every_customer_once(store, analyst, base):
    overview = get_overview(store, analyst)
    assert sum(month.members + month.non_members for month in overview.months) == 6
    assert (overview.months[-1].members, overview.months[-1].non_members) == (1, 5)
    assert sum(part.members + part.non_members for part in overview.distribution) == 6
