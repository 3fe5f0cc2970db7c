from datetime import timedelta

import pytest

from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.repository.documents import now
from kinso.services.accounts.users import change_role, create_token, list_own_tokens, revoke_own_token, set_active

NEW = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}


@pytest.fixture
def owner(store):
    new = NewUser(email="till@shop.com", name="Till Person", role=Role.STAFF, password="not used here")
    return store.users.insert(new, "no hash", now())


@pytest.fixture
def till(store, owner):
    """The secret of a token."""
    return create_token(store, owner.acting("app"), "Till 1").secret


def test_a_token_is_good_for_calls_and_its_owner_is_in_the_history(api, store, owner, till):
    assert api("GET", "/auth/profile", token=till).json()["data"]["_id"] == owner.id
    created = api("POST", "/customers", token=till, json=NEW)
    assert created.status_code == 201
    [change] = store.changes.of_customer(created.json()["data"]["_id"], limit=5)
    assert (change.by_id, change.by_name, change.source) == (owner.id, "Till Person", "api")


def test_a_token_may_do_what_its_owner_may_at_that_moment(api, store, owner, till):
    assert api("POST", "/customers", token=till, json=NEW).status_code == 201
    change_role(store, COMMAND_LINE, owner.id, Role.ANALYST)
    refused = api("POST", "/customers", token=till, json={**NEW, "customerId": "C-2"})
    assert (refused.status_code, "analyst" in refused.json()["message"]) == (403, True)
    assert api("GET", "/customers", token=till).status_code == 200


def test_a_token_is_dead_when_it_is_revoked_expired_or_its_owner_switched_off(api, store, owner):
    actor = owner.acting("app")
    revoked, expired, orphaned = (create_token(store, actor, f"Till {number}") for number in range(3))
    revoke_own_token(store, actor, revoked.token.id)
    past = now() - timedelta(seconds=1)
    store.connection.database["api_tokens"].update_one({"name": "Till 1"}, {"$set": {"expiresAt": past}})
    assert api("GET", "/auth/profile", token=orphaned.secret).status_code == 200
    set_active(store, COMMAND_LINE, owner.id, active=False)
    for dead in (revoked, expired, orphaned):
        answer = api("GET", "/auth/profile", token=dead.secret)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["message"].startswith("This API token is not valid")


@pytest.mark.parametrize("change", [str.upper, lambda text: text[:-1], lambda text: text + "A", lambda text: text[6:]])
def test_what_only_resembles_a_token_is_nobody(api, till, change):
    assert api("GET", "/auth/profile", token=change(till)).status_code == 401


def test_a_token_is_no_cookie(api, till):
    assert api("GET", "/auth/profile", cookie=till).status_code == 401


def test_a_token_is_no_session_that_could_be_signed_out(api, till):
    answer = api("POST", "/auth/logout", token=till)
    assert answer.status_code == 409
    assert "revoke it on the page My account" in answer.json()["message"]
    assert "set-cookie" not in answer.headers
    assert api("GET", "/auth/profile", token=till).status_code == 200


def test_a_token_may_be_used_from_any_site(api, till):
    headers = {"Origin": "http://other.test", "Sec-Fetch-Site": "cross-site"}
    assert api("POST", "/customers", token=till, headers=headers, json=NEW).status_code == 201


def test_its_use_is_noted(api, store, owner, till):
    assert [token.last_used_at for token in list_own_tokens(store, owner.acting("app"))] == [None]
    api("GET", "/auth/profile", token=till)
    [token] = list_own_tokens(store, owner.acting("app"))
    assert abs(now() - token.last_used_at) < timedelta(minutes=1)
