from concurrent.futures import ThreadPoolExecutor

import pytest

from kinso.errors import Conflict, DuplicateEmail, InvalidInput, NotFound, NotPermitted, NotSignedIn, TooManyAttempts
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.models.validation import parse
from kinso.services.accounts import users
from kinso.services.accounts.sign_in import resume, sign_in
from kinso.services.accounts.users import create_token, resume_token

PASSWORD = "correct horse battery"
HERE = "198.51.100.7"


@pytest.fixture
def add(store):
    def add(name, role):
        data = {"email": f"{name}@shop.com", "name": name.title(), "role": role, "password": PASSWORD}
        return users.create_user(store, COMMAND_LINE, parse(NewUser, data))

    return add


@pytest.fixture
def boss(add):
    return add("boss", Role.ADMIN)


def session_of(store, user, password=PASSWORD):
    return sign_in(store, user.email, password, HERE).session


def is_signed_in(store, session):
    try:
        return resume(store, session.id) is not None
    except NotSignedIn:
        return False


def active_admins(store):
    return [user for user in store.users.all() if user.active and user.role is Role.ADMIN]


def test_a_new_account_can_sign_in_and_is_listed_by_name(store, boss, add):
    ann = add("ann", Role.STAFF)
    assert is_signed_in(store, session_of(store, ann))
    assert [(user.name, user.role) for user in users.list_users(store, boss.acting("app"))] == [
        ("Ann", Role.STAFF),
        ("Boss", Role.ADMIN),
    ]


def test_an_email_belongs_to_one_account_whatever_its_letter_case(store, boss):
    data = {"email": " BOSS@shop.com", "name": "Other", "role": "staff", "password": PASSWORD}
    with pytest.raises(DuplicateEmail, match=r"boss@shop\.com"):
        users.create_user(store, boss.acting("app"), parse(NewUser, data))
    assert len(store.users.all()) == 1


def test_an_email_that_two_admins_enter_at_once_becomes_one_account(store, boss):
    data = {"email": "ann@shop.com", "name": "Ann", "role": "staff", "password": PASSWORD}

    def create(_):
        try:
            return users.create_user(store, boss.acting("app"), parse(NewUser, data))
        except DuplicateEmail:
            return None

    with ThreadPoolExecutor(6) as pool:
        created = [user for user in pool.map(create, range(6)) if user]
    assert len(created) == 1
    assert len(store.users.all()) == 2


@pytest.mark.parametrize("role", [Role.ANALYST, Role.STAFF, Role.MANAGER])
def test_only_an_administrator_manages_accounts(store, boss, add, role):
    actor = add("ann", role).acting("app")
    calls = [
        lambda: users.list_users(store, actor),
        lambda: users.create_user(store, actor, NewUser(email="x@y.z", name="Xy", role=role, password="12345678")),
        lambda: users.change_role(store, actor, actor.user_id, Role.ADMIN),
        lambda: users.set_active(store, actor, boss.id, active=False),
        lambda: users.reset_password(store, actor, boss.id, "12345678"),
    ]
    before = store.users.all()
    for call in calls:
        with pytest.raises(NotPermitted):
            call()
    assert store.users.all() == before
    assert store.users.with_password_hash(id=boss.id)[1] == store.users.with_password_hash(email="boss@shop.com")[1]


def test_a_switched_off_account_is_out_at_once_and_stays_out(store, boss, add):
    ann = add("ann", Role.STAFF)
    session = session_of(store, ann)
    assert users.set_active(store, boss.acting("app"), ann.id, active=False).active is False
    assert not is_signed_in(store, session)
    users.set_active(store, boss.acting("app"), ann.id, active=True)
    assert not is_signed_in(store, session)
    assert is_signed_in(store, session_of(store, ann))


def test_a_password_reset_ends_the_sessions_and_the_old_password(store, boss, add):
    ann = add("ann", Role.STAFF)
    session, other = session_of(store, ann), session_of(store, boss)
    users.reset_password(store, boss.acting("app"), ann.id, "another password")
    assert not is_signed_in(store, session)
    assert is_signed_in(store, other)
    with pytest.raises(NotSignedIn):
        sign_in(store, ann.email, PASSWORD, HERE)
    assert is_signed_in(store, session_of(store, ann, "another password"))


def test_a_password_reset_ends_the_tokens_and_ones_own_change_does_not(store, boss, add):
    ann = add("ann", Role.STAFF)
    mine, till = (create_token(store, owner.acting("app"), "Till").secret for owner in (boss, ann))
    users.change_own_password(store, ann.acting("app"), None, PASSWORD, "another password")
    assert resume_token(store, till) == ann
    users.reset_password(store, boss.acting("app"), ann.id, "a third password")
    with pytest.raises(NotSignedIn):
        resume_token(store, till)
    assert resume_token(store, mine) == boss


def test_a_password_reset_ends_the_wait_of_someone_who_guessed_too_often(store, boss, add):
    ann = add("ann", Role.STAFF)
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sign_in(store, ann.email, "wrong", HERE)
    users.reset_password(store, boss.acting("app"), ann.id, "another password")
    assert is_signed_in(store, session_of(store, ann, "another password"))


def test_a_short_password_is_refused_by_name_of_its_field(store, boss, add):
    ann = add("ann", Role.STAFF)
    session = session_of(store, ann)
    with pytest.raises(InvalidInput, match="Password is too short") as caught:
        users.reset_password(store, boss.acting("app"), ann.id, "1234567")
    assert [error.field for error in caught.value.errors] == ["password"]
    assert is_signed_in(store, session)


@pytest.mark.parametrize("user_id", ["", "nonsense", "0" * 24])
def test_an_account_that_does_not_exist_is_said_so(store, boss, user_id):
    actor = boss.acting("app")
    calls = [
        lambda: users.change_role(store, actor, user_id, Role.STAFF),
        lambda: users.set_active(store, actor, user_id, active=False),
        lambda: users.reset_password(store, actor, user_id, "12345678"),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()


def test_the_last_active_admin_cannot_be_demoted_or_switched_off(store, boss, add):
    other = add("other", Role.ADMIN)
    users.set_active(store, boss.acting("app"), other.id, active=False)
    session = session_of(store, boss)
    for call in (
        lambda: users.change_role(store, boss.acting("app"), boss.id, Role.MANAGER),
        lambda: users.set_active(store, boss.acting("app"), boss.id, active=False),
    ):
        with pytest.raises(Conflict, match="last active administrator"):
            call()
    assert active_admins(store) == [store.users.by_id(boss.id)]
    assert is_signed_in(store, session)


def test_an_admin_can_be_demoted_while_another_one_remains(store, boss, add):
    other = add("other", Role.ADMIN)
    assert users.change_role(store, other.acting("app"), boss.id, Role.STAFF).role is Role.STAFF
    assert [user.id for user in active_admins(store)] == [other.id]


def test_confirming_the_role_of_the_last_admin_is_no_conflict(store, boss):
    assert users.change_role(store, boss.acting("app"), boss.id, Role.ADMIN).role is Role.ADMIN
    assert users.set_active(store, boss.acting("app"), boss.id, active=True).active


def test_admins_who_remove_each_other_at_once_leave_one(store, boss, add):
    admins = [boss, *(add(f"admin{number}", Role.ADMIN) for number in range(3))]

    def remove(pair):
        by, whom = pair
        try:
            if whom.email > by.email:
                users.change_role(store, by.acting("app"), whom.id, Role.STAFF)
            else:
                users.set_active(store, by.acting("app"), whom.id, active=False)
        except Conflict:
            return False
        return True

    pairs = [(by, whom) for by in admins for whom in admins if by is not whom]
    with ThreadPoolExecutor(len(pairs)) as pool:
        list(pool.map(remove, pairs))
    assert len(active_admins(store)) == 1


def test_changing_ones_own_password_keeps_this_session_and_ends_the_others(store, boss, add):
    ann = add("ann", Role.ANALYST)
    this, other, foreign = session_of(store, ann), session_of(store, ann), session_of(store, boss)
    users.change_own_password(store, ann.acting("app"), this.id, PASSWORD, "another password")
    assert [is_signed_in(store, one) for one in (this, other, foreign)] == [True, False, True]
    assert is_signed_in(store, session_of(store, ann, "another password"))


def test_a_wrong_current_password_changes_nothing_and_is_told_at_its_field(store, add):
    ann = add("ann", Role.STAFF)
    other = session_of(store, ann)
    with pytest.raises(InvalidInput) as caught:
        users.change_own_password(store, ann.acting("app"), "this", "wrong", "another password")
    assert [error.field for error in caught.value.errors] == ["currentPassword"]
    assert is_signed_in(store, other)
    assert is_signed_in(store, session_of(store, ann))


def test_the_current_password_cannot_be_guessed_in_a_session_left_open(store, add):
    ann, bea = add("ann", Role.STAFF), add("bea", Role.STAFF)
    for _ in range(5):
        with pytest.raises(InvalidInput):
            users.change_own_password(store, ann.acting("app"), "this", "wrong", "another password")
    with pytest.raises(TooManyAttempts):
        users.change_own_password(store, ann.acting("app"), "this", PASSWORD, "another password")
    users.change_own_password(store, bea.acting("app"), "this", PASSWORD, "another password")


def test_one_renames_oneself_and_nobody_else(store, boss, add):
    ann = add("ann", Role.ANALYST)
    assert users.rename_own(store, ann.acting("app"), "  Ann Lee ").name == "Ann Lee"
    assert store.users.by_id(boss.id).name == "Boss"
    with pytest.raises(InvalidInput, match="Name is too short"):
        users.rename_own(store, ann.acting("app"), "A")


def test_signing_out_everywhere_ends_all_or_all_other_sessions_of_oneself(store, boss, add):
    ann = add("ann", Role.STAFF)
    this, other, foreign = session_of(store, ann), session_of(store, ann), session_of(store, boss)
    assert users.sign_out_everywhere(store, ann.acting("app"), except_session=this.id) == 1
    assert [is_signed_in(store, one) for one in (this, other, foreign)] == [True, False, True]
    assert users.sign_out_everywhere(store, ann.acting("app")) == 1
    assert [is_signed_in(store, one) for one in (this, other, foreign)] == [False, False, True]
