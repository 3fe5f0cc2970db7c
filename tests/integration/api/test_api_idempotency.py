import threading
from datetime import timedelta

import httpx
import pytest

from kinso.database.schema import VALIDATORS
from kinso.models.accounts import COMMAND_LINE, Role
from kinso.repository.documents import now
from kinso.services.accounts.users import change_role
from kinso.services.history.trash import erase_person
from kinso.services.membership.activation import set_membership_of_selected

KEY = {"Idempotency-Key": "5f1d7a3e-0b1f-4c62-9a4e-6f0e1c7d2b90"}
NEW = {"customerId": "C-2", "customerName": "Bea", "contactInfo": "bea@shop.com", "purchaseAmount": 50}
ACTIVATE = "/customers/membership/auto-activate"


@pytest.fixture
def repeatable(register, store):
    """Every call that takes a key, ready to be made: path, body, a different body."""
    customer = register("C-1", purchaseAmount=2000)
    run = set_membership_of_selected(store, COMMAND_LINE, [customer["_id"]], membership_status=False)
    another = set_membership_of_selected(store, COMMAND_LINE, [customer["_id"]], membership_status=False)
    bulk = {"mode": "per-row", "customers": [NEW]}
    return {
        "register": ("/customers", NEW, {**NEW, "customerName": "Other"}),
        "bulk": ("/customers/bulk", bulk, {**bulk, "mode": "all-or-nothing"}),
        "activate": (ACTIVATE, {"threshold": 10}, {"threshold": 20}),
        "undo": (f"/runs/{run.id}/undo", None, f"/runs/{another.id}/undo"),
    }


NAMES = ["register", "bulk", "activate", "undo"]


def contents(store):
    database = store.connection.database
    return {name: list(database[name].find()) for name in ("customers", "changes", "runs", "memberships")}


def post(api, path, body, **more):
    return api("POST", path, **more, **({} if body is None else {"json": body}))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_request_is_done_once_and_answered_alike(api, token, store, repeatable, name):
    path, body, _other = repeatable[name]
    first = post(api, path, body, token=token(), headers=KEY)
    assert first.is_success, first.text
    assert "idempotency-replayed" not in first.headers
    done = contents(store)
    again = post(api, f"{path}/", body, token=token(), headers=KEY)
    assert (again.status_code, again.content, again.headers.get("etag")) == (
        first.status_code,
        first.content,
        first.headers.get("etag"),
    )
    assert again.headers["idempotency-replayed"] == "true"
    assert contents(store) == done


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_good_for_one_request(api, token, store, repeatable, name):
    path, body, other = repeatable[name]
    other_path, other_body = (other, None) if isinstance(other, str) else (path, other)
    assert post(api, path, body, token=token(), headers=KEY).is_success
    done = contents(store)
    answer = post(api, other_path, other_body, token=token(), headers=KEY)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert contents(store) == done


@pytest.mark.parametrize("name", NAMES)
def test_what_was_refused_is_looked_at_again(api, token, store, repeatable, name):
    path, body, _other = repeatable[name]
    assert post(api, path, body, token=token("analyst"), headers=KEY).status_code == 403
    store.users.update(store.users.by_email("analyst@shop.test").id, role="admin")
    assert post(api, path, body, token=token("analyst"), headers=KEY).is_success


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_not_told_to_a_lesser_role(api, token, store, repeatable, name):
    path, body, _other = repeatable[name]
    assert post(api, path, body, token=token("manager"), headers=KEY).is_success
    change_role(store, COMMAND_LINE, store.users.by_email("manager@shop.test").id, Role.ANALYST)
    assert post(api, path, body, token=token("manager"), headers=KEY).status_code == 403


def test_a_refusal_does_not_stick(api, token, register):
    taken = register("C-2")
    assert post(api, "/customers", NEW, token=token(), headers=KEY).status_code == 409
    api("DELETE", f"/customers/{taken['_id']}", token=token())
    answer = post(api, "/customers", NEW, token=token(), headers=KEY)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)


def test_a_failure_does_not_stick(api, token, store):
    store.connection.database.command({"collMod": "changes", "validator": {"impossible": True}})
    try:
        answer = post(api, "/customers", NEW, token=token(), headers=KEY)
        assert answer.status_code == 500
        assert contents(store)["customers"] == []
    finally:
        present = {"$jsonSchema": VALIDATORS["changes"]}
        store.connection.database.command({"collMod": "changes", "validator": present})
    assert post(api, "/customers", NEW, token=token(), headers=KEY).status_code == 201


def test_while_it_is_under_way_the_same_request_is_told_when_to_come_back(api, token, store):
    assert post(api, "/customers", NEW, token=token(), headers=KEY).status_code == 201
    excluded = {"$set": {"answer": None, "heldUntil": now() + timedelta(seconds=20)}}
    store.connection.database["requests"].update_one({}, excluded)
    answer = post(api, "/customers", NEW, token=token(), headers=KEY)
    assert answer.status_code == 409
    assert 0 < int(answer.headers["retry-after"]) <= 20


def test_people_do_not_share_keys(api, token, store):
    assert post(api, "/customers", NEW, token=token("staff"), headers=KEY).status_code == 201
    answer = post(api, "/customers", {**NEW, "customerId": "C-3"}, token=token("manager"), headers=KEY)
    assert answer.status_code == 201


def test_a_dry_run_needs_no_key_and_uses_none_up(api, token, register):
    register("C-1", purchaseAmount=2000)
    asked = post(api, ACTIVATE, {"threshold": 10, "dryRun": True}, token=token(), headers=KEY)
    assert asked.json()["data"]["runId"] is None
    assert post(api, ACTIVATE, {"threshold": 10}, token=token(), headers=KEY).json()["data"]["updatedCount"] == 1


def test_without_a_key_nothing_is_kept(api, token, store):
    assert post(api, "/customers", NEW, token=token()).status_code == 201
    assert post(api, "/customers", NEW, token=token()).status_code == 409
    assert list(store.connection.database["requests"].find()) == []


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "ключ", "a\x7f"])
def test_a_key_is_short_visible_text(api, token, store, key):
    answer = api("POST", "/customers", token=token(), headers={"Idempotency-Key": key.encode()}, json=NEW)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert contents(store)["customers"] == []


def test_an_erased_person_is_not_told_again(api, token, store, manager):
    created = post(api, "/customers", NEW, token=token(), headers=KEY).json()["data"]
    erase_person(store, manager, created["_id"])
    answer = post(api, "/customers", NEW, token=token(), headers=KEY)
    assert answer.status_code == 409
    assert "erased" in answer.json()["message"]


def test_the_same_request_from_many_sides_at_once_is_done_once(live, token, store):
    headers = {**KEY, "Authorization": f"Bearer {token()}"}
    answers = []

    def send():
        answers.append(httpx.post(f"{live}/api/customers", json=NEW, headers=headers, timeout=30))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        assert answer.status_code == 201 or "retry-after" in answer.headers
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(contents(store)["customers"]) == 1
