"""What a call does not know is refused wherever somebody may have counted on it."""

import pytest

CUSTOMER = {"customerId": "C-2", "customerName": "Bea Moss", "contactInfo": "bea@shop.com"}
SALE = {"customerId": "C-1", "amount": 5}
BULK = {"mode": "per-row", "customers": [CUSTOMER]}
SEGMENT = {"name": "Big", "filter": {"fact": "spent", "is": ">=", "value": 500}}
UPDATE = "/customers/membership/update/{_id}"
ACTIVATE = "/customers/membership/auto-activate"


@pytest.fixture
def ada(register):
    return register("C-1", purchaseAmount=5000)


@pytest.fixture
def everything(store):
    """What is stored about customers and their purchases."""

    def read():
        return [list(store.connection.database[name].find()) for name in ("customers", "sales", "runs")]

    return read


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/sales", {**SALE, "kind": "refund"}, "kind"),
        ("POST", "/sales", {**SALE, "items": [{"name": "Tea", "unitPrice": 5, "discount": 2}]}, "items.0.discount"),
        ("POST", "/sales", {**SALE, "unknown": None}, "unknown"),
        ("POST", "/customers/bulk", {**BULK, "dryRun": True}, "dryRun"),
        ("POST", "/customers", {**CUSTOMER, "$set": {"purchaseAmount": 5}}, "$set"),
        ("POST", "/customers", {**CUSTOMER, "purchase_amount": 5}, "purchase_amount"),
        ("POST", "/customers", {**CUSTOMER, "purchaseAmount.$inc": 5}, "purchaseAmount.$inc"),
        ("POST", "/customers", {**CUSTOMER, "dryRun": True}, "dryRun"),
        ("PUT", "/customers/{_id}", {"$set": {"purchaseAmount": 5}}, "$set"),
        ("PUT", "/customers/{_id}", {"PurchaseAmount": 5}, "PurchaseAmount"),
        ("PUT", "/customers/{_id}", {"membership": True}, "membership"),
        ("PUT", UPDATE, {"membershipStatus": True, "$where": "1"}, "$where"),
        ("PUT", UPDATE, {"membershipStatus": True, "dryRun": True}, "dryRun"),
        ("POST", ACTIVATE, {"threshold": 5, "dry_run": True}, "dry_run"),
        ("POST", ACTIVATE, {"Threshold": 500000}, "Threshold"),
        ("POST", "/customers", {**CUSTOMER, "nickname": "Bea"}, "nickname"),
        ("PUT", "/customers/{_id}", {"customerName": "Ada L", "shoeSize": 38}, "shoeSize"),
        ("PUT", UPDATE, {"membershipStatus": True, "reason": "loyal"}, "reason"),
        ("POST", ACTIVATE, {"threshold": 5, "limit": 10}, "limit"),
        ("POST", "/auth/login", {"email": "a@shop.com", "password": "long enough", "$ne": 1}, "$ne"),
        ("POST", "/segments", {**SEGMENT, "colour": "red"}, "colour"),
        ("POST", "/segments", {**SEGMENT, "customerName": "Ada"}, "customerName"),
        ("PUT", "/segments/{_id}", {"name": "Big", "owner": "somebody"}, "owner"),
    ],
)
def test_a_field_that_a_call_does_not_know_is_refused_by_name(api, token, ada, everything, method, path, body, field):
    before = everything()
    answer = api(method, path.format(**ada), token=token(), json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": field, "message": f"{field} is not known here; check its name or leave it out."}
    ]
    assert everything() == before


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/customers?customer_name=ada", "customer_name"),
        ("GET", "/customers?membership=true", "membership"),
        ("GET", "/customers?customer_id=C-1", "customer_id"),
        ("GET", "/customers?$where=1", "$where"),
        ("GET", "/customers/export?membership=true", "membership"),
        ("GET", "/customers/export?limit=5", "limit"),
        ("GET", "/customers/export?anything=1", "anything"),
        ("GET", "/customers/stats?membershipStatus=true", "membershipStatus"),
        ("GET", "/customers/membership/by-status/true?membershipStatus=false", "membershipStatus"),
        ("GET", "/sales?saleId=R-1", "saleId"),
        ("GET", "/customers/{_id}/sales?kind=refund", "kind"),
        ("GET", "/runs?kind=import", "kind"),
        ("GET", "/segments?shared=true", "shared"),
        ("GET", "/segments/{_id}/customers?segment=x", "segment"),
        ("GET", "/segments/{_id}/customers?updatedSince=2026-01-01", "updatedSince"),
        ("POST", "/runs/{_id}/undo?dryRun=true", "dryRun"),
        ("POST", f"{ACTIVATE}?dryRun=true", "dryRun"),
        ("POST", "/customers/bulk?mode=per-row", "mode"),
        ("PUT", "/customers/{_id}?version=1", "version"),
        ("DELETE", "/customers/{_id}?version=9", "version"),
    ],
)
def test_a_parameter_that_must_have_been_meant_is_refused_by_name(api, token, ada, everything, method, path, field):
    before = everything()
    body = {} if method in ("GET", "DELETE") else {"json": BULK if "bulk" in path else {}}
    answer = api(method, path.format(**ada), token=token(), **body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"].startswith(f"{field} is not known here; ")
    assert everything() == before


def test_a_parameter_in_another_spelling_is_told_how_it_is_written(api, token):
    answer = api("GET", "/customers?sort_by=customerId", token=token())
    assert answer.json()["message"] == "sort_by is not known here; write sortBy."


def test_what_is_read_only_does_no_harm(api, token, ada):
    own = {"_id": ada["_id"], "createdAt": "", "updatedAt": None, "__v": 3}
    for method, path, body in (
        ("PUT", "/customers/{_id}", {"purchaseAmount": 7}),
        ("PUT", UPDATE, {"membershipStatus": True}),
        ("POST", "/customers", {**CUSTOMER, "version": 4}),
        ("POST", ACTIVATE, {"threshold": 5}),
    ):
        assert api(method, path.format(**ada), token=token(), json={**own, **body}).is_success
    for path in ("/customers", "/customers/stats", "/customers/export", "/sales", "/runs"):
        assert api("GET", f"{path}?_=1700000000", token=token()).status_code == 200


@pytest.mark.parametrize("name", ["updatedAfter", "utm_source", "offset"])
def test_a_parameter_that_nobody_knows_is_refused_by_name(api, token, name):
    answer = api("GET", f"/customers?{name}=2026-01-01", token=token())
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


def test_a_change_of_nothing_but_unknown_fields_is_refused_by_name(api, token, ada, everything):
    before = everything()
    answer = api("PUT", f"/customers/{ada['_id']}", token=token(), json={"nickname": "Ada", "shoeSize": 38})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"nickname", "shoeSize"}
    assert everything() == before


def test_the_whole_customer_can_be_sent_back_with_a_new_membership(api, token, ada):
    answer = api("PUT", UPDATE.format(**ada), token=token(), json={**ada, "membershipStatus": True})
    assert (answer.status_code, answer.json()["data"]["version"]) == (200, 2)


@pytest.mark.parametrize(("version", "status"), [(1, 409), (2, 200), (3, 409), (None, 422), ("2", 422)])
def test_a_membership_is_changed_only_at_the_version_that_was_seen(api, token, ada, version, status):
    api("PUT", f"/customers/{ada['_id']}", token=token(), json={"customerName": "Ada L"})
    answer = api("PUT", UPDATE.format(**ada), token=token(), json={"membershipStatus": True, "version": version})
    assert answer.status_code == status
    if status != 200:
        assert [error["field"] for error in answer.json()["errors"]] == ["version"]
    now = api("GET", f"/customers/{ada['_id']}", token=token()).json()["data"]
    assert now["membershipStatus"] is (status == 200)


def test_members_are_filtered_and_sorted_like_everybody(api, token, register):
    for number, name in enumerate(("Emma", "Zoe", "Emma B")):
        register(f"C-{number}", customerName=name, membershipStatus=True, purchaseAmount=number)
    register("C-9", customerName="Emma C")

    def found(query):
        answer = api("GET", f"/customers/membership/by-status/true?{query}", token=token("analyst"))
        return [customer["customerId"] for customer in answer.json()["data"]]

    assert found("search=emma") == ["C-2", "C-0"]
    assert found("customerName=zoe") == ["C-1"]
    assert found("sortBy=purchaseAmount&sortOrder=asc") == ["C-0", "C-1", "C-2"]
    assert found("search=emma&limit=1&page=2") == ["C-0"]
    assert found("eligible=true") == []


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/customers/bulk", {"mode": "per-row", "customers": []}, "Customers must have at least 1 in the list."),
        (
            "/customers/bulk",
            {"mode": "per-row", "customers": [{}] * 1001},
            "Customers has 1,001 in the list; send at most 1,000.",
        ),
        ("/customers/bulk", {"mode": "per-row", "customers": None}, "Customers must be a list."),
        ("/sales", {**SALE, "items": None}, "Items must be a list."),
        (
            "/sales",
            {**SALE, "items": [{"name": "Tea", "unitPrice": 1}] * 201},
            "Items has 201 in the list; send at most 200.",
        ),
    ],
)
def test_a_list_of_the_wrong_length_is_refused_in_plain_words(api, token, path, body, sentence):
    answer = api("POST", path, token=token(), json=body)
    assert (answer.status_code, answer.json()["message"]) == (422, sentence)
