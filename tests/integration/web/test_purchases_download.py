import csv
import io
import re

import pytest

from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.services.customers.editing import create_customer
from kinso.services.purchases.recording import record_sale

ADDRESS = "/download/purchases.csv"


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)
    ada = create_customer(store, staff, draft)
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=5, note="=1+1"))
    return ada


def test_it_has_the_purchases_of_one_customer(browse, signed_in, ada):
    answer = browse(signed_in.secret).get(f"{ADDRESS}?customer={ada.id}")
    assert answer.status_code == 200
    assert re.fullmatch(r'attachment; filename="purchases-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [(row["kind"], row["runningTotal"], row["note"]) for row in rows] == [
        ("opening", "100.00", ""),
        ("sale", "105.00", "'=1+1"),
    ]


@pytest.mark.parametrize("query", ["", "?customer=", "?customer=nonsense", "?customer=0123456789abcdef01234567"])
def test_nobody_has_no_file(browse, signed_in, ada, query):
    answer = browse(signed_in.secret).get(f"{ADDRESS}{query}")
    assert answer.status_code == 404
    assert "content-disposition" not in answer.headers


def test_nobody_gets_it_without_signing_in(browse, user, ada):
    assert browse().get(f"{ADDRESS}?customer={ada.id}", headers={"accept": "text/html"}).status_code == 303


def test_a_role_that_may_not_export_is_told_so(browse, signed_in, ada, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.EXPORT})
    assert browse(signed_in.secret).get(f"{ADDRESS}?customer={ada.id}").status_code == 403
