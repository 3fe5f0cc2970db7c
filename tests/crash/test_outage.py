"""A database that goes away: a calm page and 503 meanwhile, and everything as before when it is back."""

import pytest

from kinso.database.embedded.server import EmbeddedServer
from tests.crash.app import AS_A_PERSON, serving
from tests.crash.shop import kill_server
from tests.support.processes import until

pytestmark = pytest.mark.xdist_group("crash")

ADA = {"customerId": "A-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}


@pytest.fixture
def server(data_dir):
    """A database that is not the app's own."""
    server = EmbeddedServer(data_dir, patience=60)
    yield server
    server.stop()


def test_while_its_database_is_away_the_app_asks_to_wait_and_then_goes_on(server, data_dir, tmp_path):
    with serving(tmp_path, KINSO_MONGODB_URI=server.start()) as app:
        app.sign_in()
        server.stop()
        until(lambda: app.health == 503, "the database is missed")
        for path in ("/", "/sign-in"):
            page = app.client.get(path, headers=AS_A_PERSON)
            assert (page.status_code, page.headers["retry-after"]) == (503, "5")
            assert "The database is away" in page.text
            assert "Nothing is lost" in page.text
        answer = app.client.post("/api/customers", json=ADA)
        assert (answer.status_code, answer.json()["success"]) == (503, False)
        assert "does not answer" in answer.json()["message"]
        again = EmbeddedServer(data_dir, patience=60)
        again.start()
        try:
            until(lambda: app.health == 200, "the database is found again")
            assert app.client.get("/", headers=AS_A_PERSON).status_code == 200
            assert app.client.post("/api/customers", json=ADA).status_code == 201
        finally:
            again.stop()


def test_an_embedded_database_that_is_killed_comes_back_by_itself(data_dir, tmp_path):
    with serving(tmp_path, KINSO_DATA_DIR=str(data_dir)) as app:
        app.sign_in()
        assert app.client.post("/api/customers", json=ADA).status_code == 201
        assert kill_server(data_dir)
        until(lambda: app.health == 200, "the database is back")
        assert app.client.get("/", headers=AS_A_PERSON).status_code == 200
        [found] = app.client.get("/api/customers").json()["data"]
        assert found["customerName"] == "Ada"
