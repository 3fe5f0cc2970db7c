import csv
import io
from decimal import Decimal

import pytest

from kinso.errors import NotPermitted
from kinso.models.accounts import Actor
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.facts import AMOUNT, FACTS, NUMBER
from kinso.models.fields import FIELDS, SPECIFIED
from kinso.models.transfer.cells import COLUMNS, read_exported_customer
from kinso.services.customers.editing import create_customer, list_customers
from kinso.services.facts import get_facts
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import preview_import
from kinso.services.transfer.exports import CHUNK, export_customers


def exported(store, actor, flavour="raw", **query):
    return b"".join(export_customers(store, actor, CustomerQuery(**query), flavour))


def rows(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def add(store, actor, number, name="Ada Lovelace", contact="ada@example.com", **values):
    draft = CustomerDraft(customer_id=f"C-{number}00", customer_name=name, contact_info=contact, **values)
    return create_customer(store, actor, draft)


def test_an_export_holds_every_field_of_every_customer_as_it_is_stored(store, staff):
    customer = add(store, staff, 1, 'Ada "the first", née Byron', purchase_amount=1250.5, membership_status=True)
    header, row = rows(exported(store, staff))
    assert header[:5] == ["customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus"]
    assert row[:5] == ["C-100", 'Ada "the first", née Byron', "ada@example.com", "1250.50", "true"]
    written = customer.created_at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{customer.created_at.microsecond // 1000:03}Z"
    assert (row[5:7], row[header.index("version")]) == ([written, written], "1")
    seen = read_exported_customer(row[-1])
    assert seen.id == customer.id
    assert seen.saw("contactInfo", "ada@example.com")
    assert not seen.saw("contactInfo", "bea@example.com")


def test_an_export_is_what_is_filtered_in_its_order(store, staff):
    load_samples(store, staff, 300)
    query = {"search": "example.org", "membership_status": False, "sort_by": "purchaseAmount", "sort_order": "desc"}
    listed = list_customers(store, staff, CustomerQuery(**query), page=1, limit=1000).items
    assert [row[0] for row in rows(exported(store, staff, **query))[1:]] == [item.customer_id for item in listed]
    assert 0 < len(listed) < 300


def test_the_excel_flavour_escapes_what_could_run_and_the_raw_one_does_not(store, staff):
    add(store, staff, 1, '=HYPERLINK("http://x")', "+880 171 000000")
    excel, raw = exported(store, staff, "excel"), exported(store, staff)
    assert excel.startswith(b"\xef\xbb\xbfcustomerId,")
    assert rows(excel)[1][1:3] == ['\'=HYPERLINK("http://x")', "'+880 171 000000"]
    assert raw.startswith(b"customerId,")
    assert rows(raw)[1][1:3] == ['=HYPERLINK("http://x")', "+880 171 000000"]


def as_cell(value):
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(value)
        case _:
            return str(value)


def test_every_fact_can_be_a_further_column(store, staff):
    load_samples(store, staff, 60)
    add(store, staff, 1, contact="12 Long Road, Sylhet")
    names = [name for name in FACTS if name not in COLUMNS]
    data = b"".join(export_customers(store, staff, CustomerQuery(), "raw", facts=[*names, "customerName"]))
    written = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert list(written[0]) == [*COLUMNS[:-2], *names, *COLUMNS[-2:]]
    ids = {customer.customer_id: customer.id for customer in store.customers.iterate(CustomerQuery())}
    told = get_facts(store, staff, list(ids.values()), names)
    for row in written:
        for name, value in told[ids[row["customerId"]]].items():
            if FACTS[name].type in (AMOUNT, NUMBER) and value is not None:
                assert Decimal(row[name]) == Decimal(str(value)), name
            else:
                assert row[name] == as_cell(value), name


def test_headings_in_words_are_understood_by_an_import_which_leaves_out_what_is_computed(store, staff):
    load_samples(store, staff, 20)
    names = ["lastPurchase", "registeredBy", "spent", "memberSince"]
    labels = [FACTS[name].label for name in names]
    data = b"".join(export_customers(store, staff, CustomerQuery(), facts=names, in_words=True))
    header = rows(data)[0]
    assert header[:5] == [field.label for field in FIELDS[:SPECIFIED]]
    assert header[-6:] == [*labels, "Version", "asExported"]
    plan = preview_import(store, staff, data)
    assert (plan.errors, plan.create, plan.update, plan.unchanged) == ((), 0, 0, 20)
    assert plan.ignored_columns == tuple(labels)


def test_a_fact_that_could_run_as_a_formula_is_escaped_for_spreadsheets(store, staff):
    add(store, staff.model_copy(update={"name": '=1+1,"x"'}), 1)
    for flavour, expected in (("excel", '\'=1+1,"x"'), ("raw", '=1+1,"x"')):
        data = b"".join(export_customers(store, staff, CustomerQuery(), flavour, facts=["registeredBy"]))
        assert rows(data)[1][-3] == expected


def test_every_line_ends_as_rfc_4180_wants(store, staff):
    add(store, staff, 1)
    data = exported(store, staff)
    assert data.count(b"\r\n") == data.count(b"\n") == 2
    assert data.endswith(b"\r\n")


def test_nobody_exports_to_a_file_with_a_header_only(store, staff):
    assert len(rows(exported(store, staff))) == 1


@pytest.mark.slow
def test_a_large_export_comes_in_pieces(store, staff):
    load_samples(store, staff, 3000)
    pieces = list(export_customers(store, staff, CustomerQuery(), "raw"))
    assert len(pieces) > 3
    assert max(map(len, pieces)) < 2 * CHUNK
    assert len(rows(b"".join(pieces))) == 3001


def test_an_analyst_may_export_and_someone_without_the_permission_may_not(store, analyst, monkeypatch):
    exported(store, analyst)
    monkeypatch.setattr(Actor, "may", lambda self, permission: False)
    with pytest.raises(NotPermitted):
        exported(store, analyst)


@pytest.mark.slow
def test_a_file_that_was_begun_is_whole_although_the_database_goes_away(store, staff):
    load_samples(store, staff, 5000)
    pieces = export_customers(store, staff, CustomerQuery(), "raw")
    first = next(pieces)
    store.connection.client.close()
    assert b"".join([first, *pieces]).count(b"\n") == 5001
