import pytest

from kinso.config import Settings
from kinso.models.accounts import Role
from kinso.models.shop import ShopSettings
from kinso.services.accounts.first_admin import prepare_first_admin
from kinso.services.accounts.sign_in import SESSION_COOKIE, session_id_of

PASSWORD = "correct horse battery"


@pytest.fixture
def code(store):
    return prepare_first_admin(store, Settings())


@pytest.fixture
def type_in(fill_in):
    def type_in(browser, code, headers=None, **typed):
        account = {"name": "Boss", "email": "boss@shop.com", "password": PASSWORD, **typed}
        return browser.post("/set-up", data=fill_in(browser, "/set-up", code=code, **account), headers=headers)

    return type_in


def test_the_code_makes_the_visitor_an_administrator_and_signs_them_in(browse, store, code, type_in):
    browser = browse()
    answer = type_in(browser, code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").json()["identity"] == [session_id_of(browser.cookies[SESSION_COOKIE])]
    [user] = store.users.all()
    assert (user.email, user.name, user.role) == ("boss@shop.com", "Boss", Role.ADMIN)


def test_the_country_of_the_shop_is_asked_for_and_guessed_from_the_browser(browse, store, code, type_in):
    browser = browse()
    assert '<option value="GB" selected>' in browser.get("/set-up", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert '<option value="" selected>' in browser.get("/set-up", headers={"Accept-Language": "en"}).text
    answer = type_in(browser, code, country="XX")
    assert "Country must be a two-letter code" in answer.text
    assert type_in(browser, code, country="BD").status_code == 303
    assert store.shop.get().country == "BD"


def test_a_country_that_is_known_already_is_offered(browse, store, code):
    store.shop.save(ShopSettings(country="SE"))
    assert '<option value="SE" selected>' in browse().get("/set-up", headers={"Accept-Language": "en-GB"}).text


def test_what_is_wrong_is_told_beside_its_field_and_the_rest_stays(browse, store, code, type_in):
    answer = type_in(browse(), code, email="boss", password="geheim")
    assert answer.status_code == 422
    assert "E-mail does not look like" in answer.text
    assert "Password is too short" in answer.text
    assert f'value="{code}"' in answer.text
    assert 'value="Boss"' in answer.text
    assert "geheim" not in answer.text
    assert store.users.all() == []


def test_a_wrong_code_creates_nobody(browse, store, code, type_in):
    browser = browse()
    for _ in range(5):
        answer = type_in(browser, "AAAA-AAAA-AAAA")
        assert answer.status_code == 422
        assert "Code is not right" in answer.text
    assert type_in(browser, code).status_code == 429
    assert store.users.all() == []


def test_the_set_up_is_over_once_there_is_a_user(browse, store, code, type_in, fill_in):
    late = browse()
    form = fill_in(late, "/set-up", code=code, name="Late", email="late@shop.com", password=PASSWORD)
    assert type_in(browse(), code).status_code == 303
    answer = late.post("/set-up", data=form)
    assert answer.status_code == 409
    assert SESSION_COOKIE not in late.cookies
    assert late.get("/set-up").headers["location"] == "/sign-in"
    assert len(store.users.all()) == 1


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.com"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_set_up_the_shop(browse, store, code, type_in, headers):
    assert type_in(browse(), code, headers=headers).status_code == 403
    assert store.users.all() == []


def test_a_form_of_another_browser_is_shown_again(browse, store, code, fill_in):
    form = fill_in(browse(), "/set-up", code=code, name="Boss", email="boss@shop.com", password=PASSWORD)
    answer = browse().post("/set-up", data=form)
    assert answer.status_code == 400
    assert 'value="boss@shop.com"' in answer.text
    assert store.users.all() == []


def test_without_the_database_what_was_typed_stays(browse, store, code, fill_in, without_database):
    browser = browse()
    form = fill_in(browser, "/set-up", code=code, name="Boss", email="boss@shop.com", password=PASSWORD)
    with without_database():
        answer = browser.post("/set-up", data=form)
        assert browser.get("/set-up").status_code == 503
    assert answer.status_code == 503
    assert 'value="boss@shop.com"' in answer.text
    assert browser.post("/set-up", data=form).status_code == 303
