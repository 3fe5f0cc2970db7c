"""Pages over the websocket of the real server: for roles that must not see them, and for people who have left."""

import pytest
from websockets.exceptions import InvalidStatus

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.accounts.sign_in import session_id_of, sign_out
from kinso.services.accounts.users import set_active, sign_out_everywhere
from tests.integration.security.tab import Tab

pytestmark = pytest.mark.xdist_group("running")

LEAST = {
    "": Role.ANALYST,
    "customers": Role.ANALYST,
    "customer": Role.ANALYST,
    "membership": Role.ANALYST,
    "history": Role.ANALYST,
    "duplicates": Role.ANALYST,
    "account": Role.ANALYST,
    "register": Role.STAFF,
    "imports": Role.STAFF,
    "trash": Role.MANAGER,
    "users": Role.ADMIN,
    "settings": Role.ADMIN,
}
"""The lesser role that may see each page."""
OF_THE_PAGE = {
    "register": "Save and add another",
    "imports": "What is in the file?",
    "trash": "Trash",
    "users": "Create user",
    "settings": "Save settings",
}
SIGNED_OUT = "Please sign in."


def end_session(store, session_id, user):
    sign_out(store, session_id)


def end_all_sessions(store, session_id, user):
    sign_out_everywhere(store, user.acting("app"))


def switch_off(store, session_id, user):
    set_active(store, COMMAND_LINE, user.id, active=False)


def expire(store, session_id, user):
    store.connection.database["sessions"].update_one({"_id": session_id}, {"$set": {"expiresAt": user.created_at}})


ENDINGS = [end_session, end_all_sessions, switch_off, expire]


@pytest.fixture
def leave(running):
    """Ends the session behind a secret, in one of the ways; everyone is back afterwards."""

    def leave(secret, ending):
        session, user = running.store.sessions.get_with_user(session_id_of(secret))
        ending(running.store, session.id, user)

    yield leave
    running.store.connection.database["users"].update_many({}, {"$set": {"active": True}})


def test_the_table_of_pages_is_complete(running):
    with running.open_tab(running.secret_of(Role.ADMIN)) as tab:
        assert tab.pages.keys() == LEAST.keys()


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_offered_the_pages_that_it_may_see(running, role):
    with running.open_tab(running.secret_of(role)) as tab:
        allowed = {page for page, least in LEAST.items() if list(Role).index(role) >= list(Role).index(least)}
        assert tab.pages.keys() == allowed


@pytest.mark.parametrize("page", OF_THE_PAGE)
def test_a_page_opens_for_those_who_may_see_it_and_for_nobody_else(running, page):
    roles = list(Role)
    with running.open_tab(running.secret_of(Role.ADMIN), page) as tab:
        known = tab.pages[page]
        assert OF_THE_PAGE[page] in tab.seen
    for role in roles[: roles.index(LEAST[page])]:
        with running.open_tab(running.secret_of(role)) as tab:
            for way in ({"page": page}, {"page_script_hash": known}, {"page": f"pages/{page}.py"}):
                tab.show(**way)
                assert OF_THE_PAGE[page] not in tab.seen
                assert known not in tab.pages.values()


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_open_page_shows_nothing_more_to_who_has_left(running, leave, ending):
    secret = running.secret_of(Role.STAFF)
    with running.open_tab(secret, "customers") as tab:
        assert "secret.test" in tab.seen
        leave(secret, ending)
        for page in LEAST:
            tab.show(page)
            assert SIGNED_OUT in tab.seen
            assert "secret" not in tab.seen.lower()
            assert not tab.pages


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("page", ["", "customers", "membership"])
def test_no_part_of_a_page_is_drawn_on_its_own_for_who_has_left(running, leave, page, ending):
    secret = running.secret_of(Role.STAFF)
    with running.open_tab(secret, page) as tab:
        parts = tab.parts
        assert parts
        leave(secret, ending)
        for part in parts:
            tab.show(page, fragment_id=part, is_auto_rerun=True)
            assert SIGNED_OUT in tab.seen
            assert "secret" not in tab.seen.lower()


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_button_works_for_who_has_left(running, leave, ending):
    secret = running.secret_of(Role.ADMIN)
    with running.open_tab(secret, "users") as tab:
        leave(secret, ending)
        tab.press("create_user")
        assert SIGNED_OUT in tab.seen
        assert "new_user_name" not in tab.seen


def test_a_page_that_looks_again_by_itself_does_not_keep_its_session_alive(running):
    secret = running.secret_of(Role.STAFF)
    with running.open_tab(secret) as tab:
        before = running.store.sessions.get_with_user(session_id_of(secret))[0].expires_at
        for part in tab.parts:
            tab.show(fragment_id=part, is_auto_rerun=True)
        assert running.store.sessions.get_with_user(session_id_of(secret))[0].expires_at == before


@pytest.mark.parametrize("origin", ["http://evil.test", "http://localhost:3000", "http://127.0.0.1:1", "null", ""])
def test_a_page_of_another_site_cannot_open_a_websocket_with_the_cookie(running, origin):
    with pytest.raises(InvalidStatus) as refused, Tab(running.address, running.secret_of(Role.ADMIN), Origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_our_own_page_can(running):
    with Tab(running.address, running.secret_of(Role.ADMIN), Origin=running.address) as tab:
        tab.show("users")
        assert "Create user" in tab.seen


def test_one_person_cannot_take_over_another_ones_tab(running):
    mine, theirs = running.secret_of(Role.ANALYST), running.secret_of(Role.ADMIN)
    with running.open_tab(theirs, "users") as tab:
        session = tab.session_id
        with Tab(running.address, mine, resumed=session) as thief:
            thief.show()
            assert thief.session_id != session
            assert "users" not in thief.pages
