"""Files of other programs and spreadsheets, with everything that they have instead of what we would write."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.services.customers.editing import create_customer
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import ImportRefused, import_customers, preview_import
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases

MEND = ImportChoices(damaged="mend")


@pytest.fixture(autouse=True)
def _everything_still_holds(store, admin):
    yield
    assert check_database(store, admin).findings == []


def add(store, actor, customer_id, contact="ada@b.com"):
    draft = CustomerDraft(customer_id=customer_id, customer_name="Ada", contact_info=contact)
    return create_customer(store, actor, draft)


def everyone(store):
    return {
        each.customer_id: (each.customer_name, each.purchase_amount, each.membership_status)
        for each in store.customers.iterate(CustomerQuery())
    }


def messages(plan):
    return [str(error) for error in plan.errors]


@pytest.mark.parametrize("delimiter", list(";,\t|"))
def test_the_line_that_tells_excel_the_delimiter_is_no_row(store, staff, delimiter):
    lines = (f"sep={delimiter}", "Customer ID:Customer name:Contact:Amount", "1:Ada:ada@b.com:", "::x:")
    text = "\r\n".join([lines[0], *(line.replace(":", delimiter) for line in lines[1:])])
    plan = preview_import(store, staff, text.encode("utf-8-sig"))
    assert plan.create == 1
    assert messages(plan)[0] == "Row 3 (line 4): Customer ID is required."


def test_titles_above_the_header_are_left_out_and_that_is_said(store, staff):
    file = b"Our shop;;\nAll customers, 31.01.2025;;\n\nCustomer ID;Customer name;Contact\n7;Ada;ada@b.com\n"
    result = import_customers(store, staff, file)
    assert everyone(store) == {"7": ("Ada", 0, False)}
    assert result.notices == ("The names of the columns are in row 4; what stands above them was left out.",)


def test_words_amounts_and_ids_of_other_countries_are_understood(store, staff):
    rows = [
        "A;Käthe;Berlin;1.234,50 €;WAHR",
        "B;Jean;Paris;12,00;oui",
        "C;José;Madrid;৳1250;VERDADERO",
        "D;নাসরিন;Dhaka;১,২৫০.৫০;হ্যাঁ",
        "E;Ann;London;$1,234.50;nein",
    ]
    file = "\n".join(["Customer ID;Customer name;Contact;Purchase amount;Membership", *rows]).encode()
    import_customers(store, staff, file)
    assert {id: (amount, member) for id, (_, amount, member) in everyone(store).items()} == {
        "A": (Decimal("1234.50"), True),
        "B": (Decimal("12.00"), True),
        "C": (Decimal("1250.00"), True),
        "D": (Decimal("1250.50"), True),
        "E": (Decimal("1234.50"), False),
    }


PURCHASES = "saleId;customerId;date;amount;paymentMethod\n"


def sold(store):
    return {sale.sale_id: sale for sale in store.ledger.iterate(LedgerQuery(kind="sale"))}


def test_the_order_of_day_and_month_is_found_from_all_rows(store, staff):
    store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
    file = f"{PURCHASES}1;7;03.04.2024;1;Visa\n2;7;31.01.2024 10:30;1;bar\n3;7;05/05/2024;1;bKash\n".encode()
    import_purchases(store, staff, file, unknown="create")
    assert {id: (sale.sold_at, sale.payment_method) for id, sale in sold(store).items()} == {
        "1": (datetime(2024, 4, 2, 18, tzinfo=UTC), "card"),
        "2": (datetime(2024, 1, 31, 4, 30, tzinfo=UTC), "cash"),
        "3": (datetime(2024, 5, 4, 18, tzinfo=UTC), "mobile"),
    }


def test_a_file_in_which_no_row_tells_the_order_is_refused_until_somebody_does(store, staff):
    file = f"{PURCHASES}1;7;03.04.2024;1;\n2;7;05.06.2024;1;\n".encode()
    plan = preview_purchases(store, staff, file, unknown="create")
    assert plan.needs_date_order
    assert [message[:50] for message in messages(plan)] == [
        "Row 2: Date “03.04.2024” can be read in two ways; ",
        "Row 3: Date “05.06.2024” can be read in two ways; ",
    ]
    months = {}
    for order in ("dmy", "mdy"):
        choices = ImportChoices(date_order=order)
        assert not preview_purchases(store, staff, file, unknown="create", choices=choices).needs_date_order
        again = file.replace(b"\n1;", f"\n{order}-1;".encode()).replace(b"\n2;", f"\n{order}-2;".encode())
        import_purchases(store, staff, again, unknown="create", choices=choices)
        months[order] = {sale.sold_at.month for id, sale in sold(store).items() if id.startswith(order)}
    assert months == {"dmy": {4, 6}, "mdy": {3, 5}}


def test_rows_that_contradict_each_other_leave_the_others_open(store, staff):
    file = f"{PURCHASES}1;7;31.01.2024;1;\n2;7;01/31/2024;1;\n3;7;03.04.2024;1;\n".encode()
    plan = preview_purchases(store, staff, file, unknown="create")
    assert plan.needs_date_order
    assert [error.row for error in plan.errors] == [4]


def test_new_customers_are_dated_in_the_files_order_too(store, staff):
    file = b"customerId,customerName,contactInfo,Registered,Last change\n7,Ada,ada@b.com,3/4/2024,3/31/2024\n"
    import_customers(store, staff, file)
    [ada] = store.customers.iterate(CustomerQuery())
    assert ada.created_at == datetime(2024, 3, 4, tzinfo=UTC)
    open_file = file.replace(b"3/31/2024", b"4/5/2024").replace(b"7,Ada", b"8,Ada")
    assert preview_import(store, staff, open_file).needs_date_order
    assert preview_import(store, staff, open_file, choices=ImportChoices(date_order="dmy")).create == 1


class TestSpoiltBySpreadsheets:
    @pytest.mark.parametrize("spoilt", ["8.80172E+11", "8,80172E+11"])
    def test_a_number_that_lost_its_digits_is_refused_by_name(self, store, staff, spoilt):
        add(store, staff, "C-1")
        file = (
            f"customerId;customerName;contactInfo\n{spoilt};Ada;ada@b.com\nC-1;;{spoilt}\nC-2;Bea;{spoilt}\n".encode()
        )
        assert messages(preview_import(store, staff, file, choices=MEND)) == [
            f"Row {row}: {what} looks damaged by a spreadsheet (scientific notation); type it in full."
            for row, what in ((2, "Customer ID"), (3, "Contact"), (4, "Contact"))
        ]
        purchases = f"{PURCHASES}{spoilt};C-1;2024-01-31;1;\n1;{spoilt};2024-01-31;1;\n".encode()
        plan = preview_purchases(store, staff, purchases, unknown="create")
        assert [(error.row, error.field) for error in plan.errors] == [(2, "saleId"), (3, "customerId")]

    def test_an_id_that_exists_but_for_its_leading_zeros_is_named(self, store, staff):
        known = add(store, staff, "00123")
        file = b"customerId,customerName,contactInfo\n123,Ada Byron,ada@b.com\n"
        plan = preview_import(store, staff, file)
        assert (plan.damaged, messages(plan)) == (
            1,
            [
                "Row 2: Customer ID “123” seems to be “00123”, which a spreadsheet took for a number; write it in full,"
                " or let Kinso mend such cells."
            ],
        )
        with pytest.raises(ImportRefused):
            import_customers(store, staff, file)
        assert import_customers(store, staff, file, choices=MEND).updated == 1
        assert store.customers.get(known.id).customer_name == "Ada Byron"
        plan = preview_purchases(store, staff, f"{PURCHASES}1;123;2024-01-31;1;\n".encode(), unknown="create")
        assert messages(plan) == [
            "Row 2: Customer ID “123” seems to be “00123”, which a spreadsheet took for a number; write it in full."
        ]

    def test_an_id_without_zeros_that_is_there_itself_is_that_one(self, store, staff):
        add(store, staff, "00123")
        add(store, staff, "123")
        assert preview_import(store, staff, b"customerId,customerName\n123,Bea\n00123,Cid\n").update == 2

    @pytest.mark.parametrize("cell", ["1711234567", "1711234567.0", "1.71123E+09"])
    def test_a_phone_that_lost_its_zero_is_named_and_what_is_stored_may_stay(self, store, staff, cell):
        ada = add(store, staff, "C-1", contact="01711234567")
        file = f"customerId,customerName,contactInfo\nC-1,Ada Byron,{cell}\n".encode()
        plan = preview_import(store, staff, file)
        assert (plan.damaged, plan.error_count) == (1, 1)
        assert f"Contact “{cell}” seems to be “01711234567”" in messages(plan)[0]
        result = import_customers(store, staff, file, choices=MEND)
        assert result.notices == ("1 cell that a spreadsheet took for a number was read as what is stored.",)
        now = store.customers.get(ada.id)
        assert (now.customer_name, now.contact_info) == ("Ada Byron", "01711234567")

    def test_an_ordinary_edit_of_a_phone_is_none_of_that(self, store, staff):
        add(store, staff, "C-1", contact="01711234567")
        assert preview_import(store, staff, b"customerId,contactInfo\nC-1,01711234568\n").update == 1


def test_a_file_of_something_else_is_still_refused(store, staff):
    for file in (b"Report\n\nName;Phone\nAda;1\n", b"sep=;\n", b"sep=;\na;b\n"):
        with pytest.raises(InvalidInput, match="must name the columns"):
            preview_import(store, staff, file)


class TestWhoMayBeKnownAlready:
    @pytest.fixture
    def ada(self, store, staff):
        store.shop.save(ShopSettings(country="BD"))
        draft = CustomerDraft(customer_id="C-1", customer_name="Ada Lovelace", contact_info="+8801711234567")
        return create_customer(store, staff, draft)

    def test_new_customers_like_stored_ones_are_listed_and_created_all_the_same(self, store, staff, ada):
        file = (
            b"customerId,customerName,contactInfo\nC-1,Ada Byron,\nN-1,Bea,01711-234567\n"
            b"N-2,Lovelace Ada,a@b.com\nN-3,Cid,c@b.com\n"
        )
        plan = preview_import(store, staff, file)
        assert [str(duplicate) for duplicate in plan.duplicates] == [
            "Row 3: Bea (N-1) may be known already: Ada Lovelace (C-1) has the same phone number.",
            "Row 4: Lovelace Ada (N-2) may be known already: Ada Lovelace (C-1) has the same name.",
        ]
        result = import_customers(store, staff, file)
        assert (result.created, result.duplicate_count) == (3, 2)
        assert import_customers(store, staff, file, expected=preview_import(store, staff, file)).duplicate_count == 0

    def test_customers_created_from_purchases_are_looked_for_as_well(self, store, staff, ada):
        header = "saleId,customerId,date,amount,customerName,contactInfo\n"
        file = f"{header}1,N-1,2025-01-31,1,Lovelace Ada,\n2,N-2,2025-01-31,1,,01711234567\n3,N-3,2025-01-31,1,,\n"
        plan = preview_purchases(store, staff, file.encode(), unknown="create")
        assert [(duplicate.row, duplicate.duplicate.alike) for duplicate in plan.duplicates] == [
            (2, "name"),
            (3, "phone"),
        ]
        import_purchases(store, staff, file.encode(), unknown="create")
        again = file.replace("N-", "M-").replace("\n1,", "\n4,").replace("\n2,", "\n5,").replace("\n3,", "\n6,")
        plan = preview_purchases(store, staff, again.encode(), unknown="create")
        assert [(duplicate.row, duplicate.duplicate.alike) for duplicate in plan.duplicates] == [
            (2, "name"),
            (3, "phone"),
        ]
