import json

import pytest

from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.services.accounts.sign_in import LONGEST_LIFETIME
from kinso.services.accounts.users import create_user, set_active

PASSWORD = "correct horse battery"
LOGIN = {"email": "ada@shop.com", "password": PASSWORD}
OWN_PAGE = {"Origin": "http://shop.test"}
OTHER_SITES = [
    {},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://shop.test.evil.test"},
    {"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://shop.test"},
    {"Origin": "http://shop.test", "Sec-Fetch-Site": "cross-site"},
]


@pytest.fixture
def ada(store):
    new = NewUser(email=LOGIN["email"], name="Ada", role=Role.STAFF, password=PASSWORD)
    return create_user(store, COMMAND_LINE, new)


def test_the_token_of_a_login_is_good_for_calls_and_the_account_is_told(api, ada):
    answer = api("POST", "/auth/login", json={**LOGIN, "email": " ADA@shop.com "})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["user"].items() >= {"_id": ada.id, "email": "ada@shop.com", "role": "staff", "active": True}.items()
    profile = api("GET", "/auth/profile", token=data["token"])
    assert (profile.status_code, profile.json()["data"]) == (200, data["user"])


def test_a_login_sets_the_cookie_of_the_sign_in_page(api, ada):
    answer = api("POST", "/auth/login", json=LOGIN)
    parts = set(answer.headers["set-cookie"].split("; "))
    lifetime = int(LONGEST_LIFETIME.total_seconds())
    assert parts == {
        f"kinso_session={answer.json()['data']['token']}",
        "HttpOnly",
        f"Max-Age={lifetime}",
        "Path=/",
        "SameSite=lax",
    }
    assert api("GET", "/auth/profile", cookie=answer.json()["data"]["token"]).status_code == 200


def test_behind_https_the_cookie_stays_on_https(api, ada):
    answer = api("POST", "/auth/login", json=LOGIN, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize("wrong", [{"password": "something else"}, {"email": "eve@shop.com"}, {"email": "no address"}])
def test_a_wrong_login_is_refused_with_one_sentence_for_all(api, ada, wrong):
    answer = api("POST", "/auth/login", json={**LOGIN, **wrong})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["message"] == "E-mail or password is not right; check both and try again."
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("odd", [{"$gt": ""}, ["a"], 5, None, True, "x" * 5000, "\ud800"])
def test_a_login_takes_nothing_but_text(api, odd):
    for field in LOGIN:
        body = json.dumps({**LOGIN, field: odd}).encode()
        answer = api("POST", "/auth/login", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert "not acceptable" not in answer.text


def test_guessing_is_slowed_down(api, ada):
    codes = [api("POST", "/auth/login", json={**LOGIN, "password": "wrong guess"}).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    answer = api("POST", "/auth/login", json=LOGIN)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60


def test_an_account_that_is_switched_off_is_out_at_once(api, store, ada):
    secret = api("POST", "/auth/login", json=LOGIN).json()["data"]["token"]
    set_active(store, COMMAND_LINE, ada.id, active=False)
    assert api("GET", "/auth/profile", token=secret).status_code == 401
    assert api("POST", "/auth/login", json=LOGIN).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, OWN_PAGE])
def test_a_login_comes_from_a_program_or_from_our_own_page(api, ada, headers):
    assert api("POST", "/auth/login", json=LOGIN, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [*OTHER_SITES[1:], {"Origin": "http://shop.test", "X-Forwarded-Proto": "https"}])
def test_another_site_cannot_sign_a_browser_in(api, ada, headers):
    answer = api("POST", "/auth/login", json=LOGIN, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["message"] == "A page of another site sent this; sign in on Kinso's own page instead."
    assert "set-cookie" not in answer.headers


def test_a_logout_ends_the_session_on_the_server(api, token):
    secret = token()
    answer = api("POST", "/auth/logout", token=secret)
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    assert 'kinso_session=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert api("GET", "/auth/profile", token=secret).status_code == 401
    assert api("GET", "/auth/profile", cookie=secret).status_code == 401
    assert api("POST", "/auth/logout", token=secret).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer \xff\xfe"},
        {"Cookie": "kinso_session="},
        {"Cookie": "kinso_session=wrong"},
        {"Cookie": "kinso_session"},
        {"X-Kinso-Session": "anything"},
    ],
)
def test_without_a_valid_session_nobody_is_known(api, headers):
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = api("GET", "/auth/profile", headers=raw)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_the_id_of_a_session_is_not_its_secret(api, token, store):
    token()
    [session] = store.connection.database["sessions"].find()
    assert api("GET", "/auth/profile", token=session["_id"]).status_code == 401


def test_a_token_wins_over_the_cookie(api, token):
    analyst, admin = token("analyst"), token("admin")
    assert api("GET", "/auth/profile", token=analyst, cookie=admin).json()["data"]["role"] == "analyst"
    assert api("GET", "/auth/profile", token="wrong", cookie=admin).status_code == 401


def test_a_proxys_own_authorization_does_not_hide_the_cookie(api, token):
    answer = api("GET", "/auth/profile", cookie=token(), headers={"Authorization": "Basic YTpi"})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", OTHER_SITES)
def test_another_site_cannot_change_anything_with_the_cookie(api, token, register, headers):
    customer, secret = register("C-1"), token()
    calls = [
        ("POST", "/customers", {"customerId": "C-2", "customerName": "Eve", "contactInfo": "e@evil.test"}),
        ("PUT", f"/customers/{customer['_id']}", {"customerName": "Eve"}),
        ("DELETE", f"/customers/{customer['_id']}", None),
        ("PUT", f"/customers/membership/update/{customer['_id']}", {"membershipStatus": True}),
        ("POST", "/customers/membership/auto-activate", {}),
        ("POST", "/auth/logout", None),
    ]
    for method, path, body in calls:
        assert api(method, path, cookie=secret, headers=headers, json=body).status_code == 403
    found = api("GET", "/customers", cookie=secret, headers=headers)
    assert (found.status_code, found.json()["data"]) == (200, [customer])


@pytest.mark.parametrize("headers", [OWN_PAGE, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_our_own_pages_change_things_with_the_cookie(api, token, headers):
    body = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}
    assert api("POST", "/customers", cookie=token(), headers=headers, json=body).status_code == 201


def test_a_token_may_be_used_from_anywhere(api, token):
    body = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}
    answer = api("POST", "/customers", token=token(), headers={"Origin": "http://other.test"}, json=body)
    assert answer.status_code == 201
