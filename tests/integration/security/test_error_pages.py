"""What nobody thought of, wherever it happens."""

import pytest

from kinso.services.accounts import sign_in as signing_in
from kinso.services.accounts.sign_in import sign_in
from kinso.web import downloads, guard, set_up
from kinso.web import sign_in as page
from tests.integration.security.conftest import PASSWORD, fill_in

NAVIGATION = {"Sec-Fetch-Mode": "navigate"}
SECRET = "mongodb://root:hunter2@db/ line 7"


def fail(*_args, **_kwargs):
    raise RuntimeError(SECRET)


@pytest.fixture
def ann(store, add):
    return sign_in(store, add("ann").email, PASSWORD, "192.0.2.1")


def check(answer, caplog):
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    for told in ("hunter2", "RuntimeError", "Traceback", ".py"):
        assert told not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert SECRET in caplog.text
    caplog.clear()


def test_a_failure_behind_a_page_is_calm_and_names_what_to_look_for_in_the_log(browse, ann, caplog, monkeypatch):
    monkeypatch.setattr(downloads, "get_shop_settings", fail)
    answer = browse(ann.secret).get("/download/customers.csv", headers=NAVIGATION)
    reference = answer.text.partition("name “")[2].partition("”")[0]
    assert len(reference) == 8
    assert reference in caplog.text
    check(answer, caplog)


def test_a_failure_of_the_session_check_is_calm(browse, ann, caplog, monkeypatch):
    monkeypatch.setattr(guard, "resume", fail)
    for headers in ({}, NAVIGATION):
        check(browse(ann.secret).get("/customers", headers=headers), caplog)


def test_a_failure_while_signing_in_is_calm_and_lets_nobody_in(browse, ann, caplog, monkeypatch):
    browser = browse()
    form = fill_in(browser, "/sign-in", email="ann@shop.com", password=PASSWORD)
    monkeypatch.setattr(page, "sign_in", fail)
    answer = browser.post("/sign-in", data=form, headers=NAVIGATION)
    assert "set-cookie" not in answer.headers
    check(answer, caplog)


def test_a_failure_while_setting_up_is_calm(browse, caplog, monkeypatch):
    monkeypatch.setattr(set_up, "needs_set_up", fail)
    check(browse().get("/set-up", headers=NAVIGATION), caplog)


def test_a_failure_while_a_password_is_compared_lets_nobody_in(browse, ann, caplog, monkeypatch):
    """Whatever breaks, nobody gets in."""
    monkeypatch.setattr(signing_in, "matches", fail)
    answer = browse().post("/api/auth/login", json={"email": "ann@shop.com", "password": PASSWORD})
    assert "set-cookie" not in answer.headers
    assert answer.json()["success"] is False
    check(answer, caplog)


def test_a_failure_while_a_session_is_looked_up_shows_nothing(browse, ann, caplog, monkeypatch):
    monkeypatch.setattr("kinso.api.callers.resume", fail)
    answer = browse().get("/api/customers", headers={"Authorization": f"Bearer {ann.secret}"})
    assert "data" not in answer.json()
    check(answer, caplog)
