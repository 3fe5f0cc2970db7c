"""A clock that jumps: what happened keeps its order, is undone exactly, and nobody is locked out for good."""

import sys
from datetime import timedelta

import pytest

from kinso.errors import Conflict, NotSignedIn
from kinso.models.accounts import NewUser, Role
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.repository import documents
from kinso.services.accounts.sign_in import resume, sign_in
from kinso.services.accounts.users import create_user
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import recover_interrupted
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.membership.eligibility import list_memberships
from kinso.services.shop.checks import check_database

DAY = timedelta(days=1)


@pytest.fixture
def set_clock(monkeypatch):
    """Puts the clock of this process ahead (or back) of the real time."""
    real, shift = documents.now, [timedelta(0)]
    for name, module in list(sys.modules.items()):
        if name.startswith("kinso.") and getattr(module, "now", None) is real:
            monkeypatch.setattr(module, "now", lambda: real() + shift[0])

    def jump(to):
        shift[0] = to

    return jump


@pytest.fixture
def base(store, manager):
    return [create(store, manager, number) for number in range(5)]


def create(store, actor, number):
    return create_customer(
        store,
        actor,
        CustomerDraft(
            customer_id=f"C-{number}", customer_name="Ann", contact_info="a@shop.com", purchase_amount=number * 100
        ),
    )


def state(store):
    return {
        customer.id: customer.model_dump(exclude={"version", "updated_at"})
        for customer in store.customers.iterate(CustomerQuery())
    }


def assert_clean(store, admin):
    assert check_database(store, admin).findings == []


@pytest.mark.parametrize("first_jump", [DAY, -DAY])
def test_history_and_memberships_keep_their_order(store, manager, admin, base, set_clock, first_jump):
    ann = base[1]
    set_membership(store, manager, ann.id, membership_status=True)
    for jump in (first_jump, -first_jump, timedelta(0)):
        set_clock(jump)
        for status in (False, True):
            set_membership(store, manager, ann.id, membership_status=status)
        update_customer(store, manager, ann.id, CustomerPatch(customer_name=f"Ann at {jump}"))
        delete_customer(store, manager, ann.id)
        restore_customers(store, manager, [ann.id])
    set_membership(store, manager, ann.id, membership_status=False)
    history = store.changes.of_customer(ann.id, limit=100)
    assert [change.version for change in history] == sorted((change.version for change in history), reverse=True)
    assert [change.kind for change in history][:4] == ["membership", "restore", "delete", "edit"]
    assert len(list_memberships(store, manager, ann.id)) == 7
    assert_clean(store, admin)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_run_and_a_change_are_undone_exactly(store, manager, admin, base, set_clock, jump):
    before = state(store)
    run = activate_at_threshold(store, manager, 200)
    set_clock(jump)
    undo = undo_run(store, manager, run.id)
    assert (undo.changed, undo.exceptions, state(store)) == (3, [], before)
    update_customer(store, manager, base[0].id, CustomerPatch(customer_name="Bea"))
    set_clock(-jump)
    revert_change(store, manager, store.changes.of_customer(base[0].id, limit=1)[0].id)
    assert state(store) == before
    assert_clean(store, admin)


def test_what_was_changed_by_a_clock_behind_is_still_seen_as_changed_since(store, manager, base, set_clock):
    update_customer(store, manager, base[0].id, CustomerPatch(customer_name="Bea"))
    change = store.changes.of_customer(base[0].id, limit=1)[0]
    set_clock(-DAY)
    update_customer(store, manager, base[0].id, CustomerPatch(customer_name="Cara"))
    with pytest.raises(Conflict, match="customer name changed again since"):
        revert_change(store, manager, change.id)


def test_a_clock_that_jumps_ahead_during_a_run_leaves_nothing_half_done(
    store, manager, admin, base, set_clock, monkeypatch
):
    monkeypatch.setattr(runs, "BATCH", 1)
    before = state(store)

    def progress(done, total):
        set_clock(DAY)
        recover_interrupted(store)

    with pytest.raises(Conflict, match="start it again"):
        activate_at_threshold(store, manager, 200, on_progress=progress)
    assert state(store) == before
    assert activate_at_threshold(store, manager, 200).changed == 3
    assert_clean(store, admin)


def test_sessions_survive_a_small_jump_and_a_large_one_only_asks_to_sign_in_again(store, admin, set_clock):
    create_user(
        store, admin, NewUser(email="ada@shop.com", name="Ada", role=Role.STAFF, password="long enough, really")
    )

    def signed_in():
        return sign_in(store, "ada@shop.com", "long enough, really", "10.0.0.1").session.id

    session = signed_in()
    for jump in (-DAY, timedelta(hours=6)):
        set_clock(jump)
        assert resume(store, session).name == "Ada"
    set_clock(10 * DAY)
    with pytest.raises(NotSignedIn):
        resume(store, session)
    later = signed_in()
    set_clock(timedelta(0))
    assert resume(store, later).name == "Ada"
    assert resume(store, signed_in()).name == "Ada"
