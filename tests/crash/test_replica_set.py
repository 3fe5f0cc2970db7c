"""Three servers: whichever of them is lost, Kinso goes on by itself and nothing that was confirmed is lost."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from kinso.config import Settings
from kinso.database.connection import connect
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
