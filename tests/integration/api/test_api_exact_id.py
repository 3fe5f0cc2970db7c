"""One customer by the ID that the shop gave them."""

import pytest

from kinso.database.preparation import prepare

LEGACY = ("LEG-1", "leg-1", "LEG-1 ")
LISTS = ("/customers", "/customers/membership/by-status/false")


@pytest.fixture
def look_up(api, token):
    def look_up(customer_id, path="/customers", **more):
        answer = api("GET", path, token=token("analyst"), params={"customerId": customer_id, **more})
        assert answer.status_code == 200, answer.text
        found = [customer["customerId"] for customer in answer.json()["data"]]
        assert answer.json()["pagination"]["total"] == len(found)
        return found

    return look_up


@pytest.mark.parametrize("path", LISTS)
def test_exactly_that_customer_is_found(look_up, register, path):
    for customer_id in ("C-1", "C-10", "AC-1"):
        register(customer_id, customerName="C-1 and more")
    assert look_up("C-1", path) == ["C-1"]
    assert look_up("C-2", path) == []
    assert look_up("C", path) == []


@pytest.mark.parametrize("alike", ["c-1", " C-1 ", "C‑1", "C–1", "Ｃ－１"])
def test_an_id_that_looks_the_same_is_the_same(look_up, register, alike):
    register("C-1")
    assert look_up(alike) == ["C-1"]


def test_the_other_filters_hold_as_well(look_up, register):
    register("C-1", membershipStatus=True)
    assert look_up("C-1", membershipStatus="true", search="c-1") == ["C-1"]
    assert look_up("C-1", membershipStatus="false") == []


def test_a_file_has_that_customer_only(api, token, register):
    register("C-1")
    register("C-10")
    file = api("GET", "/customers/export?customerId=c-1&flavour=raw", token=token())
    assert [line.split(",")[0] for line in file.text.splitlines()] == ["customerId", "C-1"]


@pytest.mark.parametrize("path", [*LISTS, "/customers/export"])
@pytest.mark.parametrize("nothing", ["", "  "])
def test_no_id_finds_nobody_and_says_so(api, token, register, path, nothing):
    register("C-1")
    answer = api("GET", path, token=token(), params={"customerId": nothing})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "customerId", "message": "Customer ID is empty; give the ID to look for, or leave it out."}
    ]


def test_who_is_in_the_trash_is_not_found(api, token, register, look_up):
    ada = register("C-1")
    api("DELETE", f"/customers/{ada['_id']}", token=token())
    assert look_up("C-1") == []
    again = register("C-1")
    assert again["_id"] != ada["_id"]
    assert look_up("C-1") == ["C-1"]


def test_of_ids_that_an_earlier_application_gave_twice_the_exact_one_counts(api, token, store, look_up):
    customers = store.connection.database["customers"]
    customers.drop_indexes()
    legacy = {"customerName": "Ada", "contactInfo": "ada@shop.com", "purchaseAmount": 5, "membershipStatus": False}
    customers.insert_many([{"customerId": each, **legacy} for each in LEGACY], bypass_document_validation=True)
    prepare(store.connection)
    assert [look_up(each) for each in LEGACY] == [[each] for each in LEGACY]
    answer = api("GET", "/customers?customerId=Leg-1", token=token())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "customerId"
