from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.errors import Conflict, InvalidInput, NotPermitted
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import MOST_ERRORS_SHOWN, ImportChoices
from kinso.services.customers.editing import create_customer, delete_customer
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.settings import save_shop_settings
from kinso.services.transfer import purchase_imports
from kinso.services.transfer.purchase_imports import PurchasesRefused, preview_purchases

HEADER = "saleId,customerId,date,amount\n"


def import_purchases(store, actor, source, *rest, **options):
    """On top of what customers came with; the money of both is told apart elsewhere."""
    on_top = ImportChoices(opening_balance="keep")
    return purchase_imports.import_purchases(store, actor, source, *rest, choices=on_top, **options)


@pytest.fixture(autouse=True)
def _everything_still_holds(store, admin):
    yield
    assert check_database(store, admin).findings == []


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="C-001", customer_name="Ada", contact_info="ada@example.com", purchase_amount=5)
    return create_customer(store, staff, draft)


def file(*rows, header=HEADER):
    return (header + "".join(f"{row}\n" for row in rows)).encode()


def amounts(store):
    return {
        customer.customer_id: str(customer.purchase_amount) for customer in store.customers.iterate(CustomerQuery())
    }


def messages(store, actor, source, **options):
    return [str(error) for error in preview_purchases(store, actor, source, **options).errors]


def test_purchases_are_added_to_the_amounts_as_one_run(store, staff, ada):
    source = file("S-1,c-001,2025-01-31,10.50", "S-2,C-001,20250201,0", "S-3,C-001,2025-02-02T10:00Z,1.25")
    result = import_purchases(store, staff, source, file_name="till.csv")
    assert (result.figures.new, result.figures.customers, result.figures.total) == (3, 1, Decimal("11.75"))
    assert amounts(store) == {"C-001": "16.75"}
    assert (result.run.kind, result.run.status, result.run.matched, result.run.changed) == ("purchases", "done", 1, 1)
    [change, _created] = store.changes.of_customer(ada.id, limit=5)
    assert (change.kind, change.reason, change.run) == ("purchase", "3 purchases from “till.csv”", result.run.id)
    sales = list(store.ledger.iterate(LedgerQuery(customer=ada.id, kind="sale")))
    assert [(sale.sale_id, sale.run, sale.change) for sale in sales] == [
        (f"S-{number}", result.run.id, change.id) for number in (3, 2, 1)
    ]


def test_the_only_purchase_of_a_customer_is_named_in_their_history(store, staff, ada):
    import_purchases(store, staff, file("S-1,C-001,2025-01-31,10"))
    [change, _created] = store.changes.of_customer(ada.id, limit=5)
    assert change.reason == "Sale S-1"


def test_a_preview_tells_everything_and_changes_nothing(store, staff, ada):
    source = file("S-1,C-001,2025-01-31,10", "S-2,C-002,2025-02-01,20", "S-3,c-002,2025-02-03,0.50")
    figures = preview_purchases(store, staff, source, unknown="create").figures
    assert (figures.new, figures.recorded, figures.customers, figures.unknown) == (3, 0, 2, 1)
    assert figures.total == Decimal("30.50")
    assert (figures.first_at, figures.last_at) == (datetime(2025, 1, 31, tzinfo=UTC), datetime(2025, 2, 3, tzinfo=UTC))
    assert amounts(store) == {"C-001": "5.00"}
    assert store.runs.recent(limit=5) == []


def test_the_same_file_again_changes_nothing(store, staff, ada):
    source = file("S-1,C-001,2025-01-31,10", "S-2,C-009,2025-02-01,20")
    import_purchases(store, staff, source, unknown="create")
    again = import_purchases(store, staff, source, unknown="create")
    assert (again.run, again.figures.new, again.figures.recorded, again.created) == (None, 0, 2, 0)
    assert amounts(store) == {"C-001": "15.00", "C-009": "20.00"}


def test_a_longer_file_adds_only_what_is_new(store, staff, ada):
    import_purchases(store, staff, file("S-1,C-001,2025-01-31,10"))
    result = import_purchases(store, staff, file("S-1,C-001,2025-01-31,10", "S-2,C-001,2025-02-01,20"))
    assert (result.figures.new, result.figures.recorded, result.figures.total) == (1, 1, Decimal("20.00"))
    assert amounts(store) == {"C-001": "35.00"}


def test_unknown_customers_are_refused_with_their_rows_unless_they_are_to_be_created(store, staff, ada):
    source = file("S-1,C-001,2025-01-31,10", "S-2,C-002,2025-02-01,20")
    assert messages(store, staff, source) == [
        "Row 3: Customer C-002 is not known; register this customer or have unknown ones created."
    ]
    with pytest.raises(PurchasesRefused, match="Nothing was imported, because the file has 1 error;"):
        import_purchases(store, staff, source)
    assert amounts(store) == {"C-001": "5.00"}


def test_a_created_customer_has_the_id_as_name_and_registered_with_the_first_purchase(store, staff):
    result = import_purchases(
        store, staff, file("S-2,Z-1,2025-03-01,2", "S-1,z-1,2025-02-01,1"), unknown="create", file_name="till.csv"
    )
    [created] = store.customers.iterate(CustomerQuery())
    assert (created.customer_id, created.customer_name, created.contact_info) == ("Z-1", "Z-1", "Not known")
    assert created.created_at == datetime(2025, 2, 1, tzinfo=UTC)
    assert (created.purchase_amount, created.version, result.created) == (Decimal("3.00"), 1, 1)
    [change] = store.changes.of_customer(created.id, limit=5)
    assert change.kind == "create"
    assert {sale.kind for sale in store.ledger.iterate(LedgerQuery(customer=created.id))} == {"sale"}


def test_a_created_customer_has_the_name_and_the_contact_that_the_file_tells(store, staff):
    header = "saleId,customerId,date,amount,Customer name,Contact\n"
    source = file("S-1,Z-1,2025-02-01,1,,", 'S-2,Z-1,2025-02-02,1,Zoë,"12 Lake Road"', header=header)
    import_purchases(store, staff, source, unknown="create")
    [created] = store.customers.iterate(CustomerQuery())
    assert (created.customer_name, created.contact_info) == ("Zoë", "12 Lake Road")


def test_a_customer_may_be_created_from_an_id_of_one_character(store, staff):
    import_purchases(store, staff, file("S-1,7,2025-02-01,1"), unknown="create")
    [created] = store.customers.iterate(CustomerQuery())
    assert (created.customer_id, created.customer_name) == ("7", "Customer 7")


def test_a_sale_id_twice_is_an_error_unless_it_is_the_same_purchase(store, staff, ada):
    source = file("S-1,C-001,2025-01-31,10", "S-1,c-001,2025-01-31,10.00", "S-1,C-001,2025-01-31,11")
    plan = preview_purchases(store, staff, source)
    assert [str(error) for error in plan.errors] == [
        "Row 4: Sale ID “S-1” is in row 2 for something else; give one another ID."
    ]
    assert (plan.figures.new, plan.figures.recorded) == (1, 1)


def test_a_sale_id_that_is_recorded_for_something_else_is_an_error(store, staff, ada):
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=10))
    create_customer(store, staff, CustomerDraft(customer_id="C-002", customer_name="Bea", contact_info="Berlin"))
    said = "Sale ID “S-1” is already recorded for something else; give this one another ID."
    assert messages(store, staff, file("S-1,C-001,2025-01-31,10.01")) == [f"Row 2: {said}"]
    assert messages(store, staff, file("S-1,C-002,2025-01-31,10")) == [f"Row 2: {said}"]
    assert preview_purchases(store, staff, file("S-1,C-001,2025-01-31,10")).figures.recorded == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",C-001,2025-01-31,1", "Sale ID is required."),
        ("S-1,,2025-01-31,1", "Customer ID is required."),
        ("S-1,C-001,,1", "Date is required."),
        ("S-1,C-001,2025-01-31,", "Amount is required."),
        ("S-1,C-001,2025-01-31,-1", "Amount cannot be negative; take money back by recording a refund of the sale."),
        (
            "S-1,C-001,2025-01-31,1 pc",
            "Amount “1 pc” is not a plain number; write it like 1250.50.",
        ),
        (
            "S-1,C-001,01/02/2025,1",
            "Date “01/02/2025” can be read in two ways; write it like 2025-01-31, or say whether day or month comes"
            " first.",
        ),
        ("S-1,C-001,2999-01-01,1", "Date “2999-01-01” is not between the year 1900 and now; correct the date."),
        (
            "S-1,C-001,2025-01-31,1,2",
            "The row has more cells than the header; put a text with a delimiter in it between quotes.",
        ),
    ],
)
def test_a_bad_cell_is_told_with_its_row(store, staff, ada, row, said):
    assert messages(store, staff, file("S-0,C-001,2025-01-31,1", row)) == [f"Row 3: {said}"]


def test_all_errors_are_counted_and_the_first_rows_shown(store, staff, ada):
    bad = [f"S-{number},C-001,soon,1" for number in range(2 * MOST_ERRORS_SHOWN)]
    plan = preview_purchases(store, staff, file("S-A,C-404,2025-01-31,1", *bad))
    assert plan.error_count == 2 * MOST_ERRORS_SHOWN + 1
    assert [error.row for error in plan.errors] == list(range(2, MOST_ERRORS_SHOWN + 2))


def test_a_spreadsheet_with_semicolons_and_decimal_commas_is_understood(store, staff, admin, ada):
    save_shop_settings(store, admin, ShopSettings(time_zone="Asia/Dhaka"))
    header = "\ufeffDate;SALE ID;Amount;Customer ID;Payment method;Note;Shoe size\n"
    result = import_purchases(store, staff, file("2025-01-31;S-1;1.250,50;C-001;Card;'=1+1;42", header=header))
    [sale] = store.ledger.iterate(LedgerQuery(customer=ada.id, kind="sale"))
    assert (sale.amount, sale.payment_method, sale.note) == (Decimal("1250.50"), "card", "=1+1")
    assert sale.sold_at == datetime(2025, 1, 30, 18, tzinfo=UTC)
    assert result.ignored_columns == ("Shoe size",)


def test_refunds_belong_to_a_sale_of_the_file_or_of_the_ledger(store, staff, ada):
    sold_at = datetime(2025, 1, 30, tzinfo=UTC)
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=10, sold_at=sold_at))
    header = "saleId,customerId,date,amount,kind,refundOf\n"
    source = file(
        "R-1,C-001,2025-01-31,-4,refund,S-1",
        "R-2,C-001,2025-02-02,-20,refund,S-2",
        "S-2,C-001,2025-02-01,20,sale,",
        header=header,
    )
    import_purchases(store, staff, source)
    assert amounts(store) == {"C-001": "11.00"}
    assert messages(store, staff, file("R-3,C-001,2025-01-31,-7,refund,S-1", header=header)) == [
        "Row 2: More would be refunded of sale “S-1” than the 6.00 that is left of it."
    ]
    assert messages(store, staff, file("R-3,C-001,2025-01-31,-7,refund,S-9", header=header)) == [
        "Row 2: Sale “S-9”, which is refunded here, is no sale of this customer."
    ]
    assert messages(store, staff, file("R-3,C-001,2025-01-31,7,refund,S-1", header=header)) == [
        "Row 2: Amount of a refund must be less than 0, such as -12.50."
    ]


def test_no_amount_falls_below_nothing_or_grows_past_the_largest(store, staff, ada):
    header = "saleId,customerId,date,amount,kind\n"
    assert messages(store, staff, file("A-1,c-001,2025-01-31,-5.01,adjustment", header=header)) == [
        "Row 2: The rows of customer c-001 would bring the purchase amount below 0; check their amounts."
    ]
    assert messages(store, staff, file("S-1,C-001,2025-01-31,999999999999")) == [
        "Row 2: The rows of customer C-001 would bring the purchase amount above 999,999,999,999.99;"
        " check their amounts."
    ]


def test_a_file_of_customers_is_refused_as_a_whole(store, staff):
    with pytest.raises(InvalidInput, match="among them must be Sale ID, Customer ID, Date and Amount"):
        preview_purchases(store, staff, b"customerId,customerName\nC-001,Ada\n")


def test_an_analyst_may_not_import(store, analyst):
    for attempt in (preview_purchases, import_purchases):
        with pytest.raises(NotPermitted):
            attempt(store, analyst, file("S-1,C-001,2025-01-31,1"))


def test_what_was_shown_is_what_is_done(store, staff, ada):
    source = file("S-1,C-001,2025-01-31,10", "S-2,C-001,2025-02-01,20")
    plan = preview_purchases(store, staff, source)
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=10))
    with pytest.raises(Conflict, match="means something else now than when it was checked"):
        import_purchases(store, staff, source, expected=plan)
    assert amounts(store) == {"C-001": "15.00"}
    assert import_purchases(store, staff, source, expected=preview_purchases(store, staff, source)).figures.new == 1


def test_progress_counts_purchases(store, staff, ada):
    told = []
    rows = [f"S-{number},C-001,2025-01-31,0.10" for number in range(2500)]
    import_purchases(store, staff, file(*rows), lambda done, total: told.append((done, total)))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert amounts(store) == {"C-001": "255.00"}
    [run] = store.runs.recent(limit=5)
    assert (run.matched, run.changed) == (1, 1)


def test_a_deleted_customer_is_not_known_any_more(store, manager, ada):
    delete_customer(store, manager, ada.id)
    assert preview_purchases(store, manager, file("S-1,C-001,2025-01-31,1")).figures.unknown == 1


def test_purchases_can_be_refunded_later(store, staff, ada):
    import_purchases(store, staff, file("S-1,C-001,2025-01-31,10"))
    refund_sale(store, staff, "S-1", RefundDraft(amount=3))
    assert amounts(store) == {"C-001": "12.00"}


def test_small_files_are_imported_in_memory_as_well(mock_store, staff, store):
    import_purchases(mock_store, staff, file("S-1,C-001,2025-01-31,1", "S-2,C-002,2025-01-31,2"), unknown="create")
    assert amounts(mock_store) == {"C-001": "1.00", "C-002": "2.00"}
