"""Likely duplicates and merging over HTTP."""

import pytest


@pytest.fixture
def two(register):
    return [register(id, purchaseAmount=10, contactInfo="s@shop.com")["_id"] for id in ("C-1", "C-2")]


def test_a_program_merges_two_and_undoes_it(api, token, two):
    this, other = two
    body = {"with": other, "keep": {"customerName": "other"}, "version": 1, "withVersion": 1}
    answer = api("POST", f"/customers/{this}/merge", token=token("staff"), json=body)
    told = answer.json()
    assert (answer.status_code, told["message"]) == (200, "Customer C-2 was merged into customer C-1.")
    assert (told["data"]["kind"], told["data"]["status"], told["data"]["changed"]) == ("merge", "done", 2)
    for address in (f"/customers/{other}", f"/customers/{this}"):
        found = api("GET", address, token=token("staff")).json()["data"]
        assert (found["_id"], found["purchaseAmount"]) == (this, 20)
    for query in ("search=C-2", "customerId=C-2"):
        listed = api("GET", f"/customers?{query}", token=token("staff")).json()["data"]
        assert [each["_id"] for each in listed] == [this]
    sale = {"customerId": "C-2", "saleId": "S-1", "amount": 5}
    assert api("POST", "/sales", token=token("staff"), json=sale).json()["data"]["purchaseAmount"] == 25
    undo = api("POST", f"/runs/{told['data']['runId']}/undo", token=token("staff"), json={"sales": {"S-1": "other"}})
    assert undo.status_code == 200, undo.text
    amounts = [api("GET", f"/customers/{id}", token=token("staff")).json()["data"]["purchaseAmount"] for id in two]
    assert amounts == [10, 15]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"with": "{other}", "keep": {"shoeSize": "this"}}, 422, "keep.shoeSize"),
        ({"with": "{other}", "keep": {"customerName": "both"}}, 422, "keep.customerName"),
        ({"with": "{other}", "colour": "red"}, 422, "colour"),
        ({"with": "{this}"}, 409, None),
        ({"with": "nobody"}, 404, None),
        ({"with": "{other}", "version": 9}, 409, "version"),
        ({}, 422, "with"),
    ],
)
def test_what_cannot_be_merged_is_refused_in_words(api, token, two, body, status, field):
    this, other = two
    sent = {
        key: value.format(this=this, other=other) if isinstance(value, str) else value for key, value in body.items()
    }
    answer = api("POST", f"/customers/{this}/merge", token=token("staff"), json=sent)
    assert answer.status_code == status, answer.text
    assert [each["field"] for each in answer.json().get("errors", [])] == ([field] if field else [])


def test_pairs_are_listed_until_somebody_says_that_they_are_different(api, token, two):
    this, other = two
    [pair] = api("GET", "/customers/duplicates", token=token("analyst")).json()["data"]
    assert (pair["one"]["_id"], pair["other"]["_id"]) == (this, other)
    assert api("POST", f"/customers/{this}/different-from/{other}", token=token("staff")).status_code == 200
    assert api("GET", "/customers/duplicates", token=token("analyst")).json()["data"] == []
    assert api("DELETE", f"/customers/{other}/different-from/{this}", token=token("staff")).status_code == 200
    assert api("DELETE", f"/customers/{other}/different-from/{this}", token=token("staff")).status_code == 404
