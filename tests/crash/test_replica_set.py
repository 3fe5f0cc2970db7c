"""Three servers: whichever of them is lost, Kinso goes on by itself and nothing that was confirmed is lost."""

import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from kinso.config import Settings
from kinso.database.connection import connect
from tests.crash.app import AS_A_PERSON, serving
from tests.crash.ledger import PROMISES, Ledger
from tests.crash.replica_set import ReplicaSet
from tests.crash.shop import Worker, settle
from tests.support.processes import until

pytestmark = pytest.mark.xdist_group("crash")


@pytest.fixture
def servers():
    servers = ReplicaSet(Path(tempfile.mkdtemp(prefix="kinso-")))
    yield servers
    servers.close()


def test_a_primary_that_is_killed_or_steps_down_under_load_costs_no_confirmed_write(servers):
    ledger = Ledger()
    worker = Worker(ledger, name="r", seed=1, mongodb_uri=servers.uri)
    try:
        worker.wait_until_ready()
        worker.go()
        worker.wait_for_confirmations(60)
        for _ in range(2):
            lost = servers.primary
            lost.kill()
            worker.wait_for_confirmations(60)
            lost.start()
            until(lambda: servers.is_whole, "the lost server has caught up")
            servers.step_down()
            worker.wait_for_confirmations(60)
            until(lambda: servers.is_whole, "all servers do their part")
    finally:
        worker.kill()
    with closing(connect(Settings(mongodb_uri=servers.uri))) as connection:
        report = settle(connection, ledger)
    assert ledger.problems == []
    assert {name: ledger.counts[name] for name in PROMISES} == dict.fromkeys(PROMISES, 0)
    assert report.findings == []
    assert ledger.counts["confirmed runs"] > 10


def test_on_a_lost_majority_health_says_so_and_writes_are_refused_until_it_is_back(servers, tmp_path):
    ada = {"customerId": "A-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}
    with serving(tmp_path, KINSO_MONGODB_URI=servers.uri) as app:
        app.sign_in()
        lost = [member for member in servers.members if member.says("secondary")]
        for member in lost:
            member.kill()
        began = time.monotonic()
        assert app.health == 503
        answer = app.client.post("/api/customers", json=ada)
        assert (answer.status_code, answer.json()["success"]) == (503, False)
        assert time.monotonic() - began < 30
        assert app.client.get("/", headers=AS_A_PERSON).status_code in {200, 503}
        for member in lost:
            member.start()
        until(lambda: app.health == 200, "the majority is back")
        # It may have been stored after all, once the others had it as well.
        assert app.client.post("/api/customers", json=ada).status_code in {201, 409}
        assert [each["customerName"] for each in app.client.get("/api/customers").json()["data"]] == ["Ada"]
