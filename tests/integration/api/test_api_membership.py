import json

import pytest

ACTIVATE = "/customers/membership/auto-activate"


@pytest.fixture
def shop(register):
    return [
        register("C-1", purchaseAmount=1000),
        register("C-2", purchaseAmount=999.99),
        register("C-3", purchaseAmount=5000, membershipStatus=True),
        register("C-4", purchaseAmount=2000),
    ]


def members(api, token, status="true", **parameters):
    return api("GET", f"/customers/membership/by-status/{status}", token=token("analyst"), params=parameters)


def ids(answer):
    return [customer["customerId"] for customer in answer.json()["data"]]


def test_one_customer_becomes_a_member_and_stops_being_one(api, token, register):
    created = register("C-1")
    for status, version in ((True, 2), (True, 2), (False, 3)):
        path = f"/customers/membership/update/{created['_id']}"
        answer = api("PUT", path, token=token("staff"), json={"membershipStatus": status})
        assert answer.status_code == 200
        data = answer.json()["data"]
        assert (data["membershipStatus"], data["version"]) == (status, version)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"membershipStatus": "true"},
        {"membershipStatus": 1},
        {"membershipStatus": None},
        {"membershipStatus": {"$ne": 1}},
    ],
)
def test_membership_is_true_or_false_and_nothing_else(api, token, register, body):
    created = register("C-1")
    answer = api("PUT", f"/customers/membership/update/{created['_id']}", token=token(), json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["membershipStatus"]


@pytest.mark.parametrize("id", ["65b0a1f2c3d4e5f6a7b8c9d0", "nobody"])
def test_the_membership_of_nobody_is_not_found(api, token, id):
    answer = api("PUT", f"/customers/membership/update/{id}", token=token(), json={"membershipStatus": True})
    assert answer.status_code == 404


def test_members_and_non_members_are_listed_newest_first(api, token, shop):
    assert ids(members(api, token)) == ["C-3"]
    answer = members(api, token, "false", limit=2)
    assert ids(answer) == ["C-4", "C-2"]
    assert answer.json()["pagination"] == {"page": 1, "limit": 2, "total": 3, "totalPages": 2}
    assert ids(members(api, token, "false", limit=2, page=2)) == ["C-1"]


@pytest.mark.parametrize(
    ("status", "query", "field"),
    [
        ("maybe", "", "membershipStatus"),
        ("True", "", "membershipStatus"),
        ("1", "", "membershipStatus"),
        ("true", "limit=0", "limit"),
        ("true", "limit=5&limit=6", "limit"),
        ("true", "limit[$gt]=1", "limit"),
    ],
)
def test_a_status_or_limit_that_makes_no_sense_is_refused(api, token, status, query, field):
    answer = api("GET", f"/customers/membership/by-status/{status}?{query}", token=token())
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "body", [{"json": {}}, {"json": {"threshold": 1000}}, {"json": {"threshold": 1000.0, "dryRun": False}}, {}]
)
def test_everyone_at_or_above_the_threshold_becomes_a_member(api, token, shop, store, body):
    answer = api("POST", ACTIVATE, token=token("staff"), **body)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["updatedCount"] == 2
    assert sorted(ids(members(api, token))) == ["C-1", "C-3", "C-4"]
    run = store.runs.get(data["runId"])
    assert (run.kind, run.source, run.changed, run.status) == ("auto-activation", "api", 2, "done")
    assert api("POST", ACTIVATE, token=token(), **body).json()["data"]["updatedCount"] == 0


def test_a_dry_run_counts_and_changes_nothing(api, token, shop, store):
    answer = api("POST", ACTIVATE, token=token(), json={"threshold": 999.99, "dryRun": True})
    assert (answer.status_code, answer.json()["data"]) == (200, {"updatedCount": 3, "runId": None})
    assert ids(members(api, token)) == ["C-3"]
    assert store.runs.recent(limit=5) == []


@pytest.mark.parametrize(
    "threshold", ["0", "-1", "0.001", "true", '"1000"', "null", '{"$gt": 0}', "1e15", "[]", "1e400"]
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_threshold_that_would_activate_everyone_or_nobody_is_refused(api, token, shop, threshold, dry_run):
    body = f'{{"threshold": {threshold}, "dryRun": {json.dumps(dry_run)}}}'
    answer = api("POST", ACTIVATE, token=token(), content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["threshold"]
    assert ids(members(api, token)) == ["C-3"]


@pytest.mark.parametrize("dry_run", ["true", 1, None])
def test_a_dry_run_is_not_guessed_at(api, token, shop, dry_run):
    answer = api("POST", ACTIVATE, token=token(), json={"threshold": 1, "dryRun": dry_run})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "dryRun")
    assert ids(members(api, token)) == ["C-3"]


@pytest.mark.parametrize(
    ("eligible", "found"),
    [("true", ["C-4", "C-1"]), ("false", ["C-3", "C-2"]), ("", ["C-4", "C-3", "C-2", "C-1"])],
)
def test_customers_are_listed_by_whether_the_rule_would_make_them_members(api, token, shop, eligible, found):
    answer = api("GET", "/customers", token=token("analyst"), params={"eligible": eligible})
    assert ids(answer) == found
    assert answer.json()["pagination"]["total"] == len(found)


def test_whether_somebody_is_eligible_is_true_or_false(api, token, shop):
    answer = api("GET", "/customers", token=token("analyst"), params={"eligible": "maybe"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["eligible"]
