import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kinso.config import Settings
from kinso.errors import ConfigurationError, Conflict, InvalidInput, NotSignedIn, TooManyAttempts
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.services.accounts import passwords
from kinso.services.accounts.first_admin import needs_set_up, prepare_first_admin, set_up_first_admin
from kinso.services.accounts.sign_in import resume, sign_in
from kinso.services.accounts.users import change_role, create_user

PASSWORD = "correct horse battery"
HERE = "198.51.100.7"


def set_up(store, code, *, email="boss@shop.com", name="Boss", password=PASSWORD, address=HERE):
    return set_up_first_admin(store, code, email, name, password, address)


def test_the_code_from_the_console_creates_an_administrator_who_can_sign_in(store):
    code = prepare_first_admin(store, Settings())
    assert re.fullmatch(r"([2-9A-HJ-KMNP-TV-Z]{4}-){2}[2-9A-HJ-KMNP-TV-Z]{4}", code)
    assert needs_set_up(store)
    user = set_up(store, f" {code.lower().replace('-', ' ')} ")
    assert (user.role, user.active) == (Role.ADMIN, True)
    assert not needs_set_up(store)
    assert sign_in(store, "boss@shop.com", PASSWORD, HERE).user.id == user.id


def test_the_database_does_not_hold_the_code(store):
    code = prepare_first_admin(store, Settings())
    kept = str(
        [list(store.connection.database[name].find()) for name in store.connection.database.list_collection_names()]
    )
    assert code not in kept
    assert code.replace("-", "") not in kept


def test_a_look_without_a_database_is_set_up_the_same_way(mock_store):
    code = prepare_first_admin(mock_store, Settings(mongodb_uri="mongomock://"))
    assert prepare_first_admin(mock_store, Settings()) != code
    user = set_up(mock_store, code)
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            sign_in(mock_store, user.email, "wrong", HERE)
    assert resume(mock_store, sign_in(mock_store, user.email, PASSWORD, HERE).session.id).id == user.id
    with pytest.raises(Conflict, match="last active administrator"):
        change_role(mock_store, user.acting("app"), user.id, Role.STAFF)
    with pytest.raises(Conflict):
        set_up(mock_store, code, email="second@shop.com")


def test_a_code_works_once(store):
    code = prepare_first_admin(store, Settings())
    set_up(store, code)
    with pytest.raises(Conflict, match="set up already"):
        set_up(store, code, email="second@shop.com")
    assert len(store.users.all()) == 1


def test_visitors_who_finish_at_once_make_one_administrator(store, monkeypatch):
    codes = [prepare_first_admin(store, Settings()) for _ in range(2)]
    together = threading.Barrier(8)

    def hash_together(password):
        together.wait(30)
        return passwords.hash_password(password)

    monkeypatch.setattr("kinso.services.accounts.first_admin.hash_password", hash_together)

    def context(number):
        try:
            return set_up(store, codes[number % 2], email=f"boss{number}@shop.com", address=f"203.0.113.{number}")
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [user for user in pool.map(context, range(8)) if user]
    assert len(made) == 1
    assert [user.id for user in store.users.all()] == [made[0].id]


def test_the_code_of_every_waiting_process_works(store):
    first, second = prepare_first_admin(store, Settings()), prepare_first_admin(store, Settings())
    assert first != second
    assert set_up(store, first).role is Role.ADMIN


def test_a_wrong_code_is_told_at_its_field_and_creates_nobody(store):
    prepare_first_admin(store, Settings())
    for code in ("", "AAAA-AAAA-AAAA", "$", "\ud800"):
        with pytest.raises(InvalidInput) as caught:
            set_up(store, code, address=f"203.0.113.{len(code)}")
        assert [error.field for error in caught.value.errors] == ["code"]
    assert needs_set_up(store)


def test_codes_cannot_be_guessed_for_long(store):
    code = prepare_first_admin(store, Settings())
    for _ in range(5):
        with pytest.raises(InvalidInput):
            set_up(store, "AAAA-AAAA-AAAA")
    with pytest.raises(TooManyAttempts):
        set_up(store, code)
    assert set_up(store, code, address="203.0.113.9").role is Role.ADMIN


def test_what_is_wrong_with_the_account_is_told_without_using_up_the_code(store):
    code = prepare_first_admin(store, Settings())
    with pytest.raises(InvalidInput) as caught:
        set_up(store, code, email="boss", name="", password="short")
    assert {error.field for error in caught.value.errors} == {"email", "name", "password"}
    assert set_up(store, code).email == "boss@shop.com"


def test_a_shop_with_users_has_no_code(store):
    code = prepare_first_admin(store, Settings())
    new = NewUser(email="boss@shop.com", name="Boss", role=Role.ADMIN, password=PASSWORD)
    create_user(store, COMMAND_LINE, new)
    assert prepare_first_admin(store, Settings()) is None
    assert store.users.set_up_codes() == ()
    with pytest.raises(Conflict):
        set_up(store, code, email="other@shop.com")


def test_the_settings_name_the_first_administrator(store):
    settings = Settings(admin_email=" Boss@Shop.com", admin_password=PASSWORD)
    assert prepare_first_admin(store, settings) is None
    assert sign_in(store, "boss@shop.com", PASSWORD, HERE).user.role is Role.ADMIN


def test_the_operator_may_choose_a_short_password_but_is_warned(store, caplog):
    prepare_first_admin(store, Settings(admin_email="boss@shop.com", admin_password="abc"))
    assert sign_in(store, "boss@shop.com", "abc", HERE).user.email == "boss@shop.com"
    assert "KINSO_ADMIN_PASSWORD is shorter than 8 characters" in caplog.text
    assert "abc" not in caplog.text.replace("abc_", "")


def test_the_settings_do_not_touch_accounts_that_exist(store):
    prepare_first_admin(store, Settings(admin_email="boss@shop.com", admin_password=PASSWORD))
    prepare_first_admin(store, Settings(admin_email="other@shop.com", admin_password="another password"))
    assert [user.email for user in store.users.all()] == ["boss@shop.com"]


def test_two_processes_that_start_at_once_create_one_administrator(store):
    settings = Settings(admin_email="boss@shop.com", admin_password=PASSWORD)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: prepare_first_admin(store, settings), range(4))) == [None] * 4
    assert len(store.users.all()) == 1


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("boss", PASSWORD, "KINSO_ADMIN_EMAIL does not look"),
        ("boss@shop.com", "x" * 257, "KINSO_ADMIN_PASSWORD is too"),
    ],
)
def test_unusable_settings_are_named(store, email, password, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        prepare_first_admin(store, Settings(admin_email=email, admin_password=password))
    assert needs_set_up(store)
