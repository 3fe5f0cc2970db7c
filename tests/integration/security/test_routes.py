"""Everything that the server answers beside pages and the API: open to everyone, or to whoever may."""

import pytest

from kinso.models.accounts import Role
from kinso.services.accounts.sign_in import SESSION_COOKIE
from kinso.web.addresses import is_open
from kinso.web.routes import web_routes

pytestmark = pytest.mark.xdist_group("running")

OPEN = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-out"),
    ("POST", "/sign-out"),
    ("GET", "/set-up"),
    ("POST", "/set-up"),
}
LEAST = {
    ("GET", "/overview"): Role.ANALYST,
    ("GET", "/download/customers.csv"): Role.ANALYST,
    ("GET", "/download/history.csv"): Role.ANALYST,
    ("GET", "/download/ledger.csv"): Role.ANALYST,
    ("GET", "/download/purchases.csv"): Role.ANALYST,
    ("POST", "/draft"): Role.STAFF,
}
ROLES = list(Role)


def test_the_table_of_routes_is_complete():
    routes = {(method, route.path) for route in web_routes() for method in route.methods - {"HEAD"}}
    assert routes == OPEN | LEAST.keys()
    assert {path for _, path in routes if is_open(path)} == {path for _, path in OPEN}


@pytest.mark.parametrize(("method", "path"), LEAST)
def test_a_route_answers_those_who_may_and_nobody_else(running, method, path):
    assert running.ask(method, path).status_code == 401
    for role in ROLES:
        cookie = {"Cookie": f"{SESSION_COOKIE}={running.secret_of(role)}"}
        may = ROLES.index(role) >= ROLES.index(LEAST[method, path])
        # A file about one customer is asked for without naming any, so there is nothing to find, and a draft is empty.
        assert running.ask(method, path, headers=cookie).status_code in ({200, 303, 400, 404} if may else {403})
