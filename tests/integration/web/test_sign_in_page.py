import pytest

from kinso.errors import NotSignedIn
from kinso.services.accounts.secrets import csrf_token
from kinso.services.accounts.sign_in import SESSION_COOKIE, resume, session_id_of

PASSWORD = "correct horse battery"


@pytest.fixture
def type_in(fill_in):
    def type_in(browser, address="/sign-in", email="ann@shop.com", password=PASSWORD, headers=None):
        form = fill_in(browser, address, email=email, password=password)
        return browser.post("/sign-in", data=form, headers=headers)

    return type_in


def sessions(store):
    return store.connection.database["sessions"].count_documents({})


def is_signed_in(store, secret):
    try:
        return resume(store, session_id_of(secret)) is not None
    except NotSignedIn:
        return False


def cookies_set(answer):
    """Each cookie's attributes by its name, as the browser is told them."""
    headers = answer.headers.get_list("set-cookie")
    return {header.partition("=")[0]: {part.strip().lower() for part in header.split(";")[1:]} for header in headers}


def test_signing_in_leads_to_where_one_wanted_to_go(browse, user, type_in):
    browser = browse()
    answer = type_in(browser, "/sign-in?next=%2Fcustomers%3Fsearch%3Da%2520b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers?search=a%20b")
    assert browser.get("/customers").json()["identity"] == [session_id_of(browser.cookies[SESSION_COOKIE])]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browse, user, type_in):
    attributes = cookies_set(type_in(browse()))[SESSION_COOKIE]
    assert attributes == {"httponly", "path=/", "samesite=lax", f"max-age={7 * 24 * 3600}"}


@pytest.mark.parametrize(
    ("scheme", "headers"), [("https", None), ("http", {"X-Forwarded-Proto": "https"})], ids=["direct", "behind a proxy"]
)
def test_over_https_the_cookie_never_travels_in_the_clear(browse, user, scheme, headers):
    browser = browse(scheme=scheme, headers=headers)
    shown = browser.get("/sign-in")
    assert "secure" in cookies_set(shown)["__Host-kinso_form"]
    token = shown.text.partition('name="csrf" value="')[2].partition('"')[0]
    nonce = {"Cookie": f"__Host-kinso_form={shown.cookies['__Host-kinso_form']}"}
    typed = {"csrf": token, "email": "ann@shop.com", "password": PASSWORD}
    attributes = cookies_set(browser.post("/sign-in", data=typed, headers=nonce))["__Host-kinso_session"]
    assert attributes == {"httponly", "path=/", "samesite=lax", "secure", f"max-age={7 * 24 * 3600}"}


@pytest.mark.parametrize("there", ["//evil.com", "https://evil.com", "/\\evil.com", "/%09/evil.com", "javascript:1"])
def test_signing_in_never_leads_to_another_site(browse, user, type_in, there):
    assert type_in(browse(), f"/sign-in?next={there}").headers["location"] == "/"


def test_a_manipulated_form_does_not_lead_to_another_site_either(browse, user, fill_in):
    browser = browse()
    form = fill_in(browser, "/sign-in", email="ann@shop.com", password=PASSWORD)
    assert browser.post("/sign-in", data=form | {"next": "//evil.com"}).headers["location"] == "/"


def test_a_wrong_password_keeps_what_was_typed_except_the_password(browse, store, user, type_in):
    browser = browse()
    answer = type_in(browser, "/sign-in?next=/customers", email='a"nn@shop.com', password="geheim")
    assert answer.status_code == 401
    assert 'role="alert">E-mail or password is not right' in answer.text
    assert 'value="a&#34;nn@shop.com"' in answer.text
    assert 'name="next" value="/customers"' in answer.text
    assert "geheim" not in answer.text
    assert SESSION_COOKIE not in browser.cookies
    assert sessions(store) == 0


def test_an_empty_form_says_what_is_missing_and_counts_as_no_guess(browse, store, user, type_in):
    answer = type_in(browse(), email=" ", password="")
    assert answer.status_code == 422
    assert "Type your e-mail address." in answer.text
    assert "Type your password." in answer.text
    assert store.connection.database["attempts"].count_documents({}) == 0


def test_guessing_is_stopped_for_a_while(browse, user, type_in):
    browser = browse()
    for _ in range(5):
        assert type_in(browser, password="wrong").status_code == 401
    answer = type_in(browser)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "Too many failed attempts; wait 15 minutes" in answer.text
    assert type_in(browse(client=("203.0.113.5", 1))).status_code == 303


def test_a_form_without_the_token_of_this_browser_is_shown_again(browse, store, user, fill_in):
    browser, other = browse(), browse()
    form = fill_in(browser, "/sign-in", email="ann@shop.com", password=PASSWORD)
    foreign = fill_in(other, "/sign-in")["csrf"]
    for token in ("", "x", foreign):
        answer = browser.post("/sign-in", data=form | {"csrf": token})
        assert answer.status_code == 400
        assert "open for too long" in answer.text
        assert 'value="ann@shop.com"' in answer.text
    without_cookie = browse().post("/sign-in", data=form)
    assert without_cookie.status_code == 400
    assert sessions(store) == 0


def test_the_form_that_is_shown_again_works(browse, user, fill_in):
    browser = browse()
    form = fill_in(browse(), "/sign-in", email="ann@shop.com", password=PASSWORD)
    again = browser.post("/sign-in", data=form)
    token = again.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert browser.post("/sign-in", data=form | {"csrf": token}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_sign_anyone_in(browse, store, user, type_in, headers):
    browser = browse()
    assert type_in(browser, headers=headers).status_code == 403
    assert SESSION_COOKIE not in browser.cookies
    assert sessions(store) == 0


def test_our_own_page_may_say_where_it_is(browse, user, type_in):
    headers = {"Origin": "http://kinso.test", "Sec-Fetch-Site": "same-origin"}
    assert type_in(browse(), headers=headers).status_code == 303


def test_forms_in_two_tabs_both_work(browse, user, fill_in):
    browser = browse()
    first = fill_in(browser, "/sign-in", email="ann@shop.com", password="wrong")
    second = fill_in(browser, "/sign-in", email="ann@shop.com", password=PASSWORD)
    assert browser.post("/sign-in", data=first).status_code == 401
    assert browser.post("/sign-in", data=second).status_code == 303


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"email=" + b"x" * 20_000, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"\xff=\xff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"a=1&" * 50, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"json": {"email": "ann@shop.com"}},
        {"files": {"email": b"x"}},
        {},
    ],
    ids=["huge", "bytes", "many fields", "json", "multipart", "nothing"],
)
def test_what_no_form_of_ours_sends_is_refused(browse, user, sent):
    assert browse().post("/sign-in", **sent).status_code == 400


def test_a_secret_from_before_signing_in_is_worth_nothing_afterwards(browse, store, user, type_in):
    browser = browse("planted by someone else")
    answer = type_in(browser)
    fresh = answer.cookies[SESSION_COOKIE]
    assert fresh != "planted by someone else"
    assert not is_signed_in(store, "planted by someone else")
    assert is_signed_in(store, fresh)


def test_signing_in_again_ends_the_session_before(browse, store, user, signed_in, fill_in):
    stranger = browse()
    form = fill_in(stranger, "/sign-in", email="ann@shop.com", password=PASSWORD)
    headers = {"Cookie": f"kinso_form={stranger.cookies['kinso_form']}; {SESSION_COOKIE}={signed_in.secret}"}
    answer = browse().post("/sign-in", data=form, headers=headers)
    assert answer.status_code == 303
    assert not is_signed_in(store, signed_in.secret)
    assert sessions(store) == 1


def test_whoever_is_signed_in_does_not_see_the_sign_in_page(browse, signed_in):
    answer = browse(signed_in.secret).get("/sign-in?next=/customers")
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers")


def test_a_shop_without_users_leads_to_its_set_up(browse):
    assert browse().get("/sign-in").headers["location"] == "/set-up"


def test_without_the_database_the_form_keeps_the_email(browse, user, fill_in, without_database):
    browser = browse()
    form = fill_in(browser, "/sign-in", email="ann@shop.com", password=PASSWORD)
    with without_database():
        answer = browser.post("/sign-in", data=form)
        assert browser.get("/sign-in").status_code == 503
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
    assert 'value="ann@shop.com"' in answer.text
    assert browser.post("/sign-in", data=form).status_code == 303


def test_signing_out_ends_the_session_on_the_server(browse, store, signed_in):
    browser = browse(signed_in.secret)
    answer = browser.post("/sign-out", data={"csrf": csrf_token(signed_in.session.id)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "max-age=0" in cookies_set(answer)[SESSION_COOKIE]
    assert not is_signed_in(store, signed_in.secret)


@pytest.mark.parametrize(
    ("token", "headers"),
    [("", {}), ("wrong", {}), (None, {"Origin": "https://evil.com"})],
    ids=["none", "wrong", "site"],
)
def test_nobody_else_can_sign_one_out(browse, store, signed_in, token, headers):
    token = csrf_token(signed_in.session.id) if token is None else token
    answer = browse(signed_in.secret).post("/sign-out", data={"csrf": token}, headers=headers)
    assert answer.status_code == 403
    assert is_signed_in(store, signed_in.secret)


def test_a_link_does_not_sign_one_out(browse, store, signed_in):
    assert browse(signed_in.secret).get("/sign-out").headers["location"] == "/"
    assert is_signed_in(store, signed_in.secret)


def test_signing_out_twice_leads_to_the_sign_in_page(browse, user):
    assert browse().post("/sign-out", data={"csrf": "x"}).headers["location"] == "/sign-in"


def test_without_the_database_nobody_believes_to_be_signed_out(browse, store, signed_in, without_database):
    browser = browse(signed_in.secret)
    with without_database():
        answer = browser.post("/sign-out", data={"csrf": csrf_token(signed_in.session.id)})
    assert answer.status_code == 503
    assert SESSION_COOKIE not in cookies_set(answer)
    assert is_signed_in(store, signed_in.secret)
