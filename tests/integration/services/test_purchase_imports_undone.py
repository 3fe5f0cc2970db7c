"""The way back from an import of purchases, and the memberships that it begins."""

from decimal import Decimal

import pytest

from kinso.errors import DuplicateCustomerId
from kinso.models.customer import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.sale import SaleDraft, SaleQuery
from kinso.models.shop import ShopSettings
from kinso.services.checks import check_database
from kinso.services.customers import create_customer, update_customer
from kinso.services.purchase_imports import import_purchases, rehearse_purchases
from kinso.services.runs import BATCH
from kinso.services.sales import record_sale
from kinso.services.shop import save_shop_settings
from kinso.services.trash import restore_customers
from kinso.services.undo import undo_run
from tests.support.cdnow import EXTRACT, WHOLE, purchases_csv, totals

HEADER = "saleId,customerId,date,amount\n"
KNOWN, BOTH = (
    "C-KNOWN",
    f"{HEADER}S-1,C-KNOWN,2025-01-31,60\nS-2,C-NEW,2025-02-01,70\nS-3,C-SMALL,2025-02-01,1\n".encode(),
)


@pytest.fixture(autouse=True)
def _everything_still_holds(store, admin):
    yield
    assert check_database(store, admin).findings == []


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id=KNOWN, customer_name="Ada", contact_info="ada@example.com", purchase_amount=5)
    return create_customer(store, staff, draft)


@pytest.fixture
def activating(store, admin):
    save_shop_settings(store, admin, ShopSettings(threshold=Decimal(65), activate_on_purchase=True))


def imported(store, actor, source=BOTH):
    return import_purchases(store, actor, source, unknown="create", file_name="till.csv")


def state(store):
    everyone = store.customers.iterate(CustomerQuery())
    return {each.customer_id: (str(each.purchase_amount), each.membership_status) for each in everyone}


def purchases(store):
    return {sale.sale_id for sale in store.sales.iterate(SaleQuery(kind="sale"))}


def test_undo_takes_off_exactly_what_was_added(store, manager, ada):
    run = imported(store, manager).run
    record_sale(store, manager, ada.id, SaleDraft(sale_id="T-1", amount=7))
    undo = undo_run(store, manager, run.id)
    assert state(store) == {KNOWN: ("12.00", False)}
    assert purchases(store) == {"T-1"}
    assert (undo.matched, undo.changed, undo.exception_count) == (3, 3, 0)


def test_after_the_undo_the_file_can_be_imported_again(store, manager, ada):
    before = imported(store, manager).figures
    after = state(store)
    undo_run(store, manager, store.runs.recent(limit=1)[0].id)
    assert imported(store, manager).figures == before
    assert state(store) == after
    with pytest.raises(DuplicateCustomerId):
        restore_customers(store, manager, [store.trash.latest(limit=1)[0].id])
    assert rehearse_purchases(store, manager, BOTH).figures.recorded == 3


@pytest.mark.usefixtures("activating")
def test_undoing_the_undo_brings_everything_back(store, manager, ada):
    run = imported(store, manager).run
    after = state(store)
    undo = undo_run(store, manager, run.id)
    assert state(store) == {KNOWN: ("5.00", False)}
    again = undo_run(store, manager, undo.id)
    assert state(store) == after == {KNOWN: ("65.00", True), "C-NEW": ("70.00", True), "C-SMALL": ("1.00", False)}
    assert purchases(store) == {"S-1", "S-2", "S-3"}
    assert (undo.changed, again.changed, again.exception_count) == (3, 3, 0)
    undo_run(store, manager, again.id)
    assert state(store) == {KNOWN: ("5.00", False)}
    assert rehearse_purchases(store, manager, BOTH, unknown="create").error_count == 0


@pytest.mark.usefixtures("activating")
def test_purchases_that_reach_the_threshold_begin_memberships_with_their_reason(store, manager, ada):
    result = imported(store, manager)
    assert result.activated == 2
    assert (result.run.matched, result.run.changed) == (3, 3)
    [activation, purchase, _created] = store.changes.of_customer(ada.id, limit=5)
    assert (activation.kind, activation.run, purchase.kind) == ("membership", result.run.id, "purchase")
    assert activation.reason == "Purchases from “till.csv” brought the total to 65.00; the threshold was 65.00"
    [interval] = store.connection.database["memberships"].find({"customer": ada.id})
    assert (interval["begun"]["basis"], interval["begun"]["reason"]) == ("rule", activation.reason)


@pytest.mark.usefixtures("activating")
def test_a_person_decided_non_member_stays_one(store, manager, ada):
    for status in (True, False):
        update_customer(store, manager, ada.id, CustomerPatch(membership_status=status))
    imported(store, manager)
    assert state(store)[KNOWN] == ("65.00", False)


def test_only_the_last_twelve_months_count_where_the_shop_says_so(store, manager, admin, ada):
    save_shop_settings(
        store,
        admin,
        ShopSettings(threshold=Decimal(65), activate_on_purchase=True, threshold_basis="last-12-months"),
    )
    import_purchases(store, manager, f"{HEADER}S-1,C-KNOWN,1997-01-01,500\n".encode())
    assert state(store) == {KNOWN: ("505.00", False)}


@pytest.mark.usefixtures("activating")
def test_a_membership_that_somebody_ended_since_is_left_alone(store, manager, ada):
    run = imported(store, manager).run
    update_customer(store, manager, ada.id, CustomerPatch(membership_status=False))
    undo = undo_run(store, manager, run.id)
    assert state(store) == {KNOWN: ("5.00", False)}
    assert [(each.customer_id, each.reason) for each in undo.exceptions] == [(KNOWN, "membership changed again since")]


def test_a_created_customer_who_bought_again_stays_with_everything(store, manager):
    run = imported(store, manager).run
    [new] = [each for each in store.customers.iterate(CustomerQuery()) if each.customer_id == "C-NEW"]
    record_sale(store, manager, new.id, SaleDraft(sale_id="T-1", amount=1))
    undo = undo_run(store, manager, run.id)
    assert state(store) == {"C-NEW": ("71.00", False)}
    assert [(each.customer_id, each.outcome) for each in undo.exceptions] == [("C-NEW", "kept")]


@pytest.mark.usefixtures("activating")
def test_more_customers_than_one_transaction_takes_come_and_go_in_order(store, manager):
    count = 2 * BATCH + 100
    rows = "".join(f"S-{number},C-{number:04},2025-01-31,{number % 130}\n" for number in range(count))
    result = imported(store, manager, (HEADER + rows).encode())
    assert result.run.changed == result.created == count
    assert result.activated == sum(number % 130 >= 65 for number in range(count))
    undo = undo_run(store, manager, result.run.id)
    assert (undo.changed, undo.exception_count, state(store)) == (count, 0, {})


def test_a_customer_with_very_many_purchases_is_undone_as_well(store, manager, ada):
    rows = "".join(f"S-{number},{id},2025-01-31,0.01\n" for number, id in enumerate([KNOWN, "C-NEW"] * 1500))
    result = imported(store, manager, (HEADER + rows).encode())
    assert (result.run.matched, result.run.changed) == (2, 2)
    assert state(store) == {KNOWN: ("20.00", False), "C-NEW": ("15.00", False)}
    undo = undo_run(store, manager, result.run.id)
    assert (undo.changed, state(store)) == (2, {KNOWN: ("5.00", False)})


@pytest.mark.parametrize("sample", [EXTRACT, WHOLE], ids=["extract", "whole"])
def test_real_purchases_come_to_the_cent_once_and_go_again(store, manager, sample):
    if not sample.exists():
        pytest.skip(f"the CDNOW sample is not at {sample}")
    result = imported(store, manager, purchases_csv(sample))
    expected = totals(sample)
    found = {each.customer_id: each.purchase_amount for each in store.customers.iterate(CustomerQuery())}
    assert found == expected
    assert result.figures.total == sum(expected.values())
    assert imported(store, manager, purchases_csv(sample)).run is None
    undo_run(store, manager, result.run.id)
    assert state(store) == {}
