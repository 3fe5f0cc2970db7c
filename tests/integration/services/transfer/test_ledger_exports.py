"""The whole ledger as a file, and back into an empty shop."""

import csv
import io
from decimal import Decimal

import pytest

from kinso.database.preparation import prepare
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft, PurchaseItem, RefundDraft
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.exports import export_ledger
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases


@pytest.fixture
def ada(store, staff):
    """Somebody with one entry of every kind."""
    draft = CustomerDraft(customer_id="=C-1", customer_name="Ada, “A”", contact_info="+880 171", purchase_amount=5)
    ada = create_customer(store, staff, draft)
    record_sale(
        store,
        staff,
        ada.id,
        PurchaseDraft(
            sale_id="+S-1",
            items=[PurchaseItem(name="=CD", unit_price=9.995)],
            discount=Decimal("0.01"),
            payment_method="card",
            note="=SUM(A1)",
        ),
    )
    refund_sale(store, staff, "+S-1", RefundDraft(sale_id="R-1", amount=0.99, note="scratched"))
    update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=3))
    return store.customers.get(ada.id)


@pytest.fixture
def empty(mongodb_uri, new_database):
    """Another shop, without anybody."""
    connection = new_database()
    prepare(connection)
    return Store(connection)


def exported(store, actor, flavour="excel"):
    return b"".join(export_ledger(store, actor, flavour))


def rows(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def amounts(store):
    everyone = store.customers.iterate(CustomerQuery())
    return {each.customer_id: each.purchase_amount for each in everyone if each.purchase_amount}


def test_every_entry_is_a_row_and_they_add_up_to_the_purchase_amount(store, analyst, ada):
    found = rows(exported(store, analyst, "raw"))
    assert [(row["kind"], row["amount"], row["refundOf"]) for row in found] == [
        ("opening", "5.00", ""),
        ("sale", "9.99", ""),
        ("refund", "-0.99", "+S-1"),
        ("adjustment", "-11.00", ""),
    ]
    assert sum(Decimal(row["amount"]) for row in found) == ada.purchase_amount
    assert (found[1]["saleId"], found[1]["customerId"], found[1]["note"]) == ("+S-1", "=C-1", "=SUM(A1)")
    assert (found[1]["paymentMethod"], found[1]["recordedBy"]) == ("card", "Staff Person")
    assert (found[1]["items"], found[1]["discount"], found[1]["surcharge"]) == ("=CD at 9.995", "0.01", "")


def test_for_excel_what_looks_like_a_formula_is_harmless(store, analyst, ada):
    found = rows(exported(store, analyst))[1]
    assert [found[name] for name in ("saleId", "customerId", "contactInfo", "items", "note")] == [
        "'+S-1",
        "'=C-1",
        "'+880 171",
        "'=CD at 9.995",
        "'=SUM(A1)",
    ]


def test_an_empty_shop_that_imports_it_has_the_same_amounts_and_purchases(store, staff, admin, ada, empty):
    load_samples(store, admin, 300)
    data = exported(store, staff)
    result = import_purchases(empty, staff, data, unknown="create", file_name="purchases.csv")
    assert amounts(empty) == amounts(store)
    assert rows(exported(empty, staff)) != []

    def facts(data):
        wanted = ("saleId", "customerId", "customerName", "contactInfo", "date", "kind", "amount", "refundOf", "note")
        return sorted(tuple(row[name] for name in wanted) for row in rows(data))

    assert facts(exported(empty, staff)) == facts(data)
    assert result.figures.new == len(rows(data))
    assert check_database(empty, admin).findings == []


def test_importing_it_where_it_came_from_changes_nothing(store, staff, ada):
    figures = preview_purchases(store, staff, exported(store, staff)).figures
    assert (figures.new, figures.recorded, figures.unknown) == (0, 4, 0)


def test_what_does_not_count_is_not_in_it(store, manager, ada):
    delete_customer(store, manager, ada.id)
    assert rows(exported(store, manager)) == []
