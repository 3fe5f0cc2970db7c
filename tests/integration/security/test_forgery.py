"""Requests that another site makes a browser send, and sessions that somebody else prepared."""

import re

import anyio
import pytest
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg

from kinso.config import Settings
from kinso.errors import NotSignedIn
from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.accounts.first_admin import prepare_first_admin
from kinso.services.accounts.secrets import csrf_token
from kinso.services.accounts.sign_in import SESSION_COOKIE, resume, session_id_of, sign_in, sign_out
from kinso.services.accounts.users import set_active
from kinso.web.guard import while_signed_in
from tests.integration.security.conftest import PASSWORD, fill_in

FOREIGN = [
    {"Origin": "https://evil.test"},
    {"Origin": "http://kinso.test.evil.test"},
    {"Origin": "http://kinso.test:81"},
    {"Origin": "http://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://evil.test", "X-Forwarded-Host": "evil.test"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
OURS = [{"Origin": "http://kinso.test"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
NOTHING_SAID = {}
CUSTOMER = {"customerId": "C-1", "customerName": "Eve", "contactInfo": "eve@evil.test"}


@pytest.fixture
def ann(store, add):
    return sign_in(store, add("ann").email, PASSWORD, "192.0.2.1")


def is_alive(store, secret):
    try:
        return resume(store, session_id_of(secret)) is not None
    except NotSignedIn:
        return False


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_can_neither_sign_in_nor_out_nor_set_up(browse, store, headers):
    code = prepare_first_admin(store, Settings())
    stranger = browse()
    form = fill_in(stranger, "/set-up", code=code, name="Eve", email="eve@evil.test", password=PASSWORD)
    assert stranger.post("/set-up", data=form, headers=headers).status_code == 403
    assert store.users.all() == []


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_can_neither_sign_a_browser_in_nor_out(browse, store, ann, headers):
    victim = browse()
    form = fill_in(victim, "/sign-in", email="ann@shop.com", password=PASSWORD)
    assert victim.post("/sign-in", data=form, headers=headers).status_code == 403
    assert SESSION_COOKIE not in victim.cookies
    signed_in = browse(ann.secret)
    token = {"csrf": csrf_token(ann.session.id)}
    assert signed_in.post("/sign-out", data=token, headers=headers).status_code == 403
    assert is_alive(store, ann.secret)


@pytest.mark.parametrize("headers", [NOTHING_SAID, *OURS])
@pytest.mark.parametrize("token", ["", "x", "0" * 64])
def test_no_form_is_accepted_without_its_token(browse, store, ann, headers, token):
    assert browse(ann.secret).post("/sign-out", data={"csrf": token}, headers=headers).status_code == 403
    assert is_alive(store, ann.secret)
    fresh = browse()
    form = fill_in(fresh, "/sign-in", email="ann@shop.com", password=PASSWORD) | {"csrf": token}
    assert fresh.post("/sign-in", data=form, headers=headers).status_code == 400
    assert SESSION_COOKIE not in fresh.cookies


def test_a_token_of_one_kind_or_browser_is_none_of_another(browse, store, ann):
    theirs = fill_in(browse(), "/sign-in")["csrf"]
    for token in (theirs, csrf_token("other"), ann.session.id, ann.secret):
        assert browse(ann.secret).post("/sign-out", data={"csrf": token}).status_code == 403
    assert is_alive(store, ann.secret)


@pytest.mark.parametrize("headers", [*OURS, NOTHING_SAID])
def test_a_form_with_its_token_is_accepted(browse, store, ann, headers):
    signed_in = browse(ann.secret)
    answer = signed_in.post("/sign-out", data={"csrf": csrf_token(ann.session.id)}, headers=headers)
    assert answer.status_code == 303
    assert not is_alive(store, ann.secret)


@pytest.mark.parametrize("headers", [*FOREIGN, NOTHING_SAID])
def test_the_api_does_not_change_anything_for_a_cookie_without_our_own_page(browse, store, ann, headers):
    for method, path in (("POST", "/api/customers"), ("POST", "/api/auth/logout")):
        answer = browse(ann.secret).request(method, path, json=CUSTOMER, headers=headers)
        assert (answer.status_code, answer.json()["success"]) == (403, False)
    assert is_alive(store, ann.secret)
    assert store.connection.database["customers"].count_documents({}) == 0


@pytest.mark.parametrize("headers", OURS)
def test_the_api_serves_the_cookie_of_our_own_page(browse, ann, headers):
    assert browse(ann.secret).post("/api/customers", json=CUSTOMER, headers=headers).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_the_api_takes_nothing_that_a_form_of_another_site_can_send(browse, ann, kind):
    headers = {"Authorization": f"Bearer {ann.secret}", "Content-Type": kind}
    answer = browse().post("/api/customers", content=b'{"customerId": "C-1"}', headers=headers)
    assert answer.status_code == 415


def test_no_other_site_may_read_what_the_api_answers(browse, ann):
    headers = {"Origin": "https://evil.test", "Access-Control-Request-Method": "PUT"}
    for method in ("OPTIONS", "GET"):
        answer = browse(ann.secret).request(method, "/api/customers", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/sign-out", "/api/auth/logout", "/api/customers/membership/auto-activate"])
def test_nothing_is_changed_by_following_a_link(browse, store, ann, path, method):
    browse(ann.secret).request(method, path)
    assert is_alive(store, ann.secret)


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_site_reaches_nothing_behind_the_guard(browse, ann, headers, method):
    answer = browse(ann.secret).request(method, "/_stcore/upload_file/a/b", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_opens_no_websocket_with_the_cookie(browse, ann, headers):
    with pytest.raises(WebSocketDisconnect) as refused:
        browse(ann.secret).websocket_connect("/_stcore/stream", headers=headers).__enter__()
    assert refused.value.code == 4403


def test_a_planted_session_is_not_the_one_that_begins(browse, store, add):
    """Fixation: the secret that somebody put into a browser is worth nothing after its person signed in."""
    add("ann")
    for planted in ("planted", session_id_of("planted"), "x" * 43):
        victim = browse(planted)
        form = fill_in(victim, "/sign-in", email="ann@shop.com", password=PASSWORD)
        answer = victim.post("/sign-in", data=form)
        assert answer.cookies[SESSION_COOKIE] != planted
        assert not is_alive(store, planted)


def test_the_session_of_whoever_was_there_before_ends_when_another_person_signs_in(browse, store, ann, add):
    add("bea")
    for sign_in_through in (through_the_page, through_the_api):
        before = sign_in(store, "ann@shop.com", PASSWORD, "192.0.2.1").secret
        after = sign_in_through(browse, before)
        assert not is_alive(store, before)
        assert resume(store, session_id_of(after)).email == "bea@shop.com"


def through_the_page(browse, before):
    shown = browse().get("/sign-in")
    token = re.search(r'name="csrf" value="(\w+)"', shown.text)[1]
    cookies = f"kinso_form={shown.cookies['kinso_form']}; {SESSION_COOKIE}={before}"
    typed = {"csrf": token, "email": "bea@shop.com", "password": PASSWORD}
    return browse().post("/sign-in", data=typed, headers={"Cookie": cookies}).cookies[SESSION_COOKIE]


def through_the_api(browse, before):
    answer = browse(before).post("/api/auth/login", json={"email": "bea@shop.com", "password": PASSWORD})
    return answer.json()["data"]["token"]


def test_over_https_a_cookie_from_a_neighbouring_host_is_not_looked_at(browse, ann):
    """A cookie without the prefix can be planted by any host of the same domain."""
    plain, prefixed = ({"Cookie": f"{prefix}kinso_session={ann.secret}"} for prefix in ("", "__Host-"))
    for path, least in (("/customers", 401), ("/api/auth/profile", 401)):
        browser = browse(scheme="https")
        assert browser.get(path, headers=plain).status_code == least
        assert browser.get(path, headers=prefixed).status_code == 200
        assert browse().get(path, headers=prefixed).status_code == least


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_websocket_finds_the_cookie_of_its_scheme(browse, ann, scheme):
    prefix = "__Host-" if scheme == "wss" else ""
    forwarded = {"X-Forwarded-Proto": "https"} if scheme == "wss" else {}
    headers = {"Cookie": f"{prefix}kinso_session={ann.secret}", **forwarded}
    with pytest.raises(WebSocketDisconnect) as nothing_there:
        browse().websocket_connect("/_stcore/stream", headers=headers).__enter__()
    assert nothing_there.value.code != 4401


@pytest.mark.parametrize("leave", ["sign out", "switch off"])
def test_whatever_comes_over_a_websocket_after_leaving_only_asks_for_the_page(store, application, ann, leave):
    sent = BackMsg()
    sent.rerun_script.fragment_id = "a dialog"
    sent.rerun_script.widget_states.widgets.add().trigger_value = True

    async def browser():
        return {"type": "websocket.receive", "bytes": sent.SerializeToString()}

    receive = while_signed_in(browser, ann.session.id)
    assert anyio.run(receive)["bytes"] == sent.SerializeToString()
    if leave == "sign out":
        sign_out(store, ann.session.id)
    else:
        set_active(store, COMMAND_LINE, ann.user.id, active=False)
    arrived = BackMsg.FromString(anyio.run(receive)["bytes"])
    assert arrived.WhichOneof("type") == "rerun_script"
    assert arrived.rerun_script.fragment_id == ""
    assert not arrived.rerun_script.widget_states.widgets


def test_what_was_typed_before_leaving_arrives_and_nothing_that_does_anything(store, application, ann):
    sent = BackMsg()
    sent.rerun_script.fragment_id = "a dialog"
    for key, value in {
        "customers_grid_7": {"string_value": '{"edited_rows": {}}'},
        "register_1_customerName": {"string_value": "Grace"},
        "register_1_save": {"trigger_value": True},
        "adding_1_membershipStatus": {"bool_value": True},
        "threshold": {"double_value": 1.0},
    }.items():
        widget = sent.rerun_script.widget_states.widgets.add(id=f"$$ID-0123abcd-{key}")
        (field,) = value
        setattr(widget, field, value[field])

    async def browser():
        return {"type": "websocket.receive", "bytes": sent.SerializeToString()}

    sign_out(store, ann.session.id)
    arrived = BackMsg.FromString(anyio.run(while_signed_in(browser, ann.session.id))["bytes"]).rerun_script
    assert arrived.fragment_id == ""
    assert [widget.id.removeprefix("$$ID-0123abcd-") for widget in arrived.widget_states.widgets] == [
        "customers_grid_7",
        "register_1_customerName",
        "adding_1_membershipStatus",
    ]


def test_the_end_of_a_websocket_is_passed_on_to_whoever_left(store, application, ann):
    async def browser():
        return {"type": "websocket.disconnect", "code": 1000}

    sign_out(store, ann.session.id)
    assert anyio.run(while_signed_in(browser, ann.session.id))["type"] == "websocket.disconnect"


def test_the_role_is_the_one_of_now_and_not_of_when_the_session_began(browse, store, ann):
    store.users.update(ann.user.id, role=Role.ANALYST.value)
    answer = browse().post("/api/customers", json=CUSTOMER, headers={"Authorization": f"Bearer {ann.secret}"})
    assert answer.status_code == 403
