import csv
import io
import re

import pytest

from kinso.errors import DatabaseUnavailable
from kinso.models.accounts import COMMAND_LINE, PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.trash import erase_person
from kinso.services.membership.activation import activate_at_threshold
from kinso.web import downloads

ADDRESS = "/download/history.csv"
COLUMNS = ["at", "customerId", "kind", "field", "before", "after", "by", "source", "reason", "run"]


@pytest.fixture
def ada(store):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="+880 171", purchase_amount=100)
    return create_customer(store, COMMAND_LINE, draft)


@pytest.fixture
def bea(store, staff):
    draft = CustomerDraft(customer_id="B-1", customer_name="Čapek & Co", contact_info="b@shop.com")
    return create_customer(store, staff, draft)


def rows(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_every_field_that_changed_is_a_row_newest_first(browse, signed_in, store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="=1+1", purchase_amount=7))
    answer = browse(signed_in.secret).get(ADDRESS)
    assert list(rows(answer)[0]) == COLUMNS
    told = [(row["kind"], row["field"], row["before"], row["after"], row["by"], row["source"]) for row in rows(answer)]
    assert told == [
        ("edit", "customerName", "Ada", "'=1+1", "Staff Person", "app"),
        ("edit", "purchaseAmount", "100.00", "7.00", "Staff Person", "app"),
        ("create", "customerId", "", "A-1", "Command line", "cli"),
        ("create", "customerName", "", "Ada", "Command line", "cli"),
        ("create", "contactInfo", "", "'+880 171", "Command line", "cli"),
        ("create", "purchaseAmount", "", "100.00", "Command line", "cli"),
        ("create", "membershipStatus", "", "false", "Command line", "cli"),
    ]


def test_it_has_what_the_filters_of_the_page_leave(browse, signed_in, store, staff, manager, ada, bea):
    run = activate_at_threshold(store, staff, 50)
    delete_customer(store, manager, bea.id)
    browser = browse(signed_in.secret)

    def kinds(query):
        return {(row["kind"], row["customerId"]) for row in rows(browser.get(f"{ADDRESS}?{query}"))}

    assert kinds(f"run={run.id}") == {("membership", "A-1")}
    assert kinds(f"customer={bea.id}") == {("create", "B-1"), ("delete", "B-1")}
    assert kinds("customerId=b-1&kind=create") == {("create", "B-1")}
    assert kinds("byName=Manager+Person") == {("delete", "B-1")}
    assert kinds("since=2999-01-01T00:00:00Z") == set()
    assert kinds("until=2999-01-01T00%3A00%3A00%2B06%3A00&kind=delete") == {("delete", "B-1")}
    assert kinds("customer=&customerId=&byName=&kind=&since=&until=&run=") == kinds("")


def test_an_erasure_is_told_and_tells_nothing_about_the_person(browse, signed_in, store, manager, ada):
    alias = erase_person(store, manager, ada.id)
    erasure, *others = rows(browse(signed_in.secret).get(ADDRESS))
    assert (erasure["kind"], erasure["customerId"], erasure["field"]) == ("erase", alias, "")
    assert {row["customerId"] for row in others} == {alias}
    assert "Ada" not in str(others)


def test_the_browser_saves_it_as_a_dated_file_and_nobody_keeps_a_copy(browse, signed_in, ada):
    answer = browse(signed_in.secret).get(ADDRESS)
    assert re.fullmatch(r'attachment; filename="history-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-encoding"] == "identity"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("query", ["kind=everything", "since=yesterday", "until=x", "customerId=" + "x" * 201])
def test_a_filter_that_makes_no_sense_gets_a_sentence(browse, signed_in, query):
    answer = browse(signed_in.secret).get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400
    assert re.search(r'<p class="lead">[^<]+\.</p>', answer.text)
    assert "content-disposition" not in answer.headers


def test_nobody_gets_it_without_signing_in(browse, user, ada):
    answer = browse().get(ADDRESS, headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert "sign-in" in answer.headers["location"]


def test_a_role_that_may_not_export_is_told_so(browse, signed_in, ada, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.EXPORT})
    answer = browse(signed_in.secret).get(ADDRESS)
    assert answer.status_code == 403
    assert "does not allow this" in answer.text


def test_a_database_that_is_away_at_the_start_is_a_proper_answer(browse, signed_in, monkeypatch):
    def export(*_):
        raise DatabaseUnavailable
        yield b""

    monkeypatch.setattr(downloads, "export_history", export)
    assert browse(signed_in.secret).get(ADDRESS).status_code == 503
