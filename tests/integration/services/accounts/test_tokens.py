import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from kinso.errors import InvalidInput, NotFound, NotPermitted, NotSignedIn
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.repository.documents import new_id, now
from kinso.services.accounts import users
from kinso.services.accounts.sign_in import resume, session_id_of
from kinso.services.accounts.users import (
    change_role,
    create_token,
    is_api_token,
    list_all_tokens,
    list_own_tokens,
    resume_token,
    revoke_any_token,
    revoke_own_token,
    set_active,
)


@pytest.fixture
def person(store):
    """Makes accounts: `user, actor = person("Ada", Role.STAFF)`."""

    def person(name, role=Role.STAFF):
        new = NewUser(email=f"{name.lower()}@shop.com", name=name, role=role, password="not used here")
        user = store.users.insert(new, "no hash", now())
        return user, user.acting("app")

    return person


def test_a_token_is_its_owner_and_is_kept_as_a_hash_only(store, person):
    user, actor = person("Ada")
    issued = create_token(store, actor, " Till 1 ")
    assert is_api_token(issued.secret)
    assert issued.secret.startswith("kinso_")
    assert resume_token(store, issued.secret) == user
    [stored] = store.connection.database["api_tokens"].find()
    assert stored["name"] == "Till 1"
    assert stored["hash"] == session_id_of(issued.secret)
    assert issued.secret not in str(stored)
    assert list_own_tokens(store, actor)[0].id == issued.token.id


def test_every_token_is_another_one(store, person):
    _user, actor = person("Ada")
    assert len({create_token(store, actor, "Till").secret for _ in range(20)}) == 20


@pytest.mark.parametrize("name", ["", " ", "a", "x" * 101, "a\nb", "a\u202eb", None, 5])
def test_a_token_needs_a_name(store, person, name):
    _user, actor = person("Ada")
    with pytest.raises(InvalidInput) as refused:
        create_token(store, actor, name)
    assert [error.field for error in refused.value.errors] == ["name"]
    assert list_own_tokens(store, actor) == []


@pytest.mark.parametrize("expiry", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1), "soon", True])  # noqa: DTZ001
def test_an_expiry_is_a_moment_in_the_future(store, person, expiry):
    _user, actor = person("Ada")
    with pytest.raises(InvalidInput) as refused:
        create_token(store, actor, "Till", expiry)
    assert [error.field for error in refused.value.errors] == ["expiresAt"]


def test_only_accounts_have_tokens(store):
    with pytest.raises(NotFound):
        create_token(store, COMMAND_LINE, "Till")


def test_a_token_expires(store, person):
    _user, actor = person("Ada")
    issued = create_token(store, actor, "Till", now() + timedelta(hours=1))
    assert resume_token(store, issued.secret)
    expired = {"$set": {"expiresAt": now() - timedelta(milliseconds=1)}}
    store.connection.database["api_tokens"].update_one({}, expired)
    with pytest.raises(NotSignedIn):
        resume_token(store, issued.secret)
    assert [token.has_expired(now()) for token in list_own_tokens(store, actor)] == [True]


def test_a_token_has_the_role_that_its_owner_has_now(store, person, admin):
    user, actor = person("Ada", Role.MANAGER)
    issued = create_token(store, actor, "Till")
    change_role(store, admin, user.id, Role.ANALYST)
    assert resume_token(store, issued.secret).role is Role.ANALYST


def test_a_token_is_dead_while_its_owner_is_switched_off(store, person, admin):
    user, actor = person("Ada")
    issued = create_token(store, actor, "Till")
    set_active(store, admin, user.id, active=False)
    with pytest.raises(NotSignedIn):
        resume_token(store, issued.secret)


def test_a_token_without_its_owner_is_nobody(store, person):
    user, actor = person("Ada")
    issued = create_token(store, actor, "Till")
    store.connection.database["users"].delete_one({"email": user.email})
    with pytest.raises(NotSignedIn):
        resume_token(store, issued.secret)


def test_a_revoked_token_is_dead_at_once(store, person):
    _user, actor = person("Ada")
    kept, revoked = create_token(store, actor, "Till 1"), create_token(store, actor, "Till 2")
    revoke_own_token(store, actor, revoked.token.id)
    with pytest.raises(NotSignedIn):
        resume_token(store, revoked.secret)
    assert resume_token(store, kept.secret)
    with pytest.raises(NotFound):
        revoke_own_token(store, actor, revoked.token.id)


@pytest.mark.parametrize("id", ["nonsense", "", "65b0a1f2c3d4e5f6a7b8c9d0"])
def test_what_is_no_token_cannot_be_revoked(store, person, admin, id):
    _user, actor = person("Ada")
    create_token(store, actor, "Till")
    for revoke in (revoke_own_token, revoke_any_token):
        with pytest.raises(NotFound):
            revoke(store, admin if revoke is revoke_any_token else actor, id)
    assert len(list_own_tokens(store, actor)) == 1


def test_nobody_sees_or_revokes_the_tokens_of_others_but_an_administrator(store, person, admin, manager):
    _ada, ada = person("Ada")
    _bob, bob = person("Bob", Role.ADMIN)
    issued = create_token(store, ada, "Till")
    assert list_own_tokens(store, bob) == []
    with pytest.raises(NotFound):
        revoke_own_token(store, bob, issued.token.id)
    for refused in (lambda: list_all_tokens(store, manager), lambda: revoke_any_token(store, manager, issued.token.id)):
        with pytest.raises(NotPermitted):
            refused()
    assert [token.name for token in list_all_tokens(store, admin)] == ["Till"]
    revoke_any_token(store, admin, issued.token.id)
    with pytest.raises(NotSignedIn):
        resume_token(store, issued.secret)


def test_its_last_use_is_noted_once_a_minute(store, person, monkeypatch):
    _user, actor = person("Ada")
    issued = create_token(store, actor, "Till")
    start = now()

    def used_after(seconds):
        moment = start + timedelta(seconds=seconds)
        monkeypatch.setattr(users, "now", lambda: moment)
        resume_token(store, issued.secret)
        [token] = list_own_tokens(store, actor)
        return (token.last_used_at - start).total_seconds()

    assert [used_after(seconds) for seconds in (0, 1, 59, 60, 61, 119, 120)] == [0, 0, 0, 60, 60, 60, 120]


def test_a_token_never_looks_like_a_session_nor_a_session_like_a_token(store, person):
    _user, actor = person("Ada")
    issued = create_token(store, actor, "Till")
    with pytest.raises(NotSignedIn):
        resume(store, session_id_of(issued.secret))
    assert not is_api_token("kinso_" + "a" * 37)
    assert not is_api_token(new_id())


def test_expired_tokens_are_removed_by_the_database_after_a_month(store):
    indexes = store.connection.database["api_tokens"].index_information().values()
    [lifetime] = [index["expireAfterSeconds"] for index in indexes if "expireAfterSeconds" in index]
    assert lifetime == 30 * 24 * 3600


def test_who_made_and_ended_a_token_is_in_the_security_log_and_its_secret_is_not(store, person, admin, caplog):
    caplog.set_level(logging.INFO, "kinso.security")
    user, actor = person("Ada")
    own, other = create_token(store, actor, "Till 1"), create_token(store, actor, "Till 2")
    revoke_own_token(store, actor, own.token.id)
    revoke_any_token(store, admin, other.token.id)
    events = [json.loads(record.getMessage()) for record in caplog.records]
    assert events == [
        {"event": "token created", "token": own.token.id, "user": user.id},
        {"event": "token created", "token": other.token.id, "user": user.id},
        {"event": "token revoked", "token": own.token.id, "by": user.id},
        {"event": "token revoked", "token": other.token.id, "by": admin.user_id},
    ]
    assert own.secret not in caplog.text
