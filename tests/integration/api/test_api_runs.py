import pytest

from kinso.models.accounts import COMMAND_LINE
from kinso.services.membership.activation import set_membership_of_selected

ACTIVATE = "/customers/membership/auto-activate"


@pytest.fixture
def runs(api, token, register):
    """The ids of three activations, oldest first."""
    ids = []
    for number in range(3):
        register(f"C-{number}", purchaseAmount=1000)
        ids.append(api("POST", ACTIVATE, token=token("staff")).json()["data"]["runId"])
    return ids


def test_runs_are_listed_newest_first(api, token, runs):
    answer = api("GET", "/runs?limit=2", token=token("analyst"))
    assert [run["_id"] for run in answer.json()["data"]] == runs[:0:-1]
    assert answer.json()["pagination"] == {"page": 1, "limit": 2, "total": 3, "totalPages": 2}
    [last] = api("GET", "/runs?limit=2&page=2", token=token()).json()["data"]
    assert (last["_id"], last["kind"], last["parameters"]) == (runs[0], "auto-activation", {"threshold": 1000.0})
    assert api("GET", "/runs?page=9", token=token()).json()["data"] == []


def test_a_run_is_told_with_who_when_and_how_many(api, token, runs):
    run = api("GET", f"/runs/{runs[0]}", token=token("analyst")).json()["data"]
    assert (run["byName"], run["source"], run["status"]) == ("staff person", "api", "done")
    assert (run["matched"], run["changed"], run["exceptionCount"], run["exceptions"]) == (1, 1, 0, [])
    assert run["startedAt"] <= run["finishedAt"]
    assert run["undoneBy"] is None


def test_an_undo_undoes_what_nobody_changed_since_and_names_the_rest(api, token, register, store):
    first, second = register("C-1", purchaseAmount=1000), register("C-2", purchaseAmount=1000)
    run_id = api("POST", ACTIVATE, token=token()).json()["data"]["runId"]
    set_membership_of_selected(store, COMMAND_LINE, [second["_id"]], membership_status=False)

    answer = api("POST", f"/runs/{run_id}/undo", token=token("manager"))
    undo = answer.json()["data"]
    assert (answer.status_code, undo["kind"], undo["changed"], undo["exceptionCount"]) == (200, "undo", 1, 1)
    assert undo["runId"] == undo["_id"]
    [kept] = undo["exceptions"]
    assert (kept["_id"], kept["customerId"], kept["outcome"]) == (second["_id"], "C-2", "kept")
    assert api("GET", f"/customers/{first['_id']}", token=token()).json()["data"]["membershipStatus"] is False
    assert api("GET", f"/runs/{run_id}", token=token()).json()["data"]["undoneBy"] == undo["_id"]
    assert api("GET", f"/runs/{undo['_id']}", token=token()).json()["data"] == undo

    assert api("POST", f"/runs/{run_id}/undo", token=token("manager")).status_code == 409
    assert api("POST", f"/runs/{undo['_id']}/undo", token=token("manager")).status_code == 200
    assert api("GET", f"/customers/{first['_id']}", token=token()).json()["data"]["membershipStatus"] is True


def test_a_list_of_runs_does_not_carry_their_exceptions(api, token, runs):
    for run in api("GET", "/runs", token=token()).json()["data"]:
        assert "exceptions" not in run


@pytest.mark.parametrize("id", ["65b0a1f2c3d4e5f6a7b8c9d0", "C-1", "null", "%24gt", "%00", "é" * 6])
def test_a_run_that_does_not_exist_is_not_found(api, token, runs, id):
    for method, path in (("GET", f"/runs/{id}"), ("POST", f"/runs/{id}/undo")):
        answer = api(method, path, token=token())
        assert answer.status_code == 404
        assert answer.json()["message"] == "This bulk change does not exist; look at the list again."


@pytest.mark.parametrize("query", ["page=0", "limit=0", "limit=1001", "limit=ten", "page[$gt]=1", "limit=5&limit=6"])
def test_a_parameter_that_makes_no_sense_is_refused(api, token, query):
    answer = api("GET", f"/runs?{query}", token=token())
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [query.split("=")[0].split("[")[0]]


def test_a_run_with_values_of_other_kinds_can_be_told(api, token, store, runs):
    odd = {"$set": {"parameters": {"at": store.runs.get(runs[0]).started_at, "filter": {"search": "ada"}, "n": None}}}
    store.connection.database["runs"].update_many({}, odd)
    told = api("GET", f"/runs/{runs[0]}", token=token()).json()["data"]["parameters"]
    assert (told["filter"], told["n"], isinstance(told["at"], str)) == ({"search": "ada"}, None, True)
