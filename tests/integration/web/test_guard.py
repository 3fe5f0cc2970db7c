import anyio
import pytest
from starlette.websockets import WebSocketDisconnect

from kinso.models.accounts import COMMAND_LINE
from kinso.services.accounts.sign_in import sign_out
from kinso.services.accounts.users import set_active

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
CLOSED = [
    "/",
    "/customers",
    "/download/customers.csv",
    "/static/js/index.js",
    "/media/abc.csv",
    "/component/x/index.html",
    "/_stcore/host-config",
    "/_stcore/script-health-check",
    "/_stcore/metrics",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/upload_file/a/b",
]
FORGERIES = [
    (b"x-kinso-session", b"forged"),
    (b"X-Kinso-Session", b"forged"),
    (b"X_Kinso_Session", b"forged"),
    (b"x_kinso-session", b"forged"),
]


def raw_get(server, path, headers):
    """Ask with header bytes exactly as given, which no client library would send."""
    answer = {"body": b""}

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        answer.update({key: message[key] for key in ("status", "headers") if key in message})
        answer["body"] += message.get("body", b"")

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "server": ("kinso.test", 80), "client": ("198.51.100.9", 1)}
    anyio.run(server, scope | {"root_path": "", "http_version": "1.1"}, receive, send)
    return answer


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_an_unsigned_visitor_gets_nothing(browse, user, reached, path, method):
    answer = browse().request(method, path)
    assert (answer.status_code, reached) == (401, [])
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", CLOSED)
def test_a_forged_identity_opens_nothing(browse, user, signed_in, reached, path):
    for identity in (signed_in.session.id, user.id, "anything"):
        answer = browse().get(path, headers={"X-Kinso-Session": identity, "X_Kinso_Session": identity})
        assert (answer.status_code, reached) == (401, [])


@pytest.mark.parametrize("secret", ["guessed", "x" * 5000, '"', "a b", "%00", "$ne"])
def test_an_unknown_secret_opens_nothing(browse, user, reached, secret):
    answer = browse().get("/", headers={"Cookie": f"kinso_session={secret}"})
    assert (answer.status_code, reached) == (401, [])


def test_the_id_of_a_session_is_not_its_secret(browse, signed_in, reached):
    assert browse(signed_in.session.id).get("/").status_code == 401
    assert reached == []


def test_a_person_is_sent_to_the_sign_in_page_and_back_afterwards(browse, user):
    answer = browse().get("/customers?search=a%20b&page=2", headers=NAVIGATION)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fcustomers%3Fsearch%3Da%2520b%26page%3D2"


def test_the_address_that_fits_the_other_pages_leads_to_the_overview(browse, user, signed_in):
    answer = browse(signed_in.secret).get("/overview?x=1", headers=NAVIGATION)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = browse().get("/overview", headers=NAVIGATION)
    assert answer.headers["location"] == "/sign-in?next=%2Foverview"


def test_a_form_that_was_sent_too_late_is_not_repeated_after_signing_in(browse, user):
    answer = browse().post("/customers", headers=NAVIGATION)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_an_old_browser_is_understood_by_what_it_accepts(browse, user):
    answer = browse().get("/", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_shop_without_users_is_set_up_first(browse):
    answer = browse().get("/customers", headers=NAVIGATION)
    assert (answer.status_code, answer.headers["location"]) == (303, "/set-up")


def test_the_way_back_stays_here(browse, user, server):
    answer = raw_get(server, "//evil.com/x", [(b"accept", b"text/html")])
    assert dict(answer["headers"])[b"location"] == b"/sign-in"


def test_an_unsigned_websocket_is_refused_before_it_opens(browse, user, signed_in, reached):
    forged = {"X-Kinso-Session": signed_in.session.id, "Origin": "http://testserver"}
    for path in ("/_stcore/stream", "/sign-in", "/api/stream", "/_stcore/health"):
        with pytest.raises(WebSocketDisconnect) as refused, browse().websocket_connect(path, headers=forged):
            pass
        assert refused.value.code == 4401
    assert reached == []


def test_a_signed_in_browser_gets_in_with_its_own_identity(browse, signed_in):
    answer = browse(signed_in.secret).get("/customers")
    assert answer.json() == {"identity": [signed_in.session.id]}
    with browse(signed_in.secret).websocket_connect("/_stcore/stream") as socket:
        assert socket.receive_json() == {"identity": [signed_in.session.id]}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_signed_in_browser_cannot_take_another_identity(server, application, signed_in, forgery):
    cookie = (b"cookie", f"kinso_session={signed_in.secret}".encode())
    answer = raw_get(server, "/customers", [forgery, cookie, forgery])
    assert answer["status"] == 200
    assert answer["body"] == b'{"identity":["%s"]}' % signed_in.session.id.encode()


@pytest.mark.parametrize("forgery", FORGERIES)
def test_open_paths_do_not_see_a_forged_identity_either(server, application, reached, forgery):
    answer = raw_get(server, "/api/customers", [forgery, (b"x-other", b"1")])
    assert answer["body"] == b'{"headers":["x-other"]}'


def test_a_websocket_cannot_take_another_identity(browse, signed_in):
    forged = {"X-Kinso-Session": "forged", "X_Kinso_Session": "forged"}
    with browse(signed_in.secret).websocket_connect("/_stcore/stream", headers=forged) as socket:
        assert socket.receive_json() == {"identity": [signed_in.session.id]}


@pytest.mark.parametrize("path", ["/_stcore/health", "/api/health", "/api/customers"])
def test_the_health_check_and_the_api_answer_for_themselves(browse, user, reached, path):
    assert browse().get(path).status_code == 200
    assert reached == [path]


def test_who_signed_out_elsewhere_is_out_at_once(browse, store, signed_in, reached):
    browser = browse(signed_in.secret)
    assert browser.get("/").status_code == 200
    sign_out(store, signed_in.session.id)
    assert browser.get("/").status_code == 401
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect("/_stcore/stream"):
        pass
    assert reached == ["/"]


def test_who_is_switched_off_is_out_at_once(browse, store, signed_in):
    browser = browse(signed_in.secret)
    assert browser.get("/").status_code == 200
    set_active(store, COMMAND_LINE, signed_in.user.id, active=False)
    assert browser.get("/", headers=NAVIGATION).headers["location"] == "/sign-in"


@pytest.mark.slow
def test_without_the_database_a_person_sees_a_calm_page(browse, signed_in, reached, without_database):
    browser = browse(signed_in.secret)
    with without_database():
        answer = browser.get("/customers?search=x", headers=NAVIGATION)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert 'href="/customers?search=x"' in answer.text
        program = browser.get("/_stcore/host-config")
        assert (program.status_code, program.json()) == (503, "The database is away; Kinso keeps trying.")
        with pytest.raises(WebSocketDisconnect) as refused, browser.websocket_connect("/_stcore/stream"):
            pass
        assert refused.value.code == 1013
        assert browse().get("/", headers=NAVIGATION).status_code == 503
    assert reached == []
    assert browser.get("/customers").status_code == 200


def test_every_answer_carries_the_protecting_headers(browse, signed_in):
    for answer in (browse().get("/"), browse(signed_in.secret).get("/"), browse().get("/sign-in")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_person_at_an_unknown_address_is_told_so(browse, signed_in, reached):
    answer = browse(signed_in.secret).get("/nowhere", headers={"sec-fetch-mode": "navigate"})
    assert answer.status_code == 404
    assert "This address does not exist" in answer.text
    assert reached == []
