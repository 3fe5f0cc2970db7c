"""A ledger that was exported and comes back: the same moments in any zone, and nothing that was undone since."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.database.preparation import prepare
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.history import HistoryQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.history.changes import export_history
from kinso.services.history.undo import revert_change
from kinso.services.purchases.reading import export_purchases
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.exports import export_ledger
from kinso.services.transfer.purchase_imports import PurchasesUndecided, import_purchases, preview_purchases

pytestmark = pytest.mark.slow

ZONES = ["Asia/Dhaka", "America/New_York", "UTC"]
NIGHT = [datetime(2025, 11, 2, hour, minute, 15, 123000, tzinfo=UTC) for hour in (4, 5, 6, 7) for minute in (0, 30)]
"""In New York the clocks are put back at 6:00 UTC."""


@pytest.fixture
def ada(store, manager):
    draft = CustomerDraft(customer_id="C-1", customer_name="Ada", contact_info="ada@b.com")
    return create_customer(store, manager, draft)


def ledger(store, actor, flavour="excel"):
    return b"".join(export_ledger(store, actor, flavour))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("flavour", ["excel", "raw"])
def test_the_same_moments_come_back_in_any_zone(store, staff, manager, ada, new_database, flavour, zone):
    store.shop.save(ShopSettings(time_zone=zone))
    for number, moment in enumerate(NIGHT):
        record_sale(store, manager, ada.id, PurchaseDraft(sale_id=f"S-{number}", amount=1, sold_at=moment))
    data = ledger(store, staff, flavour)
    plan = preview_purchases(store, staff, data)
    assert (plan.figures.new, plan.figures.recorded, plan.error_count) == (0, len(NIGHT), 0)
    connection = new_database()
    prepare(connection)
    other = Store(connection)
    other.shop.save(ShopSettings(time_zone=zone))
    one = b"".join(export_purchases(store, staff, ada.id, flavour))
    assert preview_purchases(other, staff, one, unknown="create").figures.new == len(NIGHT)
    import_purchases(other, staff, data, unknown="create")
    assert sorted(sale.sold_at for sale in other.ledger.iterate(LedgerQuery(kind="sale"))) == NIGHT


def test_dates_for_spreadsheets_are_the_days_of_the_shop(store, staff, manager, ada):
    store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
    record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-1", amount=1, sold_at="2025-11-01"))
    assert b",2025-11-01 00:00:00,sale,1.00" in ledger(store, staff)
    assert b",2025-10-31T18:00:00.000Z,sale,1.00" in ledger(store, staff, "raw")
    assert b"2025-11-01 00:00:00,S-1,sale,1.00" in b"".join(export_purchases(store, staff, ada.id))
    at = store.changes.of_customer(ada.id, limit=1)[0].at.astimezone(store.shop.get().zone)
    told = b"".join(export_history(store, staff, HistoryQuery()))
    assert at.strftime("%Y-%m-%d %H:%M:%S").encode() in told


def test_a_date_that_a_spreadsheet_shows_otherwise_is_still_exact(store, staff, manager, ada, new_database):
    store.shop.save(ShopSettings(time_zone="America/New_York"))
    record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-1", amount=1, sold_at=NIGHT[4]))
    record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-2", amount=1, sold_at="2025-03-04T10:15"))
    data = (
        ledger(store, staff)
        .replace(b"2025-11-02 01:00:15", b"11/2/2025 1:00")
        .replace(b"2025-03-04 10:15:00", b"3/4/2025 10:15")
    )
    connection = new_database()
    prepare(connection)
    other = Store(connection)
    import_purchases(other, staff, data, unknown="create")
    assert sorted(sale.sold_at for sale in other.ledger.iterate(LedgerQuery(kind="sale"))) == [
        datetime(2025, 3, 4, 15, 15, tzinfo=UTC),
        NIGHT[4],
    ]


def test_a_purchase_that_was_undone_since_does_not_silently_come_back(store, staff, manager, admin, ada):
    kept = record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-1", amount=10))
    gone = record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-2", amount=20)).entry
    data = ledger(store, staff)
    revert_change(store, manager, gone.change)
    plan = preview_purchases(store, staff, data)
    assert [(each.row, each.file) for each in plan.conflicts] == [(3, "S-2, 20.00")]
    assert (plan.undecided_rows, plan.figures.recorded, plan.figures.new) == (1, 1, 0)
    with pytest.raises(PurchasesUndecided, match="1 purchase in it was undone here"):
        import_purchases(store, staff, data)
    assert import_purchases(store, staff, data, choices=ImportChoices(conflicts="theirs")).run is None
    assert store.customers.get(ada.id).purchase_amount == 10
    assert import_purchases(store, staff, data, choices=ImportChoices(conflicts="mine")).figures.new == 1
    assert store.customers.get(ada.id).purchase_amount == 30
    assert store.ledger.get("S-1").id == kept.entry.id
    assert check_database(store, admin).findings == []


def test_a_ledger_comes_back_unchanged_although_its_customer_has_another_id_now(store, staff, manager, ada):
    record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-1", amount=10))
    refund_sale(store, manager, "S-1", RefundDraft(amount=Decimal("2.50")))
    data = ledger(store, staff)
    update_customer(store, manager, ada.id, CustomerPatch(customer_id="OTHER-1"))
    plan = preview_purchases(store, staff, data)
    assert (plan.figures.recorded, plan.error_count) == (2, 0)
