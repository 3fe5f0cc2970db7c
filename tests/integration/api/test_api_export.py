import csv
import io
from unittest.mock import ANY

import pytest

from kinso.mirror.mirror import Mirror
from kinso.models.transfer.cells import COLUMNS


@pytest.fixture
def shop(register):
    return [
        register("C-1", customerName="Ada Lovelace", purchaseAmount=5, membershipStatus=True),
        register("C-2", customerName="=HYPERLINK(1)", contactInfo="+880 171 234 567"),
        register("C-3", customerName='Bob, "junior"', purchaseAmount=1250.5),
    ]


def rows(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def as_cells(customer):
    written = {"purchaseAmount": f"{customer['purchaseAmount']:.2f}"}
    written["membershipStatus"] = "true" if customer["membershipStatus"] else "false"
    written["tags"] = ", ".join(customer["tags"])
    cells = {column: customer[column] for column in COLUMNS if column in customer} | written
    return cells | {"version": str(customer["version"]), "asExported": ANY}


def test_the_raw_file_holds_everything_as_it_is_stored(api, token, shop):
    answer = api("GET", "/customers/export?flavour=raw&sortBy=customerId&sortOrder=asc", token=token("analyst"))
    assert rows(answer) == [as_cells(customer) for customer in shop]
    assert not answer.content.startswith(b"\xef\xbb\xbf")


def test_facts_are_further_columns_and_unknown_ones_are_refused_by_name(api, token, shop):
    asked = {"facts": "hasPhone,spent", "flavour": "raw"}
    found = {
        row["customerId"]: row["hasPhone"] for row in rows(api("GET", "/customers/export", token=token(), params=asked))
    }
    assert found == {"C-1": "false", "C-2": "true", "C-3": "false"}
    answer = api("GET", "/customers/export", token=token(), params={"facts": "spent,shoeSize"})
    assert (answer.status_code, "shoeSize" in answer.text) == (422, True)


def test_the_file_for_spreadsheets_runs_nothing(api, token, shop):
    answer = api("GET", "/customers/export", token=token(), params={"sortBy": "customerId", "sortOrder": "asc"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert [row["customerName"] for row in rows(answer)] == ["Ada Lovelace", "'=HYPERLINK(1)", 'Bob, "junior"']
    assert rows(answer)[1]["contactInfo"] == "'+880 171 234 567"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"search": "a"},
        {"search": "+880171"},
        {"search": "("},
        {"customerName": "bob"},
        {"membershipStatus": "true"},
        {"membershipStatus": "", "sortBy": "purchaseAmount", "sortOrder": "asc"},
        {"search": "nobody"},
    ],
)
def test_the_file_holds_what_the_list_shows_in_its_order(api, token, shop, query):
    listed = api("GET", "/customers", token=token(), params={**query, "limit": 1000}).json()["data"]
    exported = rows(api("GET", "/customers/export", token=token(), params={**query, "flavour": "raw"}))
    assert exported == [as_cells(customer) for customer in listed]


def test_the_file_has_a_name_and_is_not_compressed_on_the_way(api, token):
    answer = api("GET", "/customers/export", token=token())
    assert answer.headers["content-disposition"].startswith('attachment; filename="customers-2')
    assert answer.headers["content-encoding"] == "identity"
    assert rows(answer) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("flavour=pdf", "flavour"),
        ("flavour=", "flavour"),
        ("flavour=raw&flavour=excel", "flavour"),
        ("flavour[$ne]=raw", "flavour"),
        ("sortBy=$where", "sortBy"),
        ("membershipStatus=maybe", "membershipStatus"),
        ("search=" + "x" * 201, "search"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_with_a_sentence(api, token, query, field):
    answer = api("GET", f"/customers/export?{query}", token=token())
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_database_that_does_not_answer_is_told_before_anything_is_sent(api, token, store):
    secret = token()
    store.connection.close()
    answer = api("GET", "/customers/export", token=secret)
    assert (answer.status_code, answer.json()["success"]) == (503, False)


def test_the_headers_alone_are_told_without_reading_any_customer(api, token, shop, store, monkeypatch):
    secret, written = token("analyst"), []
    texts = Mirror.texts
    monkeypatch.setattr(Mirror, "texts", lambda *args, **options: written.append(1) or texts(*args, **options))
    head = api("HEAD", "/customers/export", token=secret)
    assert not written
    got = api("GET", "/customers/export", token=secret)
    assert written
    assert (head.status_code, head.content, head.headers) == (200, b"", got.headers)
    assert api("HEAD", "/customers/export?flavour=odd", token=secret).status_code == 422
