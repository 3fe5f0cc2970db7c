import pytest

from kinso.web.unknown import PAGES, is_known


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
