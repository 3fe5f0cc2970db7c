"""Runs that were cut off, in whatever state: they are undone once, wholly, and nobody else is hindered."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from bson import ObjectId

from kinso.database.connection import connect
from kinso.errors import BeingImported, Conflict, NotFound, NotPermitted
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import recover_interrupted, roll_back, stop_run
from kinso.services.history.trash import erase_person, restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.membership.activation import set_membership_of_matching
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import import_customers
from tests.support.power_cut import PowerCut

AT_ONCE = timedelta(0)


@pytest.fixture
def base(store, manager):
    return [create(store, manager, f"C-{number}") for number in range(8)]


@pytest.fixture
def cut_off(cut_off, monkeypatch):
    """With batches of two."""
    monkeypatch.setattr(runs, "BATCH", 2)
    return cut_off


def create(store, actor, customer_id):
    draft = CustomerDraft(customer_id=customer_id, customer_name="Ann", contact_info="ann@shop.com")
    return create_customer(store, actor, draft)


def members(store):
    return {customer.customer_id for customer in store.customers.iterate(CustomerQuery(membership_status=True))}


def make_members(store, actor, progress=runs.ignore_progress):
    return set_membership_of_matching(store, actor, CustomerQuery(), membership_status=True, on_progress=progress)


def latest(store):
    return store.runs.recent(limit=1)[0]


def assert_clean(store, admin):
    assert check_database(store, admin).findings == []


def test_a_run_that_is_undone_by_another_process_ends_with_a_conflict(store, manager, admin, base, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 2)

    def progress(done, total):
        if done == 4:
            assert recover_interrupted(store, -timedelta(seconds=1)) == 1

    with pytest.raises(Conflict, match="stopped meanwhile"):
        make_members(store, manager, progress)
    assert members(store) == set()
    assert latest(store).status == "rolled-back"
    assert_clean(store, admin)


def test_a_run_that_is_undone_after_its_last_batch_is_not_done(store, manager, admin, base):
    def progress(done, total):
        assert recover_interrupted(store, -timedelta(seconds=1)) == 1

    with pytest.raises(Conflict, match="stopped meanwhile"):
        make_members(store, manager, progress)
    assert members(store) == set()
    assert latest(store).status == "rolled-back"
    assert_clean(store, admin)


def test_a_run_that_may_not_end_is_undone(store, manager, admin, base):
    def refuse(run):
        raise Conflict("Somebody else was quicker.")

    change = runs.MembershipChange(
        status=True, excluded=False, reason=None, applies_to=lambda customers: {customer.id for customer in customers}
    )
    with (
        pytest.raises(Conflict, match="quicker"),
        runs.running(store, manager, "bulk-membership", {}, 8, on_done=refuse) as run,
    ):
        runs.set_membership_of_each(store, manager, run, {customer.id: None for customer in base}, change)
    assert members(store) == set()
    assert latest(store).status == "rolled-back"
    assert_clean(store, admin)


def test_a_process_that_is_still_at_work_adds_nothing_to_a_run_that_is_being_undone(store, manager, base):
    def progress(done, total):
        store.runs.begin_reverting(latest(store).id, now())
        with pytest.raises(Conflict, match="stopped meanwhile"):
            store.transact(lambda: runs.record_batch(store, latest(store), []))
        assert not store.runs.finish(latest(store).id, now())

    with pytest.raises(Conflict):
        make_members(store, manager, progress)


def test_undoing_can_be_cut_off_itself_and_goes_on_where_it_was(store, manager, admin, base, cut_off, monkeypatch):
    cut_off(lambda progress: make_members(store, manager, progress), after=6)
    run, revert_batch, batches = latest(store), runs.revert_and_report, []

    def cut_in_the_second(*arguments, **options):
        batches.append(arguments)
        if len(batches) == 2:
            raise PowerCut
        return revert_batch(*arguments, **options)

    with monkeypatch.context() as crash:
        crash.setattr(runs, "revert_and_report", cut_in_the_second)
        with pytest.raises(PowerCut):
            roll_back(store, run)
    assert len(members(store)) == 4
    assert recover_interrupted(store, AT_ONCE) == 1
    assert members(store) == set()
    assert (latest(store).status, latest(store).exceptions) == ("rolled-back", [])
    assert_clean(store, admin)


def test_two_processes_take_the_same_run_back_at_once(store, settings, manager, admin, base, cut_off):
    cut_off(lambda progress: make_members(store, manager, progress), after=6)
    run, others = latest(store), [Store(connect(settings)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        reverted = list(pool.map(lambda other: roll_back(other, run), others))
    for other in others:
        other.connection.close()
    assert sum(reverted) == 6
    store.mirror.catch_up()
    assert members(store) == set()
    assert latest(store).exceptions == []
    assert_clean(store, admin)


def test_what_was_decided_since_is_named_by_a_run_that_was_undone(store, manager, admin, base, cut_off):
    cut_off(lambda progress: make_members(store, manager, progress), after=4)
    changed = sorted(members(store))
    for status in (False, True):
        set_membership(store, manager, store.customers.get_by_customer_id(changed[0]).id, membership_status=status)
    delete_customer(store, manager, store.customers.get_by_customer_id(changed[1]).id)
    recover_interrupted(store, AT_ONCE)
    assert {(each.customer_id, each.outcome, each.reason) for each in latest(store).exceptions} == {
        (changed[0], "kept", "membership changed again since"),
        (changed[1], "kept", "was deleted since"),
    }
    assert members(store) == {changed[0]}
    assert_clean(store, admin)


def test_an_id_that_was_given_away_does_not_keep_a_run_from_being_undone(store, manager, admin, cut_off):
    file = b"customerId,customerName,contactInfo\nN-1,New,new@shop.com\nN-2,New,new@shop.com\nN-3,New,new@shop.com\n"
    imported = import_customers(store, manager, file).run
    cut_off(lambda progress: undo_run(store, manager, imported.id, on_progress=progress), after=2)
    gone = {"N-1", "N-2", "N-3"} - {found.customer_id for found in store.customers.iterate(CustomerQuery())}
    taken = sorted(gone)[0]
    create(store, manager, taken.lower())
    assert recover_interrupted(store, AT_ONCE) == 1
    assert [(each.customer_id, each.outcome) for each in latest(store).exceptions] == [(taken, "failed")]
    assert {found.customer_id for found in store.customers.iterate(CustomerQuery())} == {
        taken.lower(),
        *({"N-1", "N-2", "N-3"} - {taken}),
    }
    assert_clean(store, admin)


def test_a_run_whose_undo_was_cut_off_can_be_undone_again(store, manager, admin, base, cut_off):
    run = make_members(store, manager)
    cut_off(lambda progress: undo_run(store, manager, run.id, on_progress=progress), after=2)
    assert store.runs.get(run.id).undone_by == latest(store).id
    with pytest.raises(Conflict, match="already"):
        undo_run(store, manager, run.id)
    recover_interrupted(store, AT_ONCE)
    assert store.runs.get(run.id).undone_by is None
    assert undo_run(store, manager, run.id).changed == 8
    assert members(store) == set()
    assert_clean(store, admin)


def test_two_people_who_undo_the_same_run_at_once_undo_it_once(store, settings, manager, admin, base):
    run, others, undone = make_members(store, manager), [Store(connect(settings)) for _ in range(2)], []

    def undo(other):
        with suppress(Conflict):
            undone.append(undo_run(other, manager, run.id))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(undo, others))
    for other in others:
        other.connection.close()
    [undo_of_it] = undone
    assert (undo_of_it.changed, undo_of_it.exceptions) == (8, [])
    assert store.runs.get(run.id).undone_by == undo_of_it.id
    assert_clean(store, admin)


def test_which_runs_are_in_force_stays_right_through_undos_of_undos(store, manager, admin, base):
    chain = [make_members(store, manager)]
    for number in range(5):
        chain.append(undo_run(store, manager, chain[-1].id))
        in_force = [store.runs.get(run.id).undone_by is None for run in chain]
        expected = [(number + 1 - place) % 2 == 0 for place in range(number + 2)]
        assert in_force == expected
        assert bool(members(store)) is in_force[0]
    for earlier, remaining in ((chain[3], 8), (chain[0], 0)):
        undo = undo_run(store, manager, earlier.id)
        assert (undo.changed, undo.exceptions, len(members(store))) == (8, [], remaining)
    assert_clean(store, admin)


def test_a_registration_that_was_undone_and_brought_back_can_be_undone_again(store, manager, admin):
    file = b"customerId,customerName,contactInfo\nN-1,New,new@shop.com\n"
    imported = import_customers(store, manager, file).run
    for _ in range(2):
        undo = undo_run(store, manager, imported.id)
        assert (undo.changed, undo.exceptions, store.trash.count()) == (1, [], 1)
        back = undo_run(store, manager, undo.id)
        assert (back.changed, back.exceptions, store.trash.count()) == (1, [], 0)
    assert_clean(store, admin)


def test_a_customer_who_was_deleted_again_since_is_not_brought_back(store, manager, admin, base):
    file = b"customerId,customerName,contactInfo\nN-1,New,new@shop.com\n"
    undo = undo_run(store, manager, import_customers(store, manager, file).run.id)
    [found] = store.trash.latest(limit=1)
    restore_customers(store, manager, [found.id])
    delete_customer(store, manager, found.id)
    again = undo_run(store, manager, undo.id)
    assert [(each.outcome, each.reason) for each in again.exceptions] == [("kept", "was deleted again or erased since")]
    assert store.customers.get_by_customer_id("N-1") is None
    assert_clean(store, admin)


def test_a_run_that_cannot_be_undone_does_not_keep_others_from_it(store, manager, base, cut_off, connection, caplog):
    cut_off(lambda progress: make_members(store, manager, progress), after=4)
    bad = latest(store)
    connection.database["changes"].update_many({"run": bad.id}, {"$set": {"before": "damaged"}})
    cut_off(lambda progress: load_samples(store, manager, 6, progress), after=2)
    good = latest(store)
    assert recover_interrupted(store, AT_ONCE) == 1
    assert [store.runs.get(run.id).status for run in (bad, good)] == ["running", "rolled-back"]
    assert f"Run {bad.id} was interrupted and cannot be undone" in caplog.text


def test_a_run_of_a_clock_that_was_far_ahead_is_undone_too(store, manager, base, cut_off, connection):
    cut_off(lambda progress: make_members(store, manager, progress), after=4)
    ahead = {"$set": {"heartbeatAt": now() + timedelta(days=1)}}
    connection.database["runs"].update_one({"_id": ObjectId(latest(store).id)}, ahead)
    assert recover_interrupted(store) == 1
    assert members(store) == set()


NEW_MEMBERS = b"customerId,customerName,contactInfo,membershipStatus,purchaseAmount\n" + b"".join(
    b"N-%d,New,new@shop.com,true,5\n" % number for number in range(6)
)


def test_an_interrupted_import_leaves_nobody_behind_but_the_history(store, manager, admin, base, cut_off):
    before = now()
    cut_off(lambda progress: import_customers(store, manager, NEW_MEMBERS, progress), after=4)
    [created] = store.changes.of_customer(store.customers.get_by_customer_id("N-0").id, limit=5)
    assert recover_interrupted(store, AT_ONCE) == 1
    assert (store.customers.count(CustomerQuery()), store.trash.count()) == (len(base), 0)
    assert store.connection.database["sales"].count_documents({"customer": created.customer}) == 0
    assert store.memberships.count_at([before, created.at, now()]) == [0, 0, 0]
    [removed, _] = store.changes.of_customer(created.customer, limit=5)
    assert (removed.kind, removed.undoes, removed.source) == ("delete", created.id, "system")
    assert removed.reason == "The bulk change was not finished"
    assert (latest(store).status, latest(store).exceptions) == ("rolled-back", [])
    assert_clean(store, admin)
    with pytest.raises(Conflict, match="N-0 is not in the trash any more"):
        revert_change(store, manager, removed.id)
    assert import_customers(store, manager, NEW_MEMBERS).run.changed == 6
    assert_clean(store, admin)


def test_taking_an_import_back_can_be_cut_off_and_leaves_nobody_behind(
    store, manager, admin, base, cut_off, monkeypatch
):
    cut_off(lambda progress: import_customers(store, manager, NEW_MEMBERS, progress), after=6)
    revert_batch, batches = runs.revert_and_report, []

    def cut_in_the_second(*arguments, **options):
        batches.append(arguments)
        if len(batches) == 2:
            raise PowerCut
        return revert_batch(*arguments, **options)

    with monkeypatch.context() as crash:
        crash.setattr(runs, "revert_and_report", cut_in_the_second)
        with pytest.raises(PowerCut):
            roll_back(store, latest(store))
    assert store.customers.count(CustomerQuery()) == len(base) + 4
    assert recover_interrupted(store, AT_ONCE) == 1
    assert (store.customers.count(CustomerQuery()), store.trash.count()) == (len(base), 0)
    assert latest(store).exceptions == []
    assert_clean(store, admin)


def test_whom_an_unfinished_import_registered_nobody_edits_so_nobody_stays(store, manager, admin, cut_off):
    cut_off(lambda progress: import_customers(store, manager, NEW_MEMBERS, progress), after=4)
    for customer in list(store.customers.iterate(CustomerQuery())):
        with pytest.raises(BeingImported):
            update_customer(store, manager, customer.id, CustomerPatch(contact_info="called her"))
    recover_interrupted(store, AT_ONCE)
    assert members(store) == set()
    assert latest(store).exceptions == []
    assert_clean(store, admin)


def test_whom_an_interrupted_undo_of_an_undo_brought_back_is_in_the_trash_again(store, manager, admin, cut_off):
    undo = undo_run(store, manager, import_customers(store, manager, NEW_MEMBERS).run.id)
    cut_off(lambda progress: undo_run(store, manager, undo.id, on_progress=progress), after=4)
    assert recover_interrupted(store, AT_ONCE) == 1
    assert (store.customers.count(CustomerQuery()), store.trash.count()) == (0, 6)
    assert_clean(store, admin)
    again = undo_run(store, manager, undo.id)
    assert (again.changed, again.exceptions, store.trash.count()) == (6, [], 0)
    assert members(store) == {f"N-{number}" for number in range(6)}
    assert_clean(store, admin)


def test_who_was_erased_since_is_not_brought_back_by_the_undo_of_an_undo(store, manager, admin):
    undo = undo_run(store, manager, import_customers(store, manager, NEW_MEMBERS).run.id)
    alias = erase_person(store, manager, store.trash.latest(limit=1)[0].id)
    again = undo_run(store, manager, undo.id)
    assert [(each.customer_id, each.outcome) for each in again.exceptions] == [(alias, "kept")]
    assert (again.changed, store.trash.count()) == (5, 1)
    assert_clean(store, admin)


def test_a_run_can_be_stopped_from_elsewhere_and_whoever_works_on_it_takes_it_back(
    store, manager, admin, base, monkeypatch
):
    monkeypatch.setattr(runs, "BATCH", 2)

    def progress(done, total):
        if done == 4:
            stop_run(store, admin, latest(store).id)

    with pytest.raises(Conflict, match="stopped meanwhile"):
        make_members(store, manager, progress)
    assert (latest(store).status, members(store)) == ("rolled-back", set())
    assert_clean(store, admin)


def test_a_stopped_run_that_nobody_works_on_any_more_is_undone_by_kinso(store, manager, admin, base, cut_off):
    cut_off(lambda progress: make_members(store, manager, progress), after=4)
    stop_run(store, manager, latest(store).id)
    assert recover_interrupted(store, AT_ONCE) == 1
    assert (latest(store).status, members(store)) == ("rolled-back", set())
    assert_clean(store, admin)


def test_one_stops_ones_own_runs_and_those_of_others_with_the_permission_to_undo(
    store, staff, manager, analyst, base, cut_off
):
    cut_off(lambda progress: make_members(store, manager, progress), after=2)
    with pytest.raises(NotPermitted):
        stop_run(store, analyst, latest(store).id)
    with pytest.raises(NotPermitted):
        stop_run(store, staff, latest(store).id)
    stop_run(store, manager, latest(store).id)
    recover_interrupted(store, AT_ONCE)
    with pytest.raises(Conflict, match="has ended already"):
        stop_run(store, manager, latest(store).id)
    cut_off(lambda progress: make_members(store, staff, progress), after=2)
    stop_run(store, staff, latest(store).id)
    recover_interrupted(store, AT_ONCE)
    assert members(store) == set()
    with pytest.raises(NotFound):
        stop_run(store, manager, "0" * 24)
