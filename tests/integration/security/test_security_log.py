"""Who got in, who did not, who was let do what: one line of JSON each, and never a secret."""

import json
import logging

import pytest

from kinso.config import Settings
from kinso.errors import InvalidInput, NotPermitted, NotSignedIn, TooManyAttempts
from kinso.models.accounts import Role
from kinso.services.accounts.first_admin import prepare_first_admin, set_up_first_admin
from kinso.services.accounts.sign_in import sign_in, sign_out
from kinso.services.accounts.users import (
    change_own_password,
    change_role,
    reset_password,
    set_active,
    sign_out_everywhere,
)
from kinso.services.customers.editing import delete_customer
from tests.integration.security.conftest import PASSWORD


@pytest.fixture
def events(caplog):
    """What was written since the last question, as (event, facts)."""
    caplog.set_level(logging.INFO, "kinso.security")

    def events():
        lines = [record.getMessage() for record in caplog.records if record.name == "kinso.security"]
        caplog.clear()
        facts = [json.loads(line) for line in lines]
        return [(fact.pop("event"), fact) for fact in facts]

    return events


def test_signing_in_and_out(store, add, events):
    ann = add("ann")
    events()
    signed_in = sign_in(store, "ann@shop.com", PASSWORD, "198.51.100.7")
    sign_out(store, signed_in.session.id)
    sign_out(store, signed_in.session.id)
    assert events() == [
        ("signed in", {"user": ann.id, "address": "198.51.100.7"}),
        ("signed out", {"session": signed_in.session.id[:16]}),
    ]


def test_being_refused(store, add, events):
    add("ann")
    events()
    for kind in [NotSignedIn] * 5 + [TooManyAttempts]:
        with pytest.raises(kind):
            sign_in(store, "ann@shop.com", "a password typed wrong", "198.51.100.7")
    with pytest.raises(NotSignedIn):
        sign_in(store, 'a password typed as "e-mail"\n{"event": "signed in"}', "x", "198.51.100.8")
    seen = events()
    assert [(event, facts["reason"]) for event, facts in seen] == [
        *[("sign-in refused", "NotSignedIn")] * 5,
        ("sign-in refused", "TooManyAttempts"),
        ("sign-in refused", "NotSignedIn"),
    ]
    assert "typed" not in str(seen)
    assert "ann@shop.com" not in str(seen)


def test_what_an_administrator_does_with_accounts(store, add, events):
    ann, boss = add("ann"), add("boss", Role.ADMIN)
    events()
    change_role(store, boss.acting("app"), ann.id, Role.MANAGER)
    reset_password(store, boss.acting("app"), ann.id, "quite another sentence")
    set_active(store, boss.acting("app"), ann.id, active=False)
    set_active(store, boss.acting("app"), ann.id, active=True)
    by = {"user": ann.id, "by": boss.id}
    assert events() == [
        ("role changed", {**by, "role": "manager"}),
        ("password reset", {**by, "tokens": 0}),
        ("switched off", by),
        ("switched on", by),
    ]


def test_what_people_do_with_their_own(store, add, events):
    ann = add("ann")
    events()
    with pytest.raises(InvalidInput):
        change_own_password(store, ann.acting("app"), None, "wrong guess", "quite another sentence")
    change_own_password(store, ann.acting("app"), None, PASSWORD, "quite another sentence")
    sign_out_everywhere(store, ann.acting("app"))
    assert events() == [
        ("password change refused", {"user": ann.id}),
        ("password changed", {"user": ann.id}),
        ("signed out everywhere", {"user": ann.id, "sessions": 0}),
    ]


def test_trying_what_the_role_does_not_allow(store, add, events):
    ann = add("ann")
    events()
    with pytest.raises(NotPermitted):
        delete_customer(store, ann.acting("api"), "0" * 24)
    assert events() == [
        ("not permitted", {"user": ann.id, "role": "staff", "permission": "delete", "source": "api"}),
    ]


def test_the_set_up(store, events):
    code = prepare_first_admin(store, Settings())
    account = ("boss@shop.com", "Boss", PASSWORD, "198.51.100.7")
    with pytest.raises(InvalidInput):
        set_up_first_admin(store, "AAAA-AAAA-AAAA", *account)
    boss = set_up_first_admin(store, code, *account)
    seen = events()
    assert seen == [
        ("set-up refused", {"address": "198.51.100.7"}),
        ("first administrator set up", {"user": boss.id, "address": "198.51.100.7"}),
    ]
    assert code not in str(seen)
