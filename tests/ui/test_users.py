"""The users page: who is there, and what an administrator does with accounts."""

import pytest

from kinso.errors import NotSignedIn
from kinso.models.accounts import NewUser, Role
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services.accounts.passwords import matches
from kinso.services.accounts.sign_in import resume, sign_in
from kinso.services.accounts.users import create_user


@pytest.fixture
def add_user(store, admin):
    def add(name, role=Role.STAFF):
        typed = {"email": f"{name.lower()}@shop.com", "name": name, "role": role, "password": "long enough"}
        return create_user(store, admin, parse(NewUser, typed))

    return add


def words(page):
    """All texts of the page that are read as Markdown, as people see them."""
    return "\n".join(element.value.replace("\\", "") for element in [*page.markdown, *page.caption])


def keys(page):
    return [button.key for button in page.button]


def manage(page, user):
    return page.button(key=f"manage_{user.id}").click().run()


def fill_new_user(page, name="Cleo Moss", email="cleo@shop.com", role=Role.STAFF):
    page.button(key="create_user").click().run()
    page.text_input(key="new_user_name").set_value(name)
    page.text_input(key="new_user_email").set_value(email)
    page.selectbox(key="new_user_role").set_value(role)
    return page


def test_accounts_are_listed_with_name_address_role_state_and_last_sign_in(open_page, store, add_user):
    ann, bob = add_user("Ann"), add_user("Bob", Role.ANALYST)
    sign_in(store, "ann@shop.com", "long enough", "127.0.0.1")
    store.users.update(bob.id, active=False)

    seen = words(open_page("users", Role.ADMIN))

    assert "**Ann**" in seen
    assert "ann@shop.com" in seen
    assert "Analyst" in seen
    assert "Switched off" in seen
    assert f"Last sign-in: {store.users.by_id(ann.id).last_sign_in_at:%-d %b %Y, %H:%M}" in seen
    assert "Last sign-in: never" in seen


def test_ones_own_account_is_marked(open_page, add_user):
    add_user("Ann")

    lines = words(open_page("users", Role.ADMIN)).splitlines()

    assert [line for line in lines if "You" in line and "**" in line] == ["**Admin Person** :gray-badge[You]  "]


def test_a_created_user_signs_in_with_the_password_that_is_shown_once(open_page, store, toasts):
    page = fill_new_user(open_page("users", Role.ADMIN), role=Role.MANAGER)

    page.button(key="new_user_save").click().run()

    assert toasts(page) == ["Cleo Moss can sign in now."]
    password = page.code[0].value
    signed_in = sign_in(store, "cleo@shop.com", password, "127.0.0.1")
    assert (signed_in.user.name, signed_in.user.role) == ("Cleo Moss", Role.MANAGER)

    page.button(key="password_seen").click().run()
    assert not page.code
    assert password not in str(page.session_state.to_dict())


def test_generated_passwords_are_long_and_differ(open_page, store):
    passwords = set()
    for email in ("one@shop.com", "two@shop.com"):
        page = fill_new_user(open_page("users", Role.ADMIN), email=email)
        page.button(key="new_user_save").click().run()
        passwords.add(page.code[0].value)

    assert len(passwords) == 2
    assert all(len(password) == 23 for password in passwords)


def test_a_password_can_be_typed_instead(open_page, store):
    page = fill_new_user(open_page("users", Role.ADMIN))
    page.segmented_control(key="new_user_password_kind").set_value("Type one").run()
    page.text_input(key="new_user_password").set_value("typed by hand")

    page.button(key="new_user_save").click().run()

    assert not page.code
    assert sign_in(store, "cleo@shop.com", "typed by hand", "127.0.0.1")


def test_bad_fields_are_named_and_what_was_typed_stays(open_page, store):
    page = fill_new_user(open_page("users", Role.ADMIN), name="C", email="cleo")
    page.segmented_control(key="new_user_password_kind").set_value("Type one").run()
    page.text_input(key="new_user_password").set_value("short")

    page.button(key="new_user_save").click().run()

    seen = words(page)
    assert "Name is too short; use at least 2 characters." in seen
    assert "E-mail does not look like an e-mail address" in seen
    assert "Password is too short; use at least 8 characters." in seen
    assert page.text_input(key="new_user_name").value == "C"
    assert page.text_input(key="new_user_email").value == "cleo"
    assert len(store.users.all()) == 1


def test_an_address_that_has_an_account_is_refused(open_page, store, add_user):
    add_user("Ann")
    page = fill_new_user(open_page("users", Role.ADMIN), email="ANN@shop.com")

    page.button(key="new_user_save").click().run()

    assert "“ann@shop.com” already has an account" in words(page)
    assert len(store.users.all()) == 2


def test_changing_a_role(open_page, store, add_user, toasts):
    ann = add_user("Ann")
    page = manage(open_page("users", Role.ADMIN), ann)

    page.selectbox(key="user_role").set_value(Role.MANAGER)
    page.button(key="user_role_save").click().run()

    assert store.users.by_id(ann.id).role is Role.MANAGER
    assert toasts(page) == ["Ann has the role manager now."]
    assert "user_role_save" not in keys(page)


def test_switching_off_ends_all_sessions_at_once_and_can_be_undone(open_page, store, add_user):
    ann = add_user("Ann")
    session = sign_in(store, "ann@shop.com", "long enough", "127.0.0.1").session
    page = manage(open_page("users", Role.ADMIN), ann)

    page.button(key="user_switch_off").click().run()

    with pytest.raises(NotSignedIn):
        resume(store, session.id)
    assert "Switched off" in words(page)

    manage(page, ann).button(key="user_switch_on").click().run()

    assert store.users.by_id(ann.id).active
    assert "Switched off" not in words(page)


def test_resetting_a_password_shows_the_new_one_once_and_signs_out(open_page, store, add_user):
    ann = add_user("Ann")
    session = sign_in(store, "ann@shop.com", "long enough", "127.0.0.1").session
    page = manage(open_page("users", Role.ADMIN), ann)

    page.button(key="user_password_save").click().run()

    with pytest.raises(NotSignedIn):
        resume(store, session.id)
    _user, password_hash = store.users.with_password_hash(id=ann.id)
    assert matches(password_hash, page.code[0].value)


def test_a_typed_password_that_is_too_short_changes_nothing(open_page, store, add_user):
    ann = add_user("Ann")
    page = manage(open_page("users", Role.ADMIN), ann)
    page.segmented_control(key="user_password_password_kind").set_value("Type one").run()
    page.text_input(key="user_password_password").set_value("short")

    page.button(key="user_password_save").click().run()

    assert "Password is too short" in words(page)
    assert sign_in(store, "ann@shop.com", "long enough", "127.0.0.1")


def test_the_last_administrator_cannot_be_demoted_or_switched_off(open_page, store):
    page = open_page("users", Role.ADMIN)
    (me,) = store.users.all()
    manage(page, me)

    page.selectbox(key="user_role").set_value(Role.STAFF)
    page.button(key="user_role_save").click().run()
    assert "Admin Person is the last active administrator; make someone else an administrator first." in words(page)

    page.button(key="user_switch_off").click().run()
    assert "Admin Person is the last active administrator" in words(page)
    assert store.users.by_id(me.id) == me


def test_ones_own_password_is_not_reset_here(open_page, store):
    page = open_page("users", Role.ADMIN)
    (me,) = store.users.all()

    manage(page, me)

    assert "user_password_save" not in keys(page)
    assert "Change your own password on the page My account." in words(page)


def test_a_demoted_administrator_loses_the_page_and_the_pending_change(open_page, store, add_user):
    ann = add_user("Ann")
    page = manage(open_page("users", Role.ADMIN), ann)
    me = next(user for user in store.users.all() if user.role is Role.ADMIN)
    store.users.update(me.id, role=Role.MANAGER.value)

    page.selectbox(key="user_role").set_value(Role.ADMIN)
    page.button(key="user_role_save").click().run()

    assert store.users.by_id(ann.id).role is Role.STAFF


def test_names_with_markup_show_as_they_were_typed(open_page, store):
    typed = {"email": "x@shop.com", "name": "*Eve* :red[x] $1 $2", "role": Role.STAFF, "password": "long enough"}
    store.users.insert(parse(NewUser, typed), "no password", now())

    page = open_page("users", Role.ADMIN)

    raw = next(markdown.value for markdown in page.markdown if "Eve" in markdown.value)
    assert r"\*Eve\* \:red\[x\] \$1 \$2" in raw
