"""What every answer of the real server carries, and what none of them tells."""

import http.client
import re
from urllib.parse import urlsplit

import pytest

from kinso.models.accounts import Role
from kinso.ui.browser import SCRIPTS
from kinso.web.headers import source_of

pytestmark = pytest.mark.xdist_group("running")

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
DIRECTIVES = {
    "default-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
PATHS = [
    "/",
    "/customers",
    "/sign-in",
    "/set-up",
    "/sign-out",
    "/download/customers.csv",
    "/download/customers.csv?flavour=odd",
    "/api",
    "/api/",
    "/api/nothing",
    "/api/health",
    "/api/customers",
    "/api/customers/odd",
    "/api/openapi.json",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/nothing",
    "/_stcore/agent/openapi.json",
    "/static/js/nothing.js",
    "/media/nothing",
    "/component/nothing/x.js",
    "/nothing/at/all.php",
    "/%00",
]
TELLTALE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|pymongo|mongodb://|Exception\b|Python/\d|streamlit/\d|uvicorn/\d|starlette",
    re.IGNORECASE,
)


def raw(running, path, method="GET", **headers):
    """One request whose path is sent as it is given; the status, the headers in lower case and the body."""
    connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def policy_of(headers):
    directives = [part.strip().partition(" ") for part in headers["content-security-policy"].split(";")]
    return {name: sources for name, _, sources in directives}


@pytest.mark.parametrize("who", ["nobody", "analyst"])
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_tells_the_browser_to_be_careful(running, who, path):
    cookie = {} if who == "nobody" else {"Cookie": f"kinso_session={running.secret_of(Role.ANALYST)}"}
    for navigation in ({}, NAVIGATION) if who == "nobody" else ({},):
        _, headers, _ = raw(running, path, **cookie, **navigation)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "access-control-allow-origin" not in headers
        policy = policy_of(headers)
        assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
        assert "unsafe" not in policy["script-src"]


def test_pages_run_no_script_but_streamlits_and_our_own(running):
    _, headers, page = raw(running, "/customers", Cookie=f"kinso_session={running.secret_of(Role.ANALYST)}")
    policy = policy_of(headers)
    of_the_page = re.findall(r"<script>(.*?)</script>", page.decode(), re.DOTALL)
    assert policy.pop("script-src").split() == ["'self'", *map(source_of, (*of_the_page, *SCRIPTS))]
    assert policy == DIRECTIVES


def test_over_https_browsers_are_told_to_stay_there(running):
    for path in PATHS:
        _, headers, _ = raw(running, path, **{"X-Forwarded-Proto": "https"})
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert "strict-transport-security" not in raw(running, path)[1]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_tells_how_kinso_is_made(running, path):
    cookie = f"kinso_session={running.secret_of(Role.ANALYST)}"
    for method in ("GET", "POST", "PUT", "OPTIONS", "TRACE", "ODD"):
        status, headers, body = raw(running, path, method, Cookie=cookie, Accept="text/html", Origin=running.address)
        assert status < 500
        assert not re.search(r"\d", headers.get("server", ""))
        assert "x-powered-by" not in headers
        if status >= 400:
            assert not TELLTALE.search(body.decode(errors="replace")), body[:500]


def test_nothing_that_holds_data_is_kept_by_browsers_and_proxies(running):
    secret = running.secret_of(Role.ANALYST)
    for path in (
        "/sign-in",
        "/set-up",
        "/download/customers.csv",
        "/api/customers",
        "/api/auth/profile",
        "/api/health",
    ):
        _, headers, _ = raw(running, path, Cookie=f"kinso_session={secret}")
        assert headers["cache-control"] == "no-store", path
    assert "no-cache" in raw(running, "/customers", Cookie=f"kinso_session={secret}")[1]["cache-control"]


CLOSED = [
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/script-health-check",
    "/_stcore/upload_file/a/b",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/bidi-components/a",
    "/media/abc.csv",
    "/component/a/index.html",
    "/static/js/index.js",
    "/app/static/x",
    "/download/customers.csv",
    "/download/history.csv",
    "/download/ledger.csv",
    "/download/purchases.csv",
]
TRICKS = [
    "/download/../customers",
    "/download/%2e%2e/customers",
    "/download/..%2f..%2fetc/passwd",
    "/sign-in/../customers",
    "/sign-in/%2e%2e/customers",
    "/sign-in/..;/customers",
    "/sign-in;/customers",
    "/sign-in%00/customers",
    "/sign-in%2f..%2fcustomers",
    "/sign-in\\..\\customers",
    "/api/../customers",
    "/api/../download/customers.csv",
    "/api/%2e%2e/download/customers.csv",
    "/api/..%2fdownload/customers.csv",
    "/api/%2e%2e%2fstatic/js/index.js",
    "/api/../_stcore/metrics",
    "/_stcore/health/../metrics",
    "/_stcore/health/%2e%2e/metrics",
    "//download/customers.csv",
    "//api/../download/customers.csv",
    "///customers",
    "/./download/customers.csv",
    "/download//customers.csv",
    "/DOWNLOAD/customers.csv",
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%5c..%5cconfig.toml",
    "/media/%2e%2e/%2e%2e/etc/passwd",
    "/component/../../../../etc/passwd",
    "/.git/config",
    "/.streamlit/config.toml",
    "/.streamlit/secrets.toml",
    "/.kinso/owner.json",
    "/app.py",
    "/kinso/config.py",
    "http://kinso.test/download/customers.csv",
]


@pytest.mark.parametrize("path", [*CLOSED, *TRICKS])
def test_no_detour_leads_past_the_sign_in(running, path):
    for method in ("GET", "POST"):
        status, _, body = raw(running, path, method, **{"X-Original-URL": "/sign-in", "X-HTTP-Method-Override": "GET"})
        assert status in {400, 401, 403, 404, 405}, (status, body[:200])
        assert b"secret" not in body.lower()


@pytest.mark.parametrize("path", TRICKS)
def test_no_detour_leads_to_the_servers_files(running, path):
    secret = running.secret_of(Role.ANALYST)
    _, headers, body = raw(running, path, Cookie=f"kinso_session={secret}")
    assert not re.search(rb"root:.*:0:0:|\[server\]|\[core\]|import |password", body) or b"<!DOCTYPE html>" in body
    assert b"trustedUserHeaders" not in body
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "query",
    [
        "flavour=../../etc/passwd",
        "flavour=excel%0d%0aSet-Cookie:%20x=1",
        "search=%0d%0aX-Injected:%201",
        "search=../../x&customerName=%22;filename=evil.html",
    ],
)
def test_what_is_asked_for_does_not_name_the_file(running, query):
    secret = running.secret_of(Role.ANALYST)
    _, headers, _ = raw(running, f"/download/customers.csv?{query}", Cookie=f"kinso_session={secret}")
    assert "x-injected" not in headers
    assert "set-cookie" not in headers
    name = headers.get("content-disposition", "")
    assert re.fullmatch(r'|attachment; filename="customers-\d{4}-\d\d-\d\d\.csv"', name)


def test_streamlits_own_addresses_for_machines_stay_closed_for_people_too(running):
    secret = running.secret_of(Role.ANALYST)
    for path in ("/_stcore/agent/interact", "/_stcore/agent/mcp"):
        status, _, body = raw(running, path, "POST", Cookie=f"kinso_session={secret}")
        assert status >= 400
        assert b"secret" not in body.lower()


@pytest.mark.parametrize(
    "path", ["/api/customers/%00", "/api/customers/%2e%2e", "/api/sales/..%2f..", "/api/%5c%5chost"]
)
def test_the_api_answers_odd_addresses_itself(running, path):
    status, headers, body = raw(running, path)
    assert (status, headers["content-type"]) in ((401, "application/json"), (404, "application/json"))
    assert b'"success":false' in body
    secret = running.secret_of(Role.ANALYST)
    assert raw(running, path, Authorization=f"Bearer {secret}")[0] == 404
