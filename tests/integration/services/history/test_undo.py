from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import Conflict, NotFound
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import list_runs
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import activate_at_threshold, plan_activation, set_membership_of_matching
from kinso.services.transfer.customer_imports import import_customers
from tests.support.examples import fewer_examples


@pytest.fixture
def base(store, staff):
    return [
        create_customer(
            store,
            staff,
            CustomerDraft(
                customer_id=f"C-{number}", customer_name="Ann", contact_info="a@shop.com", purchase_amount=number * 100
            ),
        )
        for number in range(6)
    ]


def state(store):
    """Everything about all customers but what every write moves on."""
    return {
        customer.id: customer.model_dump(exclude={"version", "updated_at"})
        for customer in store.customers.iterate(CustomerQuery())
    }


def members(store):
    return {customer.customer_id for customer in store.customers.iterate(CustomerQuery(membership_status=True))}


def test_an_undone_run_leaves_everyone_as_before_and_undoing_the_undo_brings_it_back(store, manager, base):
    before = state(store)
    run = activate_at_threshold(store, manager, 300)
    activated = state(store)
    done = []
    undo = undo_run(store, manager, run.id, on_done=done.append)
    assert (undo.kind, undo.status, undo.changed, undo.exceptions) == ("undo", "done", 3, [])
    assert [(each.id, each.changed) for each in done] == [(undo.id, 3)]
    assert state(store) == before
    assert store.runs.get(run.id).undone_by == undo.id
    undo_run(store, manager, undo.id)
    assert state(store) == activated
    assert store.runs.get(run.id).undone_by is None


def test_what_was_decided_since_is_kept_and_reported_and_other_edits_stay(store, manager, base):
    run = activate_at_threshold(store, manager, 300)
    for status in (False, True):
        set_membership(store, manager, base[3].id, membership_status=status)
    update_customer(store, manager, base[4].id, CustomerPatch(customer_name="Bea"))
    delete_customer(store, manager, base[5].id)
    undo = undo_run(store, manager, run.id)
    assert (undo.changed, undo.exception_count) == (1, 2)
    assert {(each.customer_id, each.outcome, each.reason) for each in undo.exceptions} == {
        ("C-3", "kept", "membership changed again since"),
        ("C-5", "kept", "was deleted since"),
    }
    assert members(store) == {"C-3"}
    assert store.customers.get(base[4].id).customer_name == "Bea"


def test_a_run_is_undone_once_and_only_when_it_is_done(store, manager, base):
    run = activate_at_threshold(store, manager, 300)
    undo_run(store, manager, run.id)
    with pytest.raises(Conflict, match="already"):
        undo_run(store, manager, run.id)
    with pytest.raises(NotFound):
        undo_run(store, manager, "0" * 24)


def test_an_undone_import_takes_new_customers_to_the_trash_and_gives_old_values_back(store, manager, base):
    before = state(store)
    file = b"customerId,customerName,contactInfo,purchaseAmount\nC-1,Changed,new@shop.com,9\nN-1,New,new@shop.com,5\n"
    run = import_customers(store, manager, file).run
    assert len(state(store)) == 7
    imported = state(store)
    undo = undo_run(store, manager, run.id)
    assert state(store) == before
    assert [found.customer.customer_id for found in store.trash.latest(limit=5)] == ["N-1"]
    undo_run(store, manager, undo.id)
    assert state(store) == imported


def test_whom_an_import_registered_and_somebody_edited_stays_as_a_whole(store, manager, base):
    file = b"customerId,customerName,contactInfo,purchaseAmount\nN-1,New,new@shop.com,5\n"
    run = import_customers(store, manager, file).run
    new = store.customers.get_by_customer_id("N-1")
    update_customer(store, manager, new.id, CustomerPatch(contact_info="later@shop.com"))
    undo = undo_run(store, manager, run.id)
    assert [(each.customer_id, each.outcome, each.reason) for each in undo.exceptions] == [
        ("N-1", "kept", "was edited since")
    ]
    assert (undo.changed, store.customers.get(new.id).purchase_amount) == (0, 5)


def test_of_an_undone_import_only_what_was_changed_since_stays(store, manager, base):
    file = b"customerId,customerName,contactInfo,purchaseAmount,membershipStatus\nC-1,Eve,new@shop.com,900,true\n"
    run = import_customers(store, manager, file).run
    update_customer(store, manager, base[1].id, CustomerPatch(contact_info="later@shop.com"))
    undo = undo_run(store, manager, run.id)
    found = store.customers.get(base[1].id)
    assert (found.customer_name, found.contact_info, found.purchase_amount) == ("Ann", "later@shop.com", 100)
    assert not found.membership_status
    assert [(each.customer_id, each.outcome, each.reason) for each in undo.exceptions] == [
        ("C-1", "kept", "contact changed again since; the rest was undone")
    ]
    assert undo.changed == 1
    undo_run(store, manager, undo.id)
    again = store.customers.get(base[1].id)
    assert (again.customer_name, again.contact_info, again.purchase_amount) == ("Eve", "later@shop.com", 900)
    assert again.membership_status


def test_an_amount_that_was_typed_since_stays_while_the_rest_of_an_import_is_undone(store, manager, base):
    file = b"customerId,customerName,contactInfo,purchaseAmount\nC-1,Eve,new@shop.com,900\n"
    run = import_customers(store, manager, file).run
    update_customer(store, manager, base[1].id, CustomerPatch(purchase_amount=950))
    undo = undo_run(store, manager, run.id)
    found = store.customers.get(base[1].id)
    assert (found.customer_name, found.purchase_amount) == ("Ann", 950)
    assert [each.reason for each in undo.exceptions] == ["total spent changed again since; the rest was undone"]


def test_an_id_that_was_given_away_meanwhile_is_reported_and_the_rest_is_undone(store, manager, base):
    file = b"customerId,customerName,contactInfo\nN-1,New,new@shop.com\nN-2,New,new@shop.com\n"
    undo = undo_run(store, manager, import_customers(store, manager, file).run.id)
    create_customer(store, manager, CustomerDraft(customer_id="n-1", customer_name="Other", contact_info="o@shop.com"))
    again = undo_run(store, manager, undo.id)
    reason = "cannot get its old ID back, because another customer has it now"
    assert [(each.customer_id, each.outcome, each.reason) for each in again.exceptions] == [("N-1", "failed", reason)]
    assert again.changed == 1
    assert store.customers.get_by_customer_id("N-1").customer_name == "Other"
    assert store.customers.get_by_customer_id("N-2").customer_name == "New"


def test_an_undo_that_fails_half_way_is_undone(store, manager, base, monkeypatch):
    run = activate_at_threshold(store, manager, 100)
    activated = state(store)
    monkeypatch.setattr(runs, "BATCH", 2)

    def fail(done, total):
        if done == 4:
            raise RuntimeError("The power went out.")

    with pytest.raises(RuntimeError):
        undo_run(store, manager, run.id, on_progress=fail)
    assert state(store) == activated
    assert store.runs.get(run.id).undone_by is None
    assert list_runs(store, manager)[0].status == "rolled-back"


def test_a_plan_binds_the_run_to_what_was_previewed(store, manager, base):
    plan = plan_activation(store, manager, 300)
    update_customer(store, manager, base[3].id, CustomerPatch(contact_info="new@shop.com"))
    update_customer(store, manager, base[0].id, CustomerPatch(purchase_amount=5000))
    run = activate_at_threshold(store, manager, 300, plan=plan)
    assert members(store) == {"C-4", "C-5"}
    assert [(each.customer_id, each.reason) for each in run.exceptions] == [("C-3", "was changed by someone meanwhile")]


def test_a_rule_never_overrules_a_person_who_ended_a_membership(store, manager, base):
    set_membership(store, manager, base[5].id, membership_status=True)
    set_membership(store, manager, base[5].id, membership_status=False)
    plan = plan_activation(store, manager, 300)
    assert base[5].id not in plan.versions
    activate_at_threshold(store, manager, 300)
    assert members(store) == {"C-3", "C-4"}
    set_membership(store, manager, base[5].id, membership_status=True)
    assert members(store) == {"C-3", "C-4", "C-5"}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("activate"), st.sampled_from([100, 300, 450])),
        st.tuples(st.just("deactivate"), st.sampled_from(["C-2", "C-", "nobody"])),
        st.tuples(st.just("import"), st.sampled_from([b"C-1,X1,xx@shop.com,450,true", b"Z-9,Z9,zz@shop.com,20,false"])),
        st.tuples(st.just("undo"), st.integers(0, 3)),
    ),
    max_size=5,
)


@pytest.mark.slow
@fewer_examples()
@given(steps)
def test_undoing_the_latest_run_always_restores_exactly_what_was_before_it(store, manager, connection, steps):
    for name in ("customers", "changes", "runs", "memberships", "trash"):
        connection.database[name].delete_many({})
    for number in range(5):
        draft = CustomerDraft(
            customer_id=f"C-{number}", customer_name="Ann", contact_info="a@shop.com", purchase_amount=number * 150
        )
        create_customer(store, manager, draft)
    done = []
    for action, value in steps:
        before = state(store)
        run = do(store, manager, action, value, done)
        if run is None:
            continue
        done.append(run.id)
        after = state(store)
        undo = undo_run(store, manager, run.id)
        assert state(store) == before
        undo_run(store, manager, undo.id)
        assert state(store) == after


def do(store, manager, action, value, done):
    if action == "activate":
        return activate_at_threshold(store, manager, value)
    if action == "deactivate":
        return set_membership_of_matching(store, manager, CustomerQuery(search=value), membership_status=False)
    if action == "import":
        header = b"customerId,customerName,contactInfo,purchaseAmount,membershipStatus\n"
        return import_customers(store, manager, header + value).run
    if value < len(done) and store.runs.get(done[value]).undone_by is None:
        return undo_run(store, manager, done[value])
    return None


def test_a_customer_restored_from_the_trash_is_as_before(store, manager, base):
    before = state(store)
    delete_customer(store, manager, base[1].id)
    delete_customer(store, manager, base[2].id)
    restored = restore_customers(store, manager, [base[1].id, base[2].id])
    assert {customer.version for customer in restored} == {2}
    assert state(store) == before
    assert [change.kind for change in store.changes.of_customer(base[1].id, limit=5)] == ["restore", "delete", "create"]
    assert Decimal("100.00") == store.customers.get(base[1].id).purchase_amount
