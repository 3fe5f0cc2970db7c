"""The account page: one's own name, role, password and sessions."""

import pytest

from kinso.errors import NotSignedIn
from kinso.models.accounts import NewUser, Role
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services.accounts.passwords import hash_password, matches
from kinso.services.accounts.sign_in import resume, sign_in

OLD, NEW = "the old password", "the new password"
_OLD_HASH = hash_password(OLD)


@pytest.fixture
def account(open_page, store):
    """The page of a person whose password is `OLD`."""

    def open_account(role=Role.STAFF):
        page = open_page("account", role)
        user = next(iter(store.users.all()))
        store.users.update(user.id, passwordHash=_OLD_HASH)
        return page, user

    return open_account


def words(page):
    return "\n".join(element.value.replace("\\", "") for element in [*page.markdown, *page.caption])


def change_password(page, current, new, again):
    page.text_input(key="current_password").set_value(current)
    page.text_input(key="new_password").set_value(new)
    page.text_input(key="new_password_again").set_value(again)
    return next(button for button in page.button if button.label == "Change password").click().run()


def has_password(store, user, password):
    return matches(store.users.with_password_hash(id=user.id)[1], password)


@pytest.mark.parametrize(
    ("role", "allowed", "not_allowed"),
    [
        (Role.ANALYST, "Download customers as CSV", "Register customers"),
        (Role.STAFF, "Activate everyone at a membership threshold", "Delete customers"),
        (Role.MANAGER, "Delete customers", "Look after users"),
        (Role.ADMIN, "Look after users", None),
    ],
)
def test_everyone_sees_who_they_are_and_what_they_may_do(account, role, allowed, not_allowed):
    page, user = account(role)

    seen = words(page)
    assert page.text_input(key="name").value == user.name
    assert user.email in seen
    assert f"Your role: {role}" in [subheader.value for subheader in page.subheader]
    assert allowed in seen
    assert not_allowed is None or not_allowed not in seen


def test_changing_ones_name(account, store, toasts):
    page, user = account()

    page.text_input(key="name").set_value("Ada Long")
    next(button for button in page.button if button.label == "Save name").click().run()

    assert store.users.by_id(user.id).name == "Ada Long"
    assert toasts(page) == ["You are called Ada Long now."]


def test_a_name_that_is_too_short_is_refused_beside_the_field(account, store):
    page, user = account()

    page.text_input(key="name").set_value("A")
    next(button for button in page.button if button.label == "Save name").click().run()

    assert "Name is too short; use at least 2 characters." in words(page)
    assert page.text_input(key="name").value == "A"
    assert store.users.by_id(user.id).name == user.name


def test_changing_ones_password_keeps_this_session_and_ends_the_others(account, store, toasts):
    page, user = account()
    other = sign_in(store, user.email, OLD, "127.0.0.1").session

    change_password(page, OLD, NEW, NEW)

    assert has_password(store, user, NEW)
    assert resume(store, page.user["session"]).id == user.id
    with pytest.raises(NotSignedIn):
        resume(store, other.id)
    assert "Password changed" in toasts(page)[0]
    assert [page.text_input(key=key).value for key in ("current_password", "new_password")] == ["", ""]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("wrong password", NEW, NEW), "Current password is not right"),
        ((OLD, "short", "short"), "Password is too short; use at least 8 characters."),
        ((OLD, NEW, NEW + "x"), "New password again differs from the new password"),
        ((OLD, "", ""), "Password is required."),
    ],
)
def test_a_refused_password_changes_nothing_and_says_why(account, store, typed, sentence):
    page, user = account()

    change_password(page, *typed)

    assert sentence in words(page)
    assert has_password(store, user, OLD)


def test_guessing_the_current_password_is_slowed_down(account, store):
    page, user = account()
    for _attempt in range(6):
        change_password(page, "wrong password", NEW, NEW)

    assert "Too many failed attempts" in words(page)
    change_password(page, OLD, NEW, NEW)
    assert has_password(store, user, OLD)


def test_signing_out_ends_this_session_only(account, store):
    page, user = account()
    other = sign_in(store, user.email, OLD, "127.0.0.1").session

    page.button(key="sign_out").click().run()

    with pytest.raises(NotSignedIn):
        resume(store, page.user["session"])
    assert resume(store, other.id).id == user.id


def test_signing_out_everywhere_asks_first(account, store):
    page, _user = account()

    page.button(key="sign_out_everywhere").click().run()
    page.button(key="sign_out_cancel").click().run()

    assert resume(store, page.user["session"])
    assert "sign_out_confirm" not in [button.key for button in page.button]


def test_signing_out_everywhere_ends_all_sessions_of_this_person_only(account, store):
    page, user = account()
    other = sign_in(store, user.email, OLD, "127.0.0.1").session
    typed = {"email": "bob@shop.com", "name": "Bob", "role": Role.STAFF, "password": OLD}
    store.users.insert(parse(NewUser, typed), _OLD_HASH, now())
    bobs = sign_in(store, "bob@shop.com", OLD, "127.0.0.1").session

    page.button(key="sign_out_everywhere").click().run()
    page.button(key="sign_out_confirm").click().run()

    for session in (page.user["session"], other.id):
        with pytest.raises(NotSignedIn):
            resume(store, session)
    assert resume(store, bobs.id).name == "Bob"
