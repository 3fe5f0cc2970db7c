from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.errors import InvalidInput, NotPermitted
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.transfer.plans import MOST_ERRORS_SHOWN
from kinso.services.customers.editing import create_customer
from kinso.services.transfer.customer_imports import ImportRefused, import_customers, preview_import

HEADER = "customerId,customerName,contactInfo,purchaseAmount,membershipStatus\n"


def add(store, actor, customer_id, name="Ada Lovelace", contact="ada@example.com", **values):
    draft = CustomerDraft(customer_id=customer_id, customer_name=name, contact_info=contact, **values)
    return create_customer(store, actor, draft)


def everyone(store):
    found = store.customers.iterate(CustomerQuery(sort_by="customerId", sort_order="asc"))
    return [
        (item.customer_id, item.customer_name, item.contact_info, str(item.purchase_amount), item.membership_status)
        for item in found
    ]


def messages(store, actor, source):
    return [str(error) for error in preview_import(store, actor, source).errors]


def test_new_customers_are_created_and_known_ones_updated_as_one_run(store, staff):
    add(store, staff, "C-001", purchase_amount=5)
    file = f"{HEADER}c-001,Ada Byron,,10.50,yes\nC-002,নাসরিন আক্তার,nasrin@example.com,0,false\n".encode()
    result = import_customers(store, staff, file, file_name="customers.csv")
    assert (result.created, result.updated, result.unchanged) == (1, 1, 0)
    assert everyone(store) == [
        ("C-001", "Ada Byron", "ada@example.com", "10.50", True),
        ("C-002", "নাসরিন আক্তার", "nasrin@example.com", "0.00", False),
    ]
    assert (result.run.kind, result.run.status, result.run.matched, result.run.changed) == ("import", "done", 2, 2)
    assert result.run.parameters == {"file": "customers.csv", "create": 1, "update": 1}
    kinds = {change.customer_id: (change.kind, change.before) for change in store.changes.of_run(result.run.id)}
    assert kinds["C-002"] == ("create", None)
    assert kinds["C-001"][0] == "edit"
    assert kinds["C-001"][1] == {
        "customerName": "Ada Lovelace",
        "purchaseAmount": Decimal("5.00"),
        "membershipStatus": False,
    }


def test_a_preview_tells_the_same_and_changes_nothing(store, staff):
    before = add(store, staff, "C-001")
    file = f"{HEADER}C-001,Ada Byron,,,\nC-002,Bea Smith,bea@example.com,,\nC-003,Cid,cid@example.com,,\n".encode()
    plan = preview_import(store, staff, file)
    assert (plan.create, plan.update, plan.unchanged, plan.error_count) == (2, 1, 0, 0)
    assert store.customers.get(before.id) == before
    assert store.customers.count(CustomerQuery()) == 1
    assert store.runs.recent(limit=5) == []


def test_an_import_that_changes_nothing_writes_nothing(store, staff):
    before = add(store, staff, "C-001", purchase_amount=1250)
    result = import_customers(store, staff, f'{HEADER}C-001, Ada Lovelace ,,"1,250",no\n'.encode())
    assert (result.run, result.unchanged) == (None, 1)
    assert store.customers.get(before.id) == before
    assert store.runs.recent(limit=5) == []


def test_a_missing_column_leaves_what_is_stored(store, staff):
    add(store, staff, "C-001", purchase_amount=5, membership_status=True)
    import_customers(store, staff, b"Customer ID,Contact\nC-001,12 Lake Road\n")
    assert everyone(store) == [("C-001", "Ada Lovelace", "12 Lake Road", "5.00", True)]


def test_one_bad_row_keeps_all_of_the_file_out(store, staff):
    rows = "".join(f"C-{number:04},Name {number},contact {number},1,no\n" for number in range(1200))
    with pytest.raises(ImportRefused, match="Nothing was imported, because the file has 1 error") as refused:
        import_customers(store, staff, f"{HEADER}{rows}C-9999,,x@example.com,1,no\n".encode())
    assert [str(error) for error in refused.value.plan.errors] == ["Row 1202: Customer name is required."]
    assert store.customers.count(CustomerQuery()) == 0
    assert store.runs.recent(limit=5) == []


def test_every_error_is_told_with_its_row_as_a_spreadsheet_shows_it(store, staff):
    add(store, staff, "C-001")
    file = (
        f'{HEADER}C-001,A,"12 Lake Road\nDhaka",1,maybe\n'
        "C-2,Bea Smith,bea@example.com,5 pcs,yes\n"
        ",Cid,cid@example.com,1,no\n"
        "C-004,Dan,,,,surplus\n"
    ).encode()
    assert messages(store, staff, file) == [
        "Row 2: Customer name is too short; use at least 2 characters.",
        "Row 2: Membership “maybe” is not understood; write true or false, yes or no, 1 or 0.",
        "Row 3 (line 4): Total spent “5 pcs” is not a plain number; write it like 1250.50.",
        "Row 4 (line 5): Customer ID is required.",
        "Row 5 (line 6): The row has more cells than the header; put a text with a delimiter in it between quotes.",
    ]


def test_an_id_that_comes_twice_is_told_with_both_rows(store, staff):
    file = f"{HEADER}C-001,Ada,ada@example.com,,\nC-002,Bea,bea@example.com,,\nc-001 ,Ada,ada@example.com,,\n".encode()
    assert messages(store, staff, file) == [
        "Row 4: Customer ID “c-001” is already in row 2; keep one of them.",
    ]


def test_errors_are_all_counted_but_only_the_first_are_kept(store, staff):
    file = (HEADER + "C-001,Ada,ada@example.com,,\n" + "x,,,,\n" * 300).encode()
    plan = preview_import(store, staff, file)
    assert plan.error_count == 2 + 299
    assert len(plan.errors) == MOST_ERRORS_SHOWN
    assert plan.create == 1


def test_text_that_is_no_csv_any_more_is_an_error_of_its_row(store, staff):
    file = f'{HEADER}C-001,Ada,ada@example.com,,\nC-002,"Bea\n'.encode()
    [message] = messages(store, staff, file)
    assert message.startswith("Row 3: A quotation mark is opened here")


def test_the_lines_of_an_address_become_one(store, staff):
    import_customers(store, staff, f'{HEADER}C-001,Ada,"12 Lake Road,\r\nDhaka 1209",,\n'.encode())
    assert everyone(store)[0][2] == "12 Lake Road, Dhaka 1209"


def test_a_date_of_registration_is_kept_for_new_customers_and_ignored_for_others(store, staff):
    known = add(store, staff, "C-001")
    import_customers(
        store,
        staff,
        b"customerId,customerName,contactInfo,createdAt\n"
        b"C-001,Ada Byron,,2020-01-01\nC-002,Bea,bea@example.com,2021-05-06T07:08:09Z\n",
    )
    ada, bea = store.customers.iterate(CustomerQuery(sort_by="customerId", sort_order="asc"))
    assert ada.created_at == known.created_at
    assert bea.created_at == datetime(2021, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert bea.updated_at > ada.created_at


def test_a_file_with_semicolons_has_decimal_commas(store, staff):
    file = "Customer ID;Customer name;Contact;Purchase amount\nC-001;Käthe Weiß;Berlin;1.250,50\n".encode("cp1252")
    result = import_customers(store, staff, file)
    assert everyone(store) == [("C-001", "Käthe Weiß", "Berlin", "1250.50", False)]
    assert "Windows-1252" in result.notices[0]


def test_unknown_columns_are_told(store, staff):
    assert preview_import(store, staff, b"customerId,Shoe size\n").ignored_columns == ("Shoe size",)


def test_an_unusable_file_is_refused(store, staff):
    with pytest.raises(InvalidInput, match="must name the columns"):
        import_customers(store, staff, b"hello\nworld\n")


def test_a_preview_tells_everything_that_somebody_new_is_registered_with(store, staff):
    head = "customerId,customerName,contactInfo,membershipStatus,notes,tags\n"
    plan = preview_import(store, staff, f'{head}C-1,Ada,ada@shop.com,yes,Rings twice,"vip,regular"\n'.encode())

    assert [change.file for change in plan.changes] == [
        "Ada, ada@shop.com, member, Notes: Rings twice, Tags: regular, vip"
    ]


def test_an_analyst_may_not_even_preview(store, analyst):
    for attempt in (preview_import, import_customers):
        with pytest.raises(NotPermitted):
            attempt(store, analyst, HEADER.encode())


def test_progress_ends_with_all_that_had_to_be_written(store, staff):
    add(store, staff, "C-0000", "Name 0", "contact 0")
    rows = "".join(f"C-{number:04},Name {number},contact {number},0,no\n" for number in range(1201))
    told = []
    import_customers(store, staff, (HEADER + rows).encode(), lambda done, total: told.append((done, total)))
    assert told == [(500, 1200), (1000, 1200), (1200, 1200)]


def test_an_import_works_in_memory_too(mock_store, staff):
    add(mock_store, staff, "C-001")
    result = import_customers(mock_store, staff, f"{HEADER}C-001,Ada Byron,,,\nC-002,Bea,Berlin,,\n".encode())
    assert (result.created, result.updated) == (1, 1)
    assert [row[1] for row in everyone(mock_store)] == ["Ada Byron", "Bea"]
