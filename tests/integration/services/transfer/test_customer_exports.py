import csv
import io

import pytest

from kinso.errors import NotPermitted
from kinso.models.accounts import Actor
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.transfer.cells import read_exported_customer
from kinso.services.customers.editing import create_customer, list_customers
from kinso.services.shop.samples import load_samples
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
