"""An import of purchases while others work, and one that is cut off."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.database.connection import connect
from kinso.errors import Conflict, DatabaseUnavailable, ImportUnderWay
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import recover_interrupted
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.settings import save_shop_settings
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases
from tests.support.power_cut import PowerCut

pytestmark = pytest.mark.slow

COUNT, FIRST_BATCH = 700, 300
KNOWN = range(0, COUNT, 7)
ON_TOP = ImportChoices(opening_balance="keep")


@pytest.fixture(autouse=True)
def _everything_still_holds(settings, connection, admin):
    yield
    with closing(connect(settings)) as anew:
        assert check_database(Store(anew), admin).findings == []


@pytest.fixture
def known(store, staff):
    """Customers whom the file names, the first of them at its beginning, the last one at its end."""
    drafts = [
        CustomerDraft(customer_id=id_of(number), customer_name="Ada", contact_info="known", purchase_amount=5)
        for number in KNOWN
    ]
    return {draft.customer_id: create_customer(store, staff, draft) for draft in drafts}


def id_of(number):
    return f"C-{number:04}"


def file_of(count=COUNT):
    rows = "".join(f"S-{number},{id_of(number)},2025-01-31,80\n" for number in range(count))
    return f"saleId,customerId,date,amount\n{rows}".encode()


def imported(store, actor, progress=runs.ignore_progress):
    return import_purchases(store, actor, file_of(), progress, unknown="create", choices=ON_TOP, file_name="till.csv")


def after_first_batch(act):
    """A progress function that lets someone else act between the first batch and the second."""

    def progress(done, total):
        if done == FIRST_BATCH:
            act()

    return progress


def amounts(store):
    return {each.customer_id: each.purchase_amount for each in store.customers.iterate(CustomerQuery())}


def assert_nothing_was_imported(store, *, but_for=()):
    expected = {id_of(number): Decimal(5) for number in KNOWN}
    assert {id: amount for id, amount in amounts(store).items() if id not in but_for} == {
        id: amount for id, amount in expected.items() if id not in but_for
    }
    assert store.runs.recent(limit=1)[0].status == "rolled-back"
    assert not [sale for sale in store.ledger.iterate(LedgerQuery(kind="sale")) if sale.sale_id.startswith("S-")]


def test_a_purchase_and_an_edit_before_the_import_comes_to_a_customer_are_kept_beside_what_is_imported(
    store, staff, known
):
    late = known[id_of(KNOWN[-1])]

    def sell_and_edit():
        record_sale(store, staff, late.id, PurchaseDraft(sale_id="T-1", amount=7))
        update_customer(store, staff, late.id, CustomerPatch(contact_info="by someone else"))

    assert imported(store, staff, after_first_batch(sell_and_edit)).run.status == "done"
    now = store.customers.get(late.id)
    assert (now.purchase_amount, now.contact_info) == (Decimal(92), "by someone else")


def test_a_customer_registered_meanwhile_stops_the_import_and_all_of_it_is_undone(store, staff, known):
    taken = id_of(COUNT - 1)

    def register():
        create_customer(store, staff, CustomerDraft(customer_id=taken, customer_name="Theirs", contact_info="theirs"))

    with pytest.raises(Conflict, match=f"{taken} was registered by someone else .* Nothing was imported"):
        imported(store, staff, after_first_batch(register))
    assert_nothing_was_imported(store, but_for=[taken])


def test_a_customer_deleted_meanwhile_stops_the_import(store, manager, known):
    gone = id_of(KNOWN[-1])
    with pytest.raises(Conflict, match=f"{gone} was deleted by someone else"):
        imported(store, manager, after_first_batch(lambda: delete_customer(store, manager, known[gone].id)))
    assert_nothing_was_imported(store, but_for=[gone])


def test_a_sale_id_used_meanwhile_stops_the_import(store, staff, known):
    late = known[id_of(KNOWN[-1])]

    def sell():
        record_sale(store, staff, late.id, PurchaseDraft(sale_id=f"T-{COUNT}", amount=1))
        record_sale(store, staff, late.id, PurchaseDraft(sale_id=f"S-{COUNT - 1}", amount=1))

    with pytest.raises(Conflict, match=f"“S-{COUNT - 1}” is already recorded by someone else since .* again"):
        imported(store, staff, after_first_batch(sell))
    assert amounts(store)[late.customer_id] == Decimal(7)
    assert store.runs.recent(limit=1)[0].status == "rolled-back"


def test_an_amount_lowered_meanwhile_is_added_to_as_it_is_now(store, staff, known):
    late = known[id_of(KNOWN[-1])]
    imported(
        store,
        staff,
        after_first_batch(lambda: update_customer(store, staff, late.id, CustomerPatch(purchase_amount=1))),
    )
    assert store.customers.get(late.id).purchase_amount == Decimal(81)


def test_ctrl_c_undoes_what_was_imported_and_the_file_can_be_imported_again(store, staff, known):
    def press():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported(store, staff, after_first_batch(press))
    assert_nothing_was_imported(store)
    assert store.trash.count() == 0
    assert imported(store, staff).figures.new == COUNT


def test_what_a_crash_left_half_done_is_undone_with_the_memberships(store, staff, admin, known, monkeypatch):
    save_shop_settings(store, admin, ShopSettings(threshold=Decimal(80), activate_on_purchase=True))

    def crash():
        raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr(runs, "roll_back", lambda store, run: None)
        with pytest.raises(PowerCut):
            imported(store, staff, after_first_batch(crash))
    assert store.customers.count(CustomerQuery(membership_status=True)) == FIRST_BATCH
    assert recover_interrupted(store, timedelta(0)) == 1
    assert_nothing_was_imported(store)
    assert store.customers.count(CustomerQuery(membership_status=True)) == 0
    assert imported(store, staff).activated == COUNT


def test_a_database_that_goes_away_is_told_with_what_happens_to_the_half_that_was_done(store, staff, known, settings):
    with pytest.raises(DatabaseUnavailable, match="undone as soon as"):
        imported(store, staff, after_first_batch(store.connection.close))
    with closing(connect(settings)) as connection:
        anew = Store(connection)
        assert recover_interrupted(anew, timedelta(0)) == 1
        assert_nothing_was_imported(anew)


def test_the_same_file_imported_by_two_at_once_is_recorded_once(store, staff, known, settings):
    with closing(connect(settings)) as other, ThreadPoolExecutor(2) as pool:
        attempts = [pool.submit(imported, each, staff) for each in (store, Store(other))]
        problems = [error for attempt in attempts if (error := attempt.exception())]
    assert len(problems) <= 1
    assert all(isinstance(problem, Conflict) for problem in problems)
    assert preview_purchases(store, staff, file_of()).figures.recorded == COUNT
    assert {amounts(store)[id_of(number)] for number in KNOWN} == {Decimal(85)}


def test_two_files_for_the_same_customers_take_turns_and_add_up(store, staff, known, settings):
    def sold(till, each):
        rows = "".join(f"{till}-{number},{id_of(number)},2025-01-31,0.10\n" for number in KNOWN)
        while True:
            with suppress(ImportUnderWay):
                source = f"saleId,customerId,date,amount\n{rows}".encode()
                return import_purchases(each, staff, source, choices=ON_TOP)

    with closing(connect(settings)) as other, ThreadPoolExecutor(2) as pool:
        done = [pool.submit(sold, till, each) for till, each in (("A", store), ("B", Store(other)))]
        assert [attempt.result().run.changed for attempt in done] == [len(KNOWN)] * 2
    store.mirror.catch_up()
    assert set(amounts(store).values()) == {Decimal("5.20")}
