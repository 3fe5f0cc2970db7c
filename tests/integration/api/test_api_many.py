"""The same done to many customers by a program: who is meant, what is told before, and what the run did."""

import pytest

BULK = "/customers/bulk"
RICH = {"fact": "purchaseAmount", "is": ">=", "value": 1000}


@pytest.fixture
def shop(register):
    return [register(f"C-{number}", purchaseAmount=amount) for number, amount in enumerate((500, 1000, 2500))]


@pytest.fixture
def do(api, token):
    def do(action, role="manager", **body):
        return api("POST", f"{BULK}/{action}", token=token(role), json=body)

    return do


def test_a_dry_run_tells_who_and_how_much_and_changes_nobody(api, token, do, shop, store):
    told = do("edit", filter=RICH, field="tags", edit="add", value=["big"], dryRun=True).json()
    assert told["message"] == "2 customers would be changed."
    data = told["data"]
    assert (data["runId"], data["matched"], data["changed"], data["purchaseTotal"]) == (None, 2, 2, 3500.0)
    assert {each["customerId"] for each in data["customers"]} == {"C-1", "C-2"}
    assert store.runs.count() == 0


def test_tags_are_added_to_those_of_a_segment_and_taken_off_by_an_undo(api, token, do, shop, store):
    made = {"name": "Rich", "filter": RICH}
    segment = api("POST", "/segments", token=token("manager"), json=made).json()["data"]["_id"]
    narrower = {"fact": "purchaseAmount", "is": "<", "value": 2000}
    done = do("edit", segment=segment, filter=narrower, field="tags", edit="add", value=["big"]).json()
    assert (done["message"], done["data"]["changed"]) == ("1 customer was changed.", 1)
    assert store.customers.get(shop[1]["_id"]).tags == ("big",)
    run = done["data"]["runId"]
    assert api("GET", f"/runs/{run}", token=token()).json()["data"]["kind"] == "bulk-edit"
    assert api("POST", f"/runs/{run}/undo", token=token("manager")).is_success
    assert store.customers.get(shop[1]["_id"]).tags == ()


def test_membership_and_deletion_of_a_list_of_ids(api, token, do, shop, store):
    ids = [shop[0]["_id"], shop[1]["_id"], "0" * 24]
    assert do("membership", ids=ids, membershipStatus=True, dryRun=True).json()["data"]["matched"] == 2
    assert do("membership", ids=ids, membershipStatus=True).json()["data"]["changed"] == 2
    gone = do("delete", ids=ids).json()
    assert (gone["message"], gone["data"]["matched"]) == ("2 customers were deleted.", 2)
    assert [each.customer_id for each in store.customers.get_many([each["_id"] for each in shop]).values()] == ["C-2"]


def test_an_erasure_takes_the_number_of_them(api, token, do, shop, store):
    for confirm in ({}, {"confirm": 1}):
        answer = do("erase", filter=RICH, **confirm)
        assert answer.status_code == 422
        assert "which is 2; nobody was erased" in answer.json()["message"]
    assert do("erase", filter=RICH, dryRun=True).json()["data"]["changed"] == 2
    done = do("erase", filter=RICH, confirm=2).json()
    assert done["message"] == "2 customers were erased."
    assert store.customers.get(shop[1]["_id"]).customer_name == "(erased)"
    assert api("POST", f"/runs/{done['data']['runId']}/undo", token=token("manager")).status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ids"),
        ({"ids": ["x"], "filter": {"all": []}}, "ids"),
        ({"ids": []}, "ids"),
        ({"filter": {"fact": "spent", "is": "odd", "value": 1}}, "filter"),
        ({"filter": None}, "filter"),
        ({"search": "ada", "filter": {"all": []}}, "search"),
        ({"filter": {"all": []}, "edit": "odd"}, "edit"),
        ({"filter": {"all": []}, "field": "customerName"}, "field"),
        ({"filter": {"all": []}, "value": "x"}, "value"),
    ],
)
def test_what_is_asked_for_in_a_wrong_way_is_refused_by_name(do, shop, store, body, field):
    answer = do("edit", **{"field": "tags", "edit": "add", "value": ["a"], **body})
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert store.runs.count() == 0


def test_a_repeated_request_is_done_once(api, token, do, shop, store):
    body = {"filter": RICH, "field": "notes", "edit": "append", "value": "Card sent"}
    answers = [
        api("POST", f"{BULK}/edit", token=token(), json=body, headers={"Idempotency-Key": "one"}).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert store.customers.get(shop[1]["_id"]).notes == "Card sent"


def test_a_segment_that_is_not_there_is_not_found(do, shop):
    assert do("delete", segment="0" * 24).status_code == 404
