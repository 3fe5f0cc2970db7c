"""How strong what protects accounts is, as it is handed out and stored by the whole server."""

import base64
import re

from argon2 import extract_parameters
from argon2.low_level import Type

from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.models.validation import parse
from kinso.services.accounts.sign_in import SESSION_COOKIE
from kinso.services.accounts.users import PREFIX, create_token, create_user
from tests.integration.security.conftest import PASSWORD, fill_in

BITS = 256


def bits_of(secret):
    return len(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))) * 8


def test_every_secret_that_is_handed_out_is_strong_enough(browse, store, add):
    ann = add("ann", Role.ADMIN)
    browser = browse()
    form = fill_in(browser, "/sign-in", email=ann.email, password=PASSWORD)
    assert re.fullmatch("[0-9a-f]{64}", form["csrf"])
    nonce = browser.cookies["kinso_form"]
    assert bits_of(nonce) >= 192
    browser.post("/sign-in", data=form, headers={"Origin": "http://kinso.test"})
    secret = browser.cookies[SESSION_COOKIE]
    assert bits_of(secret) >= BITS
    answer = browse().post("/api/auth/login", json={"email": ann.email, "password": PASSWORD})
    assert bits_of(answer.json()["data"]["token"]) >= BITS
    token = create_token(store, ann.acting("app"), "Till 1").secret
    assert bits_of(token.removeprefix(PREFIX)) >= BITS
    stored = {session["_id"] for session in store.connection.database["sessions"].find()}
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in stored)


def test_a_password_is_stretched_before_it_is_stored(store, real_hashes):
    data = {"email": "eve@shop.com", "name": "Eve Person", "role": Role.STAFF, "password": PASSWORD}
    create_user(store, COMMAND_LINE, parse(NewUser, data))
    kept = store.connection.database["users"].find_one({"email": "eve@shop.com"})["passwordHash"]
    parameters = extract_parameters(kept)
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost) >= (65_536, 3)
    assert (parameters.salt_len, parameters.hash_len) >= (16, 32)
