import re
from datetime import datetime

import pytest

from kinso.models.shop import ShopSettings

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NOBODY = "65b0a1f2c3d4e5f6a7b8c9d0"


def listed(answer):
    assert answer.status_code == 200, answer.text
    return [customer["customerId"] for customer in answer.json()["data"]]


def test_a_registered_customer_is_told_as_specified_and_as_stored(api, token, store):
    body = {
        "customerId": "  C-1  ",
        "customerName": "আদা লাভলেস",
        "contactInfo": "+880 171-234 567",
        "purchaseAmount": 1250.555,
        "membershipStatus": True,
    }
    answer = api("POST", "/customers", token=token("staff"), json=body)
    assert (answer.status_code, answer.json()["message"]) == (201, "Customer C-1 is registered.")
    created = answer.json()["data"]
    assert created == {
        **body,
        "_id": created["_id"],
        "customerId": "C-1",
        "purchaseAmount": 1250.56,
        "notes": "",
        "tags": [],
        "createdAt": created["createdAt"],
        "updatedAt": created["createdAt"],
        "version": 1,
    }
    assert MOMENT.fullmatch(created["createdAt"])
    stored = store.customers.get(created["_id"])
    assert datetime.fromisoformat(created["createdAt"]) == stored.created_at
    [change] = store.changes.of_customer(created["_id"], limit=5)
    assert (change.source, change.by_name) == ("api", "staff person")


def test_whoever_may_be_the_same_person_is_named_in_the_answer(api, token, register, store):
    store.shop.save(ShopSettings(country="BD"))
    sadia = register("C-1", customerName="Sadia Karim", contactInfo="01711-234567")
    assert "warnings" not in sadia
    body = {"customerId": "C-2", "customerName": "Somebody Else", "contactInfo": "+880 1711 234567"}
    answer = api("POST", "/customers", token=token("staff"), json=body)
    assert answer.status_code == 201
    sentence = "Sadia Karim (C-1) has the same phone number."
    assert answer.json()["message"] == f"Customer C-2 is registered. {sentence}"
    assert answer.json()["data"]["warnings"] == [
        {"field": "contactInfo", "message": sentence, "customerId": "C-1", "_id": sadia["_id"]}
    ]
    again = register("C-3", customerName="Karim Sadia")
    assert [warning["field"] for warning in again["warnings"]] == ["customerName"]
    assert "warnings" not in api("GET", f"/customers/{again['_id']}", token=token()).json()["data"]


def test_the_next_id_is_proposed(api, token, register):
    register("C-0041")
    answer = api("GET", "/customers/next-id", token=token("staff"))
    assert (answer.status_code, answer.json()["data"]) == (200, {"customerId": "C-0042"})
    assert api("GET", "/customers/next-id", token=token("analyst")).status_code == 403


@pytest.mark.parametrize("taken", ["C\u20111", "Ｃ－１", "c\u22121", "C-১"])
def test_an_id_that_looks_the_same_is_taken(api, token, register, taken):
    register("C-1")
    body = {"customerId": taken, "customerName": "Other", "contactInfo": "other@shop.com"}
    answer = api("POST", "/customers", token=token(), json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "customerId")


def test_amount_and_membership_may_be_left_out(register):
    created = register("C-1")
    assert (created["purchaseAmount"], created["membershipStatus"]) == (0, False)


@pytest.mark.parametrize("taken", ["C-1", "c-1", " C-1 "])
def test_an_id_is_taken_in_every_letter_case(api, token, register, taken):
    register("C-1")
    body = {"customerId": taken, "customerName": "Other", "contactInfo": "other@shop.com"}
    answer = api("POST", "/customers", token=token(), json=body)
    assert answer.status_code == 409
    [error] = answer.json()["errors"]
    assert error == {"field": "customerId", "message": answer.json()["message"]}
    assert api("GET", "/customers", token=token()).json()["pagination"]["total"] == 1


def test_the_newest_come_first_ten_at_a_time(api, token, register):
    for number in range(12):
        register(f"C-{number:02}")
    answer = api("GET", "/customers", token=token("analyst"))
    assert listed(answer) == [f"C-{number:02}" for number in range(11, 1, -1)]
    assert answer.json()["pagination"] == {"page": 1, "limit": 10, "total": 12, "totalPages": 2}
    assert listed(api("GET", "/customers?page=2", token=token())) == ["C-01", "C-00"]


@pytest.mark.parametrize(
    ("page", "limit", "found", "pages"),
    [(1, 3, 3, 2), (2, 3, 2, 2), (3, 3, 0, 2), (1, 1000, 5, 1), (1_000_000_000, 1000, 0, 1), (5, 1, 1, 5)],
)
def test_pages_hold_what_they_promise_also_past_the_end(api, token, register, page, limit, found, pages):
    for number in range(5):
        register(f"C-{number}")
    answer = api("GET", "/customers", token=token(), params={"page": page, "limit": limit})
    assert len(listed(answer)) == found
    assert answer.json()["pagination"] == {"page": page, "limit": limit, "total": 5, "totalPages": pages}


def test_an_empty_shop_has_no_pages(api, token):
    answer = api("GET", "/customers", token=token())
    assert answer.json() == {
        "success": True,
        "data": [],
        "pagination": {"page": 1, "limit": 10, "total": 0, "totalPages": 0},
    }


@pytest.mark.parametrize(
    ("by", "ascending"),
    [
        ("customerId", ["a-2", "B-1", "c-3"]),
        ("customerName", ["c-3", "a-2", "B-1"]),
        ("contactInfo", ["B-1", "c-3", "a-2"]),
        ("purchaseAmount", ["c-3", "B-1", "a-2"]),
        ("createdAt", ["B-1", "a-2", "c-3"]),
        ("_id", ["B-1", "a-2", "c-3"]),
        ("updatedAt", ["B-1", "c-3", "a-2"]),
    ],
)
def test_every_field_sorts_both_ways(api, token, register, by, ascending):
    register("B-1", customerName="zoe", contactInfo="+880 171", purchaseAmount=20)
    last = register("a-2", customerName="Éva", contactInfo="zoo street", purchaseAmount=100, membershipStatus=True)
    register("c-3", customerName="adam", contactInfo="Zebra road", purchaseAmount=3)
    api("PUT", f"/customers/{last['_id']}", token=token(), json={"customerName": "Eva"})
    for order, expected in (("asc", ascending), ("desc", ascending[::-1])):
        answer = api("GET", "/customers", token=token(), params={"sortBy": by, "sortOrder": order})
        assert listed(answer) == expected


@pytest.mark.parametrize(("order", "found"), [("asc", ["C-2", "C-1", "C-3"]), ("desc", ["C-3", "C-1", "C-2"])])
def test_the_version_sorts_too(api, token, register, order, found):
    for customer_id, changes in (("C-1", 1), ("C-2", 0), ("C-3", 2)):
        created = register(customer_id)
        for amount in range(1, changes + 1):
            api("PUT", f"/customers/{created['_id']}", token=token(), json={"purchaseAmount": amount})
    for parameters in ({}, {"search": "shop"}):
        query = {"sortBy": "version", "sortOrder": order, **parameters}
        assert listed(api("GET", "/customers", token=token(), params=query)) == found


def test_members_and_non_members_are_sorted_apart(api, token, register):
    register("C-1", membershipStatus=True)
    register("C-2")
    found = [
        listed(api("GET", f"/customers?sortBy=membershipStatus&sortOrder={order}", token=token()))
        for order in ("asc", "desc")
    ]
    assert found == [["C-2", "C-1"], ["C-1", "C-2"]]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["C-1", "C-2", "C-3"]),
        ("  ", ["C-1", "C-2", "C-3"]),
        ("ADA", ["C-1"]),
        ("eva", ["C-2"]),
        ("ÉVA", ["C-2"]),
        ("c-3", ["C-3"]),
        ("(", ["C-3"]),
        (".*", []),
        ("[", []),
        ("\\", []),
        ("$", []),
        ("@", ["C-1", "C-3"]),
        ("+880 171", ["C-2"]),
        ("+880171234567", ["C-2"]),
        ("a%_b", []),
        ("\n", ["C-1", "C-2", "C-3"]),
        ("ada\n", ["C-1"]),
        ("\u200fada", ["C-1"]),
        ("💛", []),
        ("{$gt: ''}", []),
    ],
)
def test_a_search_is_text_and_never_a_pattern(api, token, register, search, found):
    register("C-1", customerName="Ada Lovelace", contactInfo="ada@shop.com")
    register("C-2", customerName="Éva Ĺupová", contactInfo="+880 171 234 567")
    register("C-3", customerName="Bob (junior)", contactInfo="bob@shop.com")
    answer = api(
        "GET", "/customers", token=token(), params={"search": search, "sortBy": "customerId", "sortOrder": "asc"}
    )
    assert listed(answer) == found
    assert answer.json()["pagination"]["total"] == len(found)


def test_filters_work_together(api, token, register):
    register("C-1", customerName="Ada", membershipStatus=True)
    register("C-2", customerName="Adam")
    register("C-3", customerName="Bea", contactInfo="ada.street@shop.com", membershipStatus=True)

    def found(**parameters):
        return sorted(listed(api("GET", "/customers", token=token(), params=parameters)))

    assert found(customerName="ada") == ["C-1", "C-2"]
    assert found(membershipStatus="true") == ["C-1", "C-3"]
    assert found(membershipStatus="false") == ["C-2"]
    assert found(membershipStatus="") == ["C-1", "C-2", "C-3"]
    assert found(search="ada", membershipStatus="true") == ["C-1", "C-3"]
    assert found(search="ada", membershipStatus="true", customerName="b") == ["C-3"]
    assert found(page="1", _="1700000000") == ["C-1", "C-2", "C-3"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1e3", "page"),
        ("page=1.0", "page"),
        ("page=1_0", "page"),
        ("page=", "page"),
        ("page=%D9%A1", "page"),
        ("page=99999999999999999999", "page"),
        ("page=" + "9" * 5000, "page"),
        ("page[$gt]=1", "page"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1000000", "limit"),
        ("limit=ten", "limit"),
        ("search[$gt]=", "search"),
        ("search[]=a", "search"),
        ("search.$ne=a", "search"),
        ("search=a&search=b", "search"),
        ("search=" + "x" * 201, "search"),
        ("customerName[$regex]=.*", "customerName"),
        ("membershipStatus=maybe", "membershipStatus"),
        ("membershipStatus=1", "membershipStatus"),
        ("membershipStatus=TRUE", "membershipStatus"),
        ("membershipStatus[$ne]=true", "membershipStatus"),
        ("sortBy=$where", "sortBy"),
        ("sortBy=search.text", "sortBy"),
        ("sortBy=__v", "sortBy"),
        ("search=%00", "search"),
        ("search=a%01b", "search"),
        ("customerName=%7f", "customerName"),
        ("sortBy=", "sortBy"),
        ("sortOrder=1", "sortOrder"),
        ("sortOrder=ASC", "sortOrder"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_with_a_sentence(api, token, query, field):
    answer = api("GET", f"/customers?{query}", token=token())
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"].endswith(".")


def test_statistics_are_those_of_all_customers(api, token, register):
    register("C-1", purchaseAmount=10.01, membershipStatus=True)
    register("C-2", purchaseAmount=0.02)
    register("C-3", purchaseAmount=5)
    assert api("GET", "/customers/stats", token=token("analyst")).json()["data"] == {
        "totalCustomers": 3,
        "members": 1,
        "nonMembers": 2,
        "newCustomersThisMonth": 3,
        "averagePurchaseAmount": 5.01,
        "totalPurchaseAmount": 15.03,
    }


def test_statistics_hold_sums_that_no_single_customer_may_have(api, token, register):
    for number in range(3):
        register(f"C-{number}", purchaseAmount=999_999_999_999.99)
    answer = api("GET", "/customers/stats", token=token())
    assert answer.json()["data"]["totalPurchaseAmount"] == 2_999_999_999_999.97


def test_a_customer_is_found_by_its_id(api, token, register):
    created = register("C-1")
    assert api("GET", f"/customers/{created['_id']}", token=token("analyst")).json()["data"] == created
    assert api("GET", f"/customers/{created['_id'].upper()}/", token=token()).json()["data"] == created


@pytest.mark.parametrize("id", [NOBODY, "C-1", "1", "null", "membership", "%24gt", "%00", "x" * 12, "é" * 6, "z" * 24])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_id_that_is_nobodys_or_malformed_is_not_found(api, token, register, method, id):
    register("C-1")
    body = {"json": {"customerName": "Ada"}} if method == "PUT" else {}
    answer = api(method, f"/customers/{id}", token=token(), **body)
    assert answer.status_code == 404
    assert answer.json()["message"] == "This customer does not exist any more; search for it again."


def test_a_change_keeps_what_is_not_sent(api, token, register):
    created = register("C-1", purchaseAmount=50, membershipStatus=True)
    answer = api("PUT", f"/customers/{created['_id']}", token=token("staff"), json={"customerName": " Ada "})
    assert (answer.status_code, answer.json()["message"]) == (200, "Customer C-1 is saved.")
    changed = answer.json()["data"]
    assert changed == {**created, "customerName": "Ada", "version": 2, "updatedAt": changed["updatedAt"]}
    assert api("GET", f"/customers/{created['_id']}", token=token()).json()["data"] == changed


def test_a_whole_customer_can_be_sent_back_with_one_field_changed(api, token, register):
    created = register("C-1")
    answer = api("PUT", f"/customers/{created['_id']}", token=token(), json={**created, "purchaseAmount": 7.5})
    assert (answer.status_code, answer.json()["data"]["purchaseAmount"]) == (200, 7.5)
    again = api("PUT", f"/customers/{created['_id']}", token=token(), json={**created, "purchaseAmount": 8})
    assert again.status_code == 409


def test_a_change_that_changes_nothing_is_no_new_version(api, token, register):
    created = register("C-1")
    for body in (
        {},
        {"customerName": created["customerName"]},
        created,
    ):
        assert api("PUT", f"/customers/{created['_id']}", token=token(), json=body).json()["data"] == created


@pytest.mark.parametrize("version", [0, 2, 10**400])
def test_a_change_that_is_based_on_another_version_is_refused(api, token, register, version):
    created = register("C-1")
    body = {"customerName": "Ada", "version": version}
    answer = api("PUT", f"/customers/{created['_id']}", token=token(), json=body)
    assert answer.status_code == 409
    assert answer.json()["errors"] == [{"field": "version", "message": "The version is 1 now."}]
    assert api("GET", f"/customers/{created['_id']}", token=token()).json()["data"] == created


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customerId", None),
        ("customerId", ""),
        ("customerName", ""),
        ("contactInfo", {"$gt": ""}),
        ("purchaseAmount", None),
        ("purchaseAmount", "5"),
        ("purchaseAmount", True),
        ("membershipStatus", "false"),
        ("membershipStatus", 0),
        ("version", None),
        ("version", -1),
        ("version", 1.5),
        ("version", "1"),
        ("version", True),
    ],
)
def test_a_change_to_something_unacceptable_is_refused(api, token, register, field, value):
    created = register("C-1")
    answer = api(
        "PUT", f"/customers/{created['_id']}", token=token(), json={"contactInfo": "new@shop.com", field: value}
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert api("GET", f"/customers/{created['_id']}", token=token()).json()["data"] == created


def test_an_id_cannot_be_changed_to_another_customers(api, token, register):
    register("C-1")
    other = register("C-2")
    answer = api("PUT", f"/customers/{other['_id']}", token=token(), json={"customerId": "c-1"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "customerId")
    assert api("PUT", f"/customers/{other['_id']}", token=token(), json={"customerId": "c-2"}).status_code == 200


def test_a_deleted_customer_is_told_once_more_and_then_gone(api, token, register, store):
    created = register("C-1")
    answer = api("DELETE", f"/customers/{created['_id']}", token=token("manager"))
    assert (answer.status_code, answer.json()["data"]) == (200, created)
    for method in ("GET", "DELETE"):
        assert api(method, f"/customers/{created['_id']}", token=token()).status_code == 404
    assert store.changes.of_customer(created["_id"], limit=1)[0].source == "api"


def test_a_customer_of_another_application_is_told_like_any_other(api, token, store):
    collection = store.connection.database["customers"]
    foreign = {
        "customerId": "OLD-1",
        "customerName": "Old",
        "contactInfo": "old@shop.com",
        "purchaseAmount": 7,
        "membershipStatus": True,
        "createdAt": datetime.fromisoformat("2020-02-29T23:59:59.999Z"),
        "updatedAt": datetime.fromisoformat("2020-03-01T00:00:00Z"),
        "search": {"id": "old-1", "name": "old", "contact": "old@shop.com", "text": "old-1"},
        "__v": 3,
    }
    id = collection.insert_one(foreign).inserted_id
    told = api("GET", f"/customers/{id}", token=token()).json()["data"]
    assert told.keys().isdisjoint({"search", "__v"})
    assert told["createdAt"] == "2020-02-29T23:59:59.999Z"
    assert told["updatedAt"] == "2020-03-01T00:00:00.000Z"
    assert (told["purchaseAmount"], told["version"]) == (7.0, 0)
    answer = api("PUT", f"/customers/{id}", token=token(), json={"purchaseAmount": 8, "version": 0})
    assert (answer.status_code, answer.json()["data"]["version"]) == (200, 1)
