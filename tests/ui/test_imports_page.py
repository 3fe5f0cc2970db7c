"""The import page: a file of purchases or customers is checked, looked at, imported and undone."""

import time
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft
from kinso.models.transfer.plans import MOST_ERRORS_SHOWN
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.history.records import record_of_creation
from kinso.services.history.undo import revert_change
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.exports import export_ledger
from kinso.ui.transfer.decisions import DATE_ORDER, FOR_ALL, MENDED, OPENING
from kinso.ui.transfer.imports import KIND, UNKNOWN, PageSession, file_key
from tests.ui.customers_page import button_keys, press, texts

HEADER = "saleId,customerId,date,amount\n"
FILE = f"{HEADER}S-1,C-001,2025-01-31,10\nS-2,C-002,2025-02-01,20.50\n"


def open_imports(open_page, role=Role.STAFF, kind="purchases"):
    page = open_page("imports", role)
    page.session_state[KIND] = kind
    return page.run()


def choose(page, content, *, kind="purchases", edition=0, name="till.csv"):
    """Put a file in its place and wait until it was checked."""
    uploader = page.file_uploader(key=file_key(kind, PageSession(edition=edition)))
    return settled(uploader.set_value((name, content.encode(), "text/csv")).run())


def settled(page):
    """The page as soon as nothing is under way on it any more."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and ("Checking the file …" in texts(page) or page.get("progress")):
        page.run()
    assert not page.exception
    return page


def figures(page):
    return {metric.label: metric.value for metric in page.metric}


def amounts(store):
    return {each.customer_id: each.purchase_amount for each in store.customers.iterate(CustomerQuery())}


def test_purchases_are_checked_shown_and_imported(open_page, store, admin, add_customer):
    add_customer("C-001")
    page = open_imports(open_page, Role.ADMIN)
    page.session_state[UNKNOWN] = "create"
    choose(page.run(), FILE)
    assert figures(page) == {
        "New purchases": "2",
        "Customers": "2",
        "Not known yet": "1",
        "Total": "$30.50",
    }
    assert "31 Jan 2025 to 1 Feb 2025" in texts(page)
    assert amounts(store) == {"C-001": 0}
    settled(press(page, "import_begin"))
    assert [message.value for message in page.success] == [
        "2 purchases of 2 customers recorded, \\$30\\.50 in all; 1 customer created\\."
    ]
    assert amounts(store) == {"C-001": Decimal(10), "C-002": Decimal("20.50")}
    assert check_database(store, admin).findings == []


def test_the_same_file_again_offers_nothing(open_page, store):
    page = open_imports(open_page)
    page.session_state[UNKNOWN] = "create"
    settled(press(choose(page.run(), FILE), "import_begin"))
    choose(page, FILE, edition=1)
    assert "Nothing to import: every purchase in the file is recorded already." in texts(page)
    assert "import_begin" not in button_keys(page)
    assert not page.success


def test_unknown_customers_are_refused_until_they_are_to_be_created(open_page, store):
    page = choose(open_imports(open_page), FILE)
    assert "The file has 2 errors" in page.error[0].value
    assert "2 customers in it are not known" in page.error[0].value
    assert list(page.dataframe[0].value["Row"]) == [2, 3]
    assert "import_begin" not in button_keys(page)
    settled(page.radio(key=UNKNOWN).set_value("create").run())
    assert "import_begin" in button_keys(page)
    assert amounts(store) == {}


def test_very_many_errors_are_counted_and_the_first_shown(open_page):
    rows = "".join(f"S-{number},C-001,soon,1\n" for number in range(300))
    page = choose(open_imports(open_page), HEADER + rows)
    assert len(page.dataframe[0].value) == MOST_ERRORS_SHOWN
    assert "The first 100 of 300; the header is row 1." in texts(page)


def test_a_file_that_is_none_of_purchases_is_told_in_one_sentence(open_page):
    page = choose(open_imports(open_page), "customerId,customerName\nC-001,Ada\n")
    [message] = [error.value for error in page.error]
    assert "among them must be Sale ID, Customer ID, Date and Amount" in message
    assert not page.metric


def test_what_changed_since_the_check_stops_the_import_and_the_file_is_checked_again(
    open_page, store, staff, add_customer
):
    ada = add_customer("C-001")
    page = choose(open_imports(open_page), f"{HEADER}S-1,C-001,2025-01-31,10\nS-3,C-001,2025-01-31,1\n")
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=10))
    settled(press(page, "import_begin"))
    assert "means something else now" in page.error[0].value
    assert amounts(store) == {"C-001": Decimal(10)}
    assert figures(page)["New purchases"] == "1"
    settled(press(page, "import_begin"))
    assert amounts(store) == {"C-001": Decimal(11)}


def test_a_manager_undoes_the_import_from_here(open_page, store):
    page = open_imports(open_page, Role.MANAGER)
    page.session_state[UNKNOWN] = "create"
    settled(press(choose(page.run(), FILE), "import_begin"))
    [run] = store.runs.recent(limit=5)
    assert f"report_undo_{run.id}" in button_keys(page)


def test_staff_cannot_undo_but_see_what_was_changed(open_page, store):
    page = open_imports(open_page)
    page.session_state[UNKNOWN] = "create"
    settled(press(choose(page.run(), FILE), "import_begin"))
    assert not any("undo_" in key for key in button_keys(page))


def test_customers_are_imported_here_as_well(open_page, store, add_customer):
    add_customer("C-001", customer_name="Before")
    page = open_imports(open_page, kind="customers")
    choose(page, "customerId,customerName,contactInfo\nc-001,After,\nC-002,Bea,Berlin\n", kind="customers")
    assert figures(page) == {"New customers": "1", "Updated": "1", "As they are": "0"}
    settled(press(page, "import_begin"))
    assert [message.value for message in page.success] == ["1 customer created, 1 updated, 0 left as they were\\."]
    names = {each.customer_id: each.customer_name for each in store.customers.iterate(CustomerQuery())}
    assert names == {"C-001": "After", "C-002": "Bea"}


CUSTOMERS = "customerId,customerName,contactInfo,purchaseAmount,version\n"


@pytest.fixture
def changed(store, staff, add_customer):
    """Customers as a file has them that was exported before two of them were changed here."""
    for number in (1, 2, 3):
        customer = add_customer(f"C-00{number}", customer_name=f"Name {number}")
        store.changes.record([record_of_creation(staff, customer)])
        if number < 3:
            update_customer(store, staff, customer.id, CustomerPatch(customer_name=f"Theirs {number}"))
    rows = "".join(f"C-00{number},Mine {number},mine{number}@b.com,,1\n" for number in (1, 2, 3))
    return CUSTOMERS + rows


def names(store):
    return [
        each.customer_name for each in store.customers.iterate(CustomerQuery(sort_by="customerId", sort_order="asc"))
    ]


def is_disabled(page, key="import_begin"):
    return page.button(key=key).disabled


def test_every_change_is_shown_old_and_new_before_it_is_made(open_page, store, add_customer):
    add_customer("C-001", customer_name="Before", purchase_amount=5)
    page = choose(
        open_imports(open_page, kind="customers"),
        "customerId,customerName,contactInfo,purchaseAmount,membershipStatus\nC-001,After,,7.5,yes\nC-002,Bea,Berlin,,\n",
        kind="customers",
    )
    assert page.dataframe[0].value.to_dict("records") == [
        {"Row": 2, "Customer": "C-001", "What": "Customer name", "Now": "Before", "In the file": "After"},
        {"Row": 2, "Customer": "C-001", "What": "Total spent", "Now": "$5.00", "In the file": "$7.50"},
        {"Row": 2, "Customer": "C-001", "What": "Membership", "Now": "Non-member", "In the file": "Member"},
        {"Row": 3, "Customer": "C-002", "What": "New customer", "Now": "", "In the file": "Bea, Berlin"},
    ]
    assert names(store) == ["Before"]


@pytest.mark.parametrize(("side", "expected"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_conflicts_are_shown_and_decided_for_all(open_page, store, changed, side, expected):
    page = choose(open_imports(open_page, kind="customers"), changed, kind="customers")
    assert "2 rows of the file would overwrite what was changed here" in page.warning[0].value
    assert is_disabled(page)
    assert all(text in texts(page) for text in ("Name 1", "Theirs 1", "Mine 1"))
    page.segmented_control(key=FOR_ALL).set_value(side).run()
    settled(press(page, "import_begin"))
    assert names(store) == [f"{expected} 1", f"{expected} 2", "Mine 3"]


def test_conflicts_are_decided_row_by_row(open_page, store, changed):
    page = choose(open_imports(open_page, kind="customers"), changed, kind="customers")
    page.segmented_control(key="import_row_0_2").set_value("mine").run()
    assert is_disabled(page)
    assert "1 row to decide about" in texts(page)
    page.segmented_control(key="import_row_0_3").set_value("theirs").run()
    settled(press(page, "import_begin"))
    assert names(store) == ["Mine 1", "Theirs 2", "Mine 3"]


def test_what_customers_came_with_is_told_and_gives_way_on_a_choice(open_page, store, staff):
    draft = CustomerDraft(customer_id="C-001", customer_name="Ada", contact_info="ada@b.com", purchase_amount=100)
    create_customer(store, staff, draft)
    page = choose(open_imports(open_page), f"{HEADER}S-1,C-001,2025-01-31,80\n")
    assert "1 customer came with a total that holds \\$80\\.00 of these purchases already." in page.warning[0].value
    assert is_disabled(page)
    settled(page.radio(key=OPENING).set_value("give-way").run())
    assert not is_disabled(page)
    settled(press(page, "import_begin"))
    assert amounts(store) == {"C-001": Decimal(100)}
    assert "opening balances of 1 customer lowered by \\$80\\.00" in page.success[0].value


def test_the_order_of_day_and_month_is_asked_for_where_no_row_tells_it(open_page, store, add_customer):
    add_customer("C-001")
    page = choose(open_imports(open_page), f"{HEADER}S-1,C-001,03.04.2024,1\n")
    assert "can be read in two ways" in page.dataframe[0].value["What is wrong"][0]
    settled(page.radio(key=DATE_ORDER).set_value("dmy").run())
    assert "3 Apr 2024" in texts(page)
    settled(page.radio(key=DATE_ORDER).set_value("mdy").run())
    assert "4 Mar 2024" in texts(page)
    settled(press(page, "import_begin"))
    assert amounts(store) == {"C-001": Decimal(1)}


def test_cells_that_a_spreadsheet_spoilt_may_be_read_as_what_is_stored(open_page, store, add_customer):
    add_customer("00123", contact_info="01711234567")
    file = "customerId,customerName,contactInfo\n123,After,1711234567\n"
    page = choose(open_imports(open_page, kind="customers"), file, kind="customers")
    assert "import_begin" not in button_keys(page)
    settled(page.checkbox(key=MENDED).check().run())
    settled(press(page, "import_begin"))
    [customer] = store.customers.iterate(CustomerQuery())
    assert (customer.customer_name, customer.contact_info) == ("After", "01711234567")


def test_new_customers_who_may_be_known_are_listed(open_page, store, add_customer):
    add_customer("C-001", customer_name="Ada Lovelace", contact_info="ada@b.com")
    file = "customerId,customerName,contactInfo\nN-1,Lovelace Ada,other@b.com\n"
    page = choose(open_imports(open_page, kind="customers"), file, kind="customers")
    assert page.dataframe[0].value.to_dict("records") == [
        {"Row": 2, "New": "Lovelace Ada (N-1)", "Known": "Ada Lovelace (C-001)", "Has": "the same name"}
    ]
    assert not is_disabled(page)


def test_a_purchase_that_was_undone_here_asks_before_it_comes_again(open_page, store, staff, add_customer):
    ada = add_customer("C-001")
    sale = record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=10)).entry
    file = b"".join(export_ledger(store, staff, "raw")).decode()
    revert_change(store, staff, sale.change)
    page = choose(open_imports(open_page), file)
    assert "S\\-1, 10\\.00 (row 2)" in texts(page)
    settled(page.segmented_control(key=FOR_ALL).set_value("theirs").run())
    settled(press(page, "import_begin"))
    assert amounts(store) == {"C-001": 0}
