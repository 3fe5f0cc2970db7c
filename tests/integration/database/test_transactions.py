"""A server that is lost just before the commit: waited for a while, and never a guess about what became of it."""

import os
import signal

import pytest

from kinso.database import transactions
from kinso.errors import DatabaseUnavailable

pytestmark = pytest.mark.slow


def test_a_server_that_is_killed_before_the_commit_is_waited_for(serve):
    server, connection = serve()
    found = connection.database["things"]
    kills = [server.process_id]

    def work() -> str:
        found.insert_one({"_id": 1})
        if kills:
            os.kill(kills.pop(), signal.SIGKILL)
        return "done"

    assert connection.transact(work) == "done"
    assert found.count_documents({}) == 1


def test_a_server_that_stays_away_at_the_commit_is_not_waited_for_without_end(serve, monkeypatch):
    monkeypatch.setattr(transactions, "_UNKNOWN_SECONDS", 0.5)
    server, connection = serve()

    def work() -> None:
        connection.database["things"].insert_one({"_id": 1})
        server.stop()

    with pytest.raises(DatabaseUnavailable, match="look whether it was"):
        connection.transact(work)
