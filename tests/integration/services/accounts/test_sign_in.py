import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from pymongo import MongoClient

from kinso.database.connection import Connection
from kinso.errors import DatabaseUnavailable, NotSignedIn, TooManyAttempts
from kinso.models.accounts import NewUser, Role, Session
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts import passwords
from kinso.services.accounts.passwords import hash_password
from kinso.services.accounts.sign_in import IDLE_LIFETIME, LONGEST_LIFETIME, resume, session_id_of, sign_in, sign_out
from kinso.services.accounts.users import change_role, reset_password, set_active

PASSWORD = "correct horse battery"
HERE = "198.51.100.7"


@pytest.fixture
def user(store):
    new = NewUser(email="ann@shop.com", name="Ann", role=Role.STAFF, password=SecretStr(PASSWORD))
    return store.users.insert(new, hash_password(PASSWORD), now())


@pytest.fixture
def boss(store):
    new = NewUser(email="boss@shop.com", name="Boss", role=Role.ADMIN, password=SecretStr(PASSWORD))
    return store.users.insert(new, "unused", now()).acting("app")


def fail(store, times, email="ann@shop.com", address=HERE):
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            sign_in(store, email, "wrong", address)


def session_ending(store, user, *, created, expires):
    session = Session(id=session_id_of("a secret"), user_id=user.id, created_at=created, expires_at=expires)
    store.sessions.insert(session)
    return session


def test_the_right_password_begins_a_session_that_leads_back_to_the_user(store, user):
    secret, session, signed_in = sign_in(store, " Ann@Shop.com ", PASSWORD, HERE)
    assert session.id == session_id_of(secret) != secret
    assert signed_in.last_sign_in_at == session.created_at
    assert resume(store, session.id) == signed_in


def test_every_sign_in_has_a_secret_of_its_own(store, user):
    assert sign_in(store, user.email, PASSWORD, HERE).secret != sign_in(store, user.email, PASSWORD, HERE).secret


def test_the_database_does_not_hold_the_secret(store, user):
    secret = sign_in(store, user.email, PASSWORD, HERE).secret
    assert secret not in str(list(store.connection.database["sessions"].find()))


def test_an_unknown_email_a_wrong_password_and_a_switched_off_account_look_the_same(store, user, boss):
    messages = set()
    set_active(store, boss, user.id, active=False)
    attempts = [
        ("nobody@shop.com", PASSWORD),
        ("boss@shop.com", "wrong"),
        (user.email, PASSWORD),
        ("not an e-mail", "x"),
    ]
    for email, password in attempts:
        with pytest.raises(NotSignedIn) as caught:
            sign_in(store, email, password, HERE)
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_an_unknown_email_costs_as_many_hashes_as_a_known_one(store, user, monkeypatch):
    verified = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):
            verified.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    fail(store, 1, email="nobody@shop.com")
    unknown = len(verified)
    fail(store, 1)
    assert (unknown, len(verified)) == (1, 2)


@pytest.mark.parametrize("email", ["\ud800@shop.com", "a" * 10_000, "", "x\x00y@shop.com", "{'$gt': ''}"])
def test_a_strange_email_is_only_wrong(store, user, email):
    with pytest.raises(NotSignedIn, match="not right"):
        sign_in(store, email, PASSWORD, HERE)


@pytest.mark.parametrize("password", ["", "\ud800", "x" * 100_000, "\x00"])
def test_a_strange_password_is_only_wrong(store, user, password):
    with pytest.raises(NotSignedIn, match="not right"):
        sign_in(store, user.email, password, HERE)


def test_a_password_is_the_same_however_its_accents_were_typed(store, user, boss):
    reset_password(store, boss, user.id, "crème brûlée")
    assert sign_in(store, user.email, "cre\u0300me bru\u0302le\u0301e", HERE).user.id == user.id


def test_the_sixth_attempt_from_one_address_is_refused_even_with_the_right_password(store, user):
    fail(store, 5)
    with pytest.raises(TooManyAttempts) as caught:
        sign_in(store, user.email, PASSWORD, HERE)
    assert 14 * 60 < caught.value.retry_after <= 15 * 60
    assert sign_in(store, user.email, PASSWORD, "203.0.113.9").user.id == user.id


def test_refused_attempts_do_not_prolong_the_wait(store, user):
    fail(store, 5)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            sign_in(store, user.email, PASSWORD, HERE)
    assert store.connection.database["attempts"].count_documents({}) == 5


def test_after_the_window_the_account_is_open_again(store, user):
    fail(store, 5)
    attempts = store.connection.database["attempts"]
    attempts.update_many(
        {}, [{"$set": {"at": {"$dateSubtract": {"startDate": "$at", "unit": "minute", "amount": 15}}}}]
    )
    assert sign_in(store, user.email, PASSWORD, HERE).user.id == user.id


def test_a_success_forgets_the_failures_before_it(store, user):
    fail(store, 4)
    sign_in(store, user.email, PASSWORD, HERE)
    fail(store, 4)
    assert sign_in(store, user.email, PASSWORD, HERE).user.id == user.id


def test_an_own_account_does_not_buy_more_guesses_at_another_one(store, user, boss):
    fail(store, 5, email="boss@shop.com")
    sign_in(store, user.email, PASSWORD, HERE)
    with pytest.raises(TooManyAttempts):
        sign_in(store, "boss@shop.com", "wrong", HERE)


def test_an_account_is_protected_from_many_addresses_together(store, user):
    for number in range(4):
        fail(store, 5, address=f"203.0.113.{number}")
    with pytest.raises(TooManyAttempts):
        sign_in(store, user.email, PASSWORD, "198.51.100.1")


def test_an_address_cannot_try_many_accounts(store, user):
    for number in range(50):
        store.attempts.record(f"hash {number}", HERE, at=now(), expires_at=now() + timedelta(minutes=15))
    with pytest.raises(TooManyAttempts):
        sign_in(store, user.email, PASSWORD, HERE)


def test_a_whole_ipv6_network_counts_as_one_address(store, user):
    for number in range(5):
        fail(store, 1, address=f"2001:db8:1:2::{number}")
    with pytest.raises(TooManyAttempts):
        sign_in(store, user.email, PASSWORD, "2001:db8:1:2:ffff::1")
    assert sign_in(store, user.email, PASSWORD, "2001:db8:1:3::1").user.id == user.id


def test_two_ipv4_addresses_on_an_ipv6_socket_stay_two(store, user):
    fail(store, 5, address="::ffff:198.51.100.7")
    with pytest.raises(TooManyAttempts):
        sign_in(store, user.email, PASSWORD, HERE)
    assert sign_in(store, user.email, PASSWORD, "::ffff:198.51.100.8").user.id == user.id


def test_simultaneous_guesses_do_not_slip_past_the_limit(store, user, monkeypatch):
    looked_at = []
    monkeypatch.setattr("kinso.services.accounts.sign_in.matches", lambda *_: looked_at.append(1))
    monkeypatch.setattr("kinso.services.accounts.sign_in._verifying", threading.BoundedSemaphore(24))

    def guess(_number):
        with pytest.raises((NotSignedIn, TooManyAttempts)):
            sign_in(store, user.email, "wrong", HERE)

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(guess, range(24)))
    assert 1 <= len(looked_at) <= 5


def test_many_right_passwords_at_once_are_no_guesses(store, user):
    with ThreadPoolExecutor(12) as pool:
        signed_in = list(pool.map(lambda _: sign_in(store, user.email, PASSWORD, HERE), range(12)))
    assert len({session.id for _, session, _ in signed_in}) == 12


def test_what_people_type_as_email_is_not_kept(store, user):
    with pytest.raises(NotSignedIn):
        sign_in(store, "my-secret-password", "x", HERE)
    [attempt] = store.connection.database["attempts"].find()
    assert "my-secret-password" not in str(attempt)


def test_a_hash_of_older_parameters_is_renewed(store, user):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    store.users.replace_password_hash(user.id, store.users.with_password_hash(id=user.id)[1], weak)
    session_id = sign_in(store, user.email, PASSWORD, HERE).session.id
    renewed = store.users.with_password_hash(id=user.id)[1]
    assert renewed != weak
    assert not passwords.is_outdated(renewed)
    assert resume(store, session_id).id == user.id
    assert sign_in(store, user.email, PASSWORD, HERE).user.id == user.id


def test_a_sign_in_that_began_before_a_password_reset_does_not_outlive_it(store, user, boss, monkeypatch):
    def reset_meanwhile(password_hash, password):
        reset_password(store, boss, user.id, "a new password")
        return passwords.matches(password_hash, password)

    monkeypatch.setattr("kinso.services.accounts.sign_in.matches", reset_meanwhile)
    with pytest.raises(NotSignedIn):
        sign_in(store, user.email, PASSWORD, HERE)
    assert store.connection.database["sessions"].count_documents({}) == 0


def test_signing_out_ends_only_this_session(store, user):
    one, other = (sign_in(store, user.email, PASSWORD, HERE).session for _ in range(2))
    sign_out(store, one.id)
    sign_out(store, one.id)
    with pytest.raises(NotSignedIn):
        resume(store, one.id)
    assert resume(store, other.id).id == user.id


@pytest.mark.parametrize("session_id", [None, "", "unknown", "$ne"])
def test_nobody_is_behind_an_unknown_session(store, user, session_id):
    with pytest.raises(NotSignedIn):
        resume(store, session_id)


def test_a_new_role_shows_in_the_running_session(store, user, boss):
    session_id = sign_in(store, user.email, PASSWORD, HERE).session.id
    change_role(store, boss, user.id, Role.ANALYST)
    assert resume(store, session_id).role is Role.ANALYST


def test_a_session_ends_when_it_was_idle_for_too_long(store, user):
    created = now() - IDLE_LIFETIME
    session = session_ending(store, user, created=created, expires=now() - timedelta(milliseconds=1))
    with pytest.raises(NotSignedIn):
        resume(store, session.id)


def test_using_a_session_moves_its_end(store, user):
    session = session_ending(store, user, created=now() - timedelta(hours=6), expires=now() + timedelta(hours=6))
    resume(store, session.id)
    assert store.sessions.get_with_user(session.id)[0].expires_at > now() + IDLE_LIFETIME - timedelta(minutes=1)


def test_using_a_session_again_soon_writes_nothing(store, user):
    expires = now() + IDLE_LIFETIME - timedelta(minutes=4)
    session = session_ending(store, user, created=now() - timedelta(minutes=4), expires=expires)
    resume(store, session.id)
    assert store.sessions.get_with_user(session.id)[0].expires_at == expires


def test_no_session_outlives_the_longest_lifetime(store, user):
    created = now() - LONGEST_LIFETIME + timedelta(hours=1)
    session = session_ending(store, user, created=created, expires=now() + timedelta(minutes=30))
    resume(store, session.id)
    assert store.sessions.get_with_user(session.id)[0].expires_at == created + LONGEST_LIFETIME


@pytest.mark.slow
def test_an_unreachable_database_is_said_so():
    client = MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50, connect=False)
    nowhere = Store(Connection(client, client["nowhere"]))
    with client:
        for call in (sign_in, lambda *_: resume(nowhere, "x"), lambda *_: sign_out(nowhere, "x")):
            with pytest.raises(DatabaseUnavailable):
                call(nowhere, "ann@shop.com", PASSWORD, HERE)
