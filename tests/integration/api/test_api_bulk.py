import pytest

from kinso.services.customers.bulk import MOST_ERRORS, MOST_ROWS

BULK = "/customers/bulk"
EVE = {"customerId": "C-9", "customerName": "Eve", "contactInfo": "eve@shop.com"}
BAD_ROWS = [
    ({"customerName": "No ID", "contactInfo": "no@shop.com"}, "customerId"),
    ({**EVE, "customerId": None}, "customerId"),
    ({**EVE, "customerId": 5}, "customerId"),
    ({**EVE, "customerId": {"$gt": ""}}, "customerId"),
    ({**EVE, "customerId": " "}, "customerId"),
    ({**EVE, "customerId": "C\x00-9"}, "customerId"),
    ({**EVE, "customer_name": "Eve"}, "customer_name"),
    ({**EVE, "$set": {"purchaseAmount": 5}}, "$set"),
    ({"customerId": "C-1", "purchase_amount": 5}, "purchase_amount"),
    ({**EVE, "purchaseAmount": "5"}, "purchaseAmount"),
    ({**EVE, "purchaseAmount": -1}, "purchaseAmount"),
    ({**EVE, "membershipStatus": "false"}, "membershipStatus"),
    ({**EVE, "version": 1}, "version"),
    ({"customerId": "C-1", "customerName": None}, "customerName"),
    ({"customerId": "C-1", "contactInfo": "[" * 3}, "contactInfo"),
    ({"customerId": "c-1", "version": 7}, "version"),
    ({"customerId": "C-1", "version": None}, "version"),
    ({"customerId": "C-1", "version": "1"}, "version"),
]


def send(api, token, rows, mode="all-or-nothing", **more):
    return api("POST", BULK, token=token("staff"), json={"mode": mode, "customers": rows}, **more)


def outcomes(answer):
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert [row["index"] for row in data["results"]] == list(range(len(data["results"])))
    for outcome in ("created", "updated", "unchanged", "failed"):
        assert data[outcome] == [row["outcome"] for row in data["results"]].count(outcome)
    return [row["outcome"] for row in data["results"]]


def stored(api, token):
    listed = api("GET", "/customers?limit=1000&sortBy=customerId&sortOrder=asc", token=token()).json()
    return listed["data"]


@pytest.mark.parametrize("mode", ["all-or-nothing", "per-row"])
def test_customers_are_created_updated_and_left_alone_by_their_id(api, token, register, store, mode):
    ada = register("C-1", customerName="Ada", purchaseAmount=10)
    bob = register("C-2", customerName="Bob")
    rows = [
        {"customerId": " c-1 ", "purchaseAmount": 20.005},
        EVE,
        {**bob, "version": 1},
        {"customerId": "C-3", "customerName": "Cleo", "contactInfo": "cleo@shop.com", "membershipStatus": True},
    ]
    answer = send(api, token, rows, mode)
    assert outcomes(answer) == ["updated", "created", "unchanged", "created"]
    told = [row["customer"] for row in answer.json()["data"]["results"]]
    assert told[0] == {**ada, "purchaseAmount": 20.01, "version": 2, "updatedAt": told[0]["updatedAt"]}
    assert told[2] == bob
    assert [row["customerId"] for row in answer.json()["data"]["results"]] == ["C-1", "C-9", "C-2", "C-3"]
    by_id = {customer["_id"]: customer for customer in told}
    assert {customer["_id"]: customer for customer in stored(api, token)} == by_id


def test_a_list_is_one_run_that_can_be_undone(api, token, register, store):
    register("C-1", purchaseAmount=10)
    before = stored(api, token)
    run_id = send(api, token, [{"customerId": "C-1", "purchaseAmount": 20}, EVE]).json()["data"]["runId"]
    run = api("GET", f"/runs/{run_id}", token=token()).json()["data"]
    assert (run["kind"], run["status"], run["source"], run["byName"]) == ("import", "done", "api", "staff person")
    assert (run["matched"], run["changed"], run["finishedAt"] is None) == (2, 2, False)
    assert sorted(store.changes.customers_of_run(run_id, limit=9)) == ["C-1", "C-9"]

    undone = api("POST", f"/runs/{run_id}/undo", token=token("manager"))
    assert (undone.status_code, undone.json()["data"]["changed"]) == (200, 2)
    after = stored(api, token)
    assert [(row["customerId"], row["purchaseAmount"]) for row in after] == [
        (row["customerId"], row["purchaseAmount"]) for row in before
    ]


def test_a_list_that_changes_nothing_is_no_run(api, token, register, store):
    bob = register("C-2")
    answer = send(api, token, [bob])
    assert (outcomes(answer), answer.json()["data"]["runId"]) == (["unchanged"], None)
    assert store.runs.recent(limit=5) == []


@pytest.mark.parametrize(("row", "field"), BAD_ROWS)
def test_a_bad_row_fails_alone_and_says_why(api, token, register, row, field):
    register("C-1")
    good = {"customerId": "C-5", "customerName": "Good", "contactInfo": "good@shop.com"}
    answer = send(api, token, [row, good], "per-row")
    assert outcomes(answer) == ["failed", "created"]
    failed = answer.json()["data"]["results"][0]
    assert [error["field"] for error in failed["errors"]] == [field]
    assert all(error["message"].endswith(".") for error in failed["errors"])
    assert failed["customerId"] == (row.get("customerId") if isinstance(row.get("customerId"), str) else None)
    assert "customer" not in failed
    assert [customer["customerId"] for customer in stored(api, token)] == ["C-1", "C-5"]


@pytest.mark.parametrize(("row", "field"), BAD_ROWS)
def test_with_all_or_nothing_one_bad_row_refuses_the_list(api, token, register, store, row, field):
    register("C-1")
    good = {"customerId": "C-5", "customerName": "Good", "contactInfo": "good@shop.com"}
    before = stored(api, token)
    answer = send(api, token, [good, row])
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [f"customers.1.{field}"]
    assert "1 of 2 customers" in answer.json()["message"]
    assert (stored(api, token), store.runs.recent(limit=5)) == (before, [])


@pytest.mark.parametrize("mode", ["all-or-nothing", "per-row"])
@pytest.mark.parametrize("duplicate", ["C-9", "c-9", " C-9 "])
def test_an_id_that_is_in_the_list_twice_refuses_it(api, token, mode, duplicate):
    answer = send(api, token, [EVE, {**EVE, "customerId": duplicate, "customerName": "Other"}], mode)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "customers.1.customerId"
    assert "row 0" in error["message"]
    assert stored(api, token) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "customers"),
        ({"mode": "per-row", "customers": []}, "customers"),
        ({"mode": "per-row", "customers": None}, "customers"),
        ({"mode": "per-row", "customers": {"0": EVE}}, "customers"),
        ({"mode": "per-row", "customers": [EVE, None]}, "customers.1"),
        ({"mode": "per-row", "customers": [[EVE]]}, "customers.0"),
        ({"mode": "per-row", "customers": ["C-9"]}, "customers.0"),
        ({"mode": "per-row", "customers": [{}] * (MOST_ROWS + 1)}, "customers"),
        ({"mode": "some", "customers": [EVE]}, "mode"),
        ({"mode": None, "customers": [EVE]}, "mode"),
        ({"customers": [EVE]}, "mode"),
    ],
)
def test_what_is_no_list_of_customers_is_refused(api, token, body, field):
    answer = api("POST", BULK, token=token(), json=body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert all(error["message"].endswith(".") for error in answer.json()["errors"])
    assert stored(api, token) == []


def test_as_many_as_allowed_are_written_at_once(api, token, register):
    register("C-0")
    rows = [
        {"customerId": f"C-{number}", "customerName": f"Customer {number}", "contactInfo": "a@shop.com"}
        for number in range(MOST_ROWS)
    ]
    answer = send(api, token, rows)
    assert outcomes(answer) == ["updated"] + ["created"] * (MOST_ROWS - 1)
    assert len(stored(api, token)) == MOST_ROWS


def test_of_very_many_errors_only_the_first_are_named(api, token):
    answer = send(api, token, [{"customerId": f"C-{number}"} for number in range(MOST_ROWS)])
    assert (answer.status_code, len(answer.json()["errors"])) == (422, MOST_ERRORS)
    assert f"{MOST_ROWS:,} of {MOST_ROWS:,}" in answer.json()["message"]


def test_ending_a_membership_by_hand_is_not_undone_by_a_rule(api, token, register):
    register("C-1", purchaseAmount=5000, membershipStatus=True)
    send(api, token, [{"customerId": "C-1", "membershipStatus": False}])
    activated = api("POST", "/customers/membership/auto-activate", token=token(), json={"threshold": 1})
    assert activated.json()["data"]["updatedCount"] == 0


def test_a_customer_whose_id_was_given_up_is_registered_anew(api, token, register):
    gone = register("C-9")
    api("DELETE", f"/customers/{gone['_id']}", token=token())
    answer = send(api, token, [EVE])
    assert outcomes(answer) == ["created"]
    assert answer.json()["data"]["results"][0]["customer"]["_id"] != gone["_id"]


def test_text_of_half_a_character_or_very_deep_does_no_harm(api, token):
    half = b'{"mode":"per-row","customers":[{"customerId":"\\ud800aa","x":"\\ud800"},{"customerId":' + b"[" * 400
    body = half + b"]" * 400 + b"}]}"
    answer = api("POST", BULK, token=token(), content=body, headers={"Content-Type": "application/json"})
    assert outcomes(answer) == ["failed", "failed"]
