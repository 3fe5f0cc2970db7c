"""API tokens on the account page and on the users page."""

from datetime import timedelta

import pytest

from kinso.errors import NotSignedIn
from kinso.models.accounts import NewUser, Role
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services.accounts.users import create_token, list_own_tokens, resume_token


def words(page):
    """All texts of the page that are read as Markdown, as people see them."""
    texts = "\n".join(element.value.replace("\\", "") for element in [*page.markdown, *page.caption])
    return texts.replace("\u2068", "").replace("\u2069", "")


def keys(page):
    return [button.key for button in page.button]


def owner_of(page, store):
    """Who the page is shown to."""
    [session] = store.connection.database["sessions"].find({"_id": page.user["session"]})
    return store.users.by_id(str(session["userId"]))


@pytest.fixture
def issue(store):
    """Gives somebody a token: `issue(user, "Till 1")`."""
    return lambda user, name, expires_at=None: create_token(store, user.acting("app"), name, expires_at)


@pytest.fixture
def ann(store):
    typed = {"email": "ann@shop.com", "name": "Ann *Lee*", "role": Role.STAFF, "password": "long enough"}
    return store.users.insert(parse(NewUser, typed), "no password", now())


def fill(page, name, lifetime=None):
    page.button(key="create_token").click().run()
    page.text_input(key="token_name").set_value(name)
    if lifetime:
        page.selectbox(key="token_lifetime").set_value(lifetime)
    return page.button(key="token_save").click().run()


def test_everyone_creates_tokens_and_sees_the_secret_once(open_page, store):
    page = fill(open_page("account", Role.ANALYST), "Till 1")

    secret = page.code[0].value
    assert resume_token(store, secret).role is Role.ANALYST
    assert "it is not shown again" in words(page)

    page.button(key="token_seen").click().run()
    assert not page.code
    assert secret not in str(page.session_state.to_dict())
    assert "**Till 1**" in words(page)


@pytest.mark.parametrize(("lifetime", "days"), [(None, 90), ("In 30 days", 30), ("In a year", 365), ("Never", None)])
def test_how_long_it_lives_is_chosen(open_page, store, lifetime, days):
    page = fill(open_page("account"), "Till 1", lifetime)

    [token] = list_own_tokens(store, owner_of(page, store).acting("app"))
    if days is None:
        assert token.expires_at is None
    else:
        assert abs(token.expires_at - now() - timedelta(days=days)) < timedelta(minutes=5)
    page.button(key="token_seen").click().run()
    assert ("does not expire" if days is None else f"expires {token.expires_at:%-d %b %Y}") in words(page)


def test_a_token_needs_a_name_and_what_was_typed_stays(open_page, store):
    page = fill(open_page("account"), "T")

    assert "Name is too short; use at least 2 characters." in words(page)
    assert page.text_input(key="token_name").value == "T"
    assert store.tokens.find() == []


def test_tokens_are_listed_with_their_use_and_expiry(open_page, store, issue):
    page = open_page("account")
    user = owner_of(page, store)
    used = issue(user, "Till *1*")
    resume_token(store, used.secret)
    issue(user, "Old till", now() + timedelta(hours=1))
    past = {"$set": {"expiresAt": now() - timedelta(days=1)}}
    store.connection.database["api_tokens"].update_one({"name": "Old till"}, past)

    seen = words(page.run())

    assert "**Till *1***" in seen
    assert f"last used {now():%-d %b %Y}" in seen
    assert "never used" in seen
    assert "**Old till** :gray-badge[:material/block: Expired]" in seen


def test_revoking_asks_first_and_ends_the_token_at_once(open_page, store, issue, toasts):
    page = open_page("account")
    issued = issue(owner_of(page, store), "Till 1")
    page.run()

    page.button(key=f"revoke_{issued.token.id}").click().run()
    page.button(key="token_keep").click().run()
    assert resume_token(store, issued.secret)

    page.button(key=f"revoke_{issued.token.id}").click().run()
    page.button(key="token_revoke").click().run()
    with pytest.raises(NotSignedIn):
        resume_token(store, issued.secret)
    assert "is revoked" in toasts(page)[0]
    assert f"revoke_{issued.token.id}" not in keys(page)


def test_a_token_that_is_gone_already_is_said_to_be(open_page, store, issue, toasts):
    page = open_page("account")
    user = owner_of(page, store)
    issued = issue(user, "Till 1")
    page.run()
    page.button(key=f"revoke_{issued.token.id}").click().run()
    store.tokens.delete(issued.token.id)

    page.button(key="token_revoke").click().run()

    assert toasts(page) == ["This token does not exist any more; look at the list again."]


def test_the_account_page_shows_nobody_elses_tokens(open_page, ann, issue):
    issued = issue(ann, "Ann's till")

    for role in Role:
        page = open_page("account", role)
        assert "Ann's till" not in words(page)
        assert f"revoke_{issued.token.id}" not in keys(page)


def test_an_administrator_sees_and_revokes_everybodys_tokens(open_page, store, ann, issue):
    issued = issue(ann, "Ann's till")
    page = open_page("users", Role.ADMIN)

    assert "**Ann's till** of Ann *Lee*" in words(page)
    page.button(key=f"revoke_{issued.token.id}").click().run()
    assert "**Ann's till** of Ann *Lee* is refused from then on" in words(page)
    page.button(key="token_revoke").click().run()

    with pytest.raises(NotSignedIn):
        resume_token(store, issued.secret)
    assert "Nobody has one" in words(page)


def test_the_dialogs_about_accounts_still_open_beside_the_tokens(open_page, ann, issue):
    issue(ann, "Ann's till")
    page = open_page("users", Role.ADMIN)

    page.button(key=f"manage_{ann.id}").click().run()

    assert "user_role_save" in keys(page)


def test_signing_out_everywhere_leaves_tokens_alone_and_says_so(open_page, store, issue):
    page = open_page("account")
    issued = issue(owner_of(page, store), "Till 1")

    page.button(key="sign_out_everywhere").click().run()
    assert "API tokens stay as they are" in words(page)
    page.button(key="sign_out_confirm").click().run()

    assert resume_token(store, issued.secret)
