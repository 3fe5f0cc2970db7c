import csv
import io
import re
from urllib.parse import quote

import pytest

from kinso.errors import DatabaseUnavailable
from kinso.models.accounts import COMMAND_LINE, PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import create_customer
from kinso.web import downloads

ADDRESS = "/download/customers.csv"


@pytest.fixture
def customers(store):
    def draft(id, name, contact, member):
        return CustomerDraft(
            customer_id=id, customer_name=name, contact_info=contact, purchase_amount=10, membership_status=member
        )

    drafts = [
        draft("C-1", "Ann", "+880 171", True),
        draft("C-2", "=cmd()", "x@shop.com", False),
        draft("C-3", "Čapek", "c@shop.com", False),
    ]
    return [create_customer(store, COMMAND_LINE, one) for one in drafts]


def rows(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_the_file_holds_what_the_filter_finds_in_its_order(browse, signed_in, customers):
    browser = browse(signed_in.secret)
    answer = browser.get(
        f"{ADDRESS}?flavour=raw&membershipStatus=false&sortBy=customerName&sortOrder=asc&search=shop.com"
    )
    assert [row["customerId"] for row in rows(answer)] == ["C-2", "C-3"]
    assert [row["customerName"] for row in rows(answer)] == ["=cmd()", "Čapek"]
    assert len(rows(browser.get(f"{ADDRESS}?search=&customerName=&membershipStatus="))) == 3


def test_a_filter_of_facts_leaves_out_others(browse, signed_in, customers):
    asked = '{"any":[{"fact":"hasPhone","is":"=","value":true},{"fact":"customerName","is":"contains","value":"čap"}]}'
    answer = browse(signed_in.secret).get(f"{ADDRESS}?flavour=raw&sortBy=toThreshold&filter={quote(asked)}")
    assert {row["customerId"] for row in rows(answer)} == {"C-1", "C-3"}


@pytest.mark.parametrize("bad", ["x", "[]", '{"fact":"spent"}', "[" * 9000])
def test_a_filter_that_cannot_be_understood_is_refused(browse, signed_in, customers, bad):
    answer = browse(signed_in.secret).get(f"{ADDRESS}?filter={quote(bad)}")
    assert answer.status_code == 400
    assert "Filter " in answer.text


def test_chosen_facts_are_columns_under_the_words_of_the_page(browse, signed_in, customers):
    browser = browse(signed_in.secret)
    excel, raw = (browser.get(f"{ADDRESS}?flavour={flavour}&facts=hasPhone,spent") for flavour in ("excel", "raw"))
    phones = {"C-1": "true", "C-2": "false", "C-3": "false"}
    assert {row["Customer ID"]: row["Has a phone number"] for row in rows(excel)} == phones
    assert {row["customerId"]: row["hasPhone"] for row in rows(raw)} == phones
    assert {row["spent"] for row in rows(raw)} == {"0.00"}
    refused = browser.get(f"{ADDRESS}?facts=spent,shoeSize")
    assert (refused.status_code, "There is no fact “shoeSize”." in refused.text) == (400, True)


def test_the_eligible_alone_can_be_downloaded(browse, signed_in, store, customers):
    store.shop.save(ShopSettings(threshold=10))
    answer = browse(signed_in.secret).get(f"{ADDRESS}?flavour=raw&eligible=true&sortBy=customerId&sortOrder=asc")
    assert [row["customerId"] for row in rows(answer)] == ["C-2", "C-3"]
    store.shop.save(ShopSettings(threshold=11))
    assert not rows(browse(signed_in.secret).get(f"{ADDRESS}?eligible=true"))


def test_the_excel_flavour_runs_no_formulas_and_is_the_usual_one(browse, signed_in, customers):
    for query in ("", "?flavour=excel", "?flavour="):
        answer = browse(signed_in.secret).get(ADDRESS + query)
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert {row["Customer name"] for row in rows(answer)} == {"Ann", "'=cmd()", "Čapek"}


def test_the_browser_saves_it_as_a_dated_file_and_nobody_keeps_a_copy(browse, signed_in, customers):
    answer = browse(signed_in.secret).get(ADDRESS)
    assert re.fullmatch(r'attachment; filename="customers-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-encoding"] == "identity"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query",
    ["flavour=pdf", "membershipStatus=maybe", "sortBy=passwordHash", "sortOrder=up", "search=" + "x" * 201],
)
def test_a_filter_that_makes_no_sense_gets_a_sentence(browse, signed_in, query):
    answer = browse(signed_in.secret).get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400
    assert re.search(r'<p class="lead">[^<]+\.</p>', answer.text)
    assert "content-disposition" not in answer.headers


def test_a_role_that_may_not_export_is_told_so(browse, signed_in, customers, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.EXPORT})
    answer = browse(signed_in.secret).get(ADDRESS)
    assert answer.status_code == 403
    assert "does not allow this" in answer.text


def test_a_database_that_is_away_at_the_start_is_a_proper_answer(browse, signed_in, monkeypatch):
    def export(*_, **__):
        raise DatabaseUnavailable
        yield b""

    monkeypatch.setattr(downloads, "export_customers", export)
    assert browse(signed_in.secret).get(ADDRESS).status_code == 503


def test_a_database_that_goes_away_meanwhile_breaks_the_download_off(browse, signed_in, monkeypatch):
    def export(*_, **__):
        yield b"first"
        raise DatabaseUnavailable

    monkeypatch.setattr(downloads, "export_customers", export)
    with pytest.raises(DatabaseUnavailable):
        browse(signed_in.secret).get(ADDRESS)


def test_every_chunk_arrives_in_order_and_the_source_is_closed(browse, signed_in, monkeypatch):
    closed = []

    def export(*_, **__):
        try:
            for number in range(300):
                yield b"%d\n" % number
        finally:
            closed.append(True)

    monkeypatch.setattr(downloads, "export_customers", export)
    answer = browse(signed_in.secret).get(ADDRESS)
    assert answer.text.split() == [str(number) for number in range(300)]
    assert closed == [True]
