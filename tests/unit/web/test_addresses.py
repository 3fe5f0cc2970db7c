import pytest

from kinso.web.addresses import PAGES, is_known, is_open, safe_next


@pytest.mark.parametrize(
    "address", ["/", "/customers", "/customers?search=a%20b&page=2", "/a//b", "/日本", "/%09//evil.com"]
)
def test_an_address_of_our_own_is_kept(address):
    assert safe_next(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "customers",
        "//evil.com",
        "///evil.com",
        "/\\evil.com",
        "/a\\..\\evil.com",
        "\\/evil.com",
        "/\t/evil.com",
        "/\n/evil.com",
        "/a\r\nSet-Cookie: x=1",
        " /customers",
        "https://evil.com/",
        "javascript:alert(1)",
        "/" + "a" * 3000,
    ],
)
def test_an_address_elsewhere_becomes_the_first_page(address):
    assert safe_next(address) == "/"


@pytest.mark.parametrize("address", ["/sign-in", "/sign-in?next=/x", "/sign-out", "/sign-out/", "/set-up?x"])
def test_nobody_is_sent_back_to_the_sign_in(address):
    assert safe_next(address) == "/"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/set-up", "/_stcore/health", "/api", "/api/customers"])
def test_the_sign_in_the_health_check_and_the_api_are_open(path):
    assert is_open(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/customers",
        "/sign-in/",
        "/sign-in/../",
        "/SIGN-IN",
        "/apis",
        "/api-docs",
        "//api/x",
        "/static/js/index.js",
        "/media/abc.csv",
        "/component/x/index.html",
        "/download/customers.csv",
        "/_stcore/health/",
        "/_stcore/script-health-check",
        "/_stcore/metrics",
        "/_stcore/host-config",
        "/_stcore/stream",
        "/_stcore/upload_file/a/b",
        "/_stcore/agent/interact",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/mcp",
    ],
)
def test_everything_else_is_closed(path):
    assert not is_open(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        *(f"/{page}" for page in sorted(PAGES)),
        "/customers/",
        "/_stcore/health",
        "/api/x",
        "/download/x",
        "/favicon.ico",
    ],
)
def test_what_is_served_is_passed_on(path):
    assert is_known(path)


@pytest.mark.parametrize("path", ["/nowhere", "/customers/nowhere", "/Customers", "/overview/x", "/admin/login"])
def test_everything_else_is_told_to_whoever_comes_there(path):
    assert not is_known(path)
