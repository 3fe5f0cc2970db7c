"""One connection for the whole process, and transactions that calls join by themselves."""

import pytest

from kinso.database.connection import Connection


def test_a_failed_transaction_leaves_nothing_behind(connection: Connection) -> None:
    def work() -> None:
        connection.database["settings"].insert_one({"name": "half"})
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        connection.transact(work)
    assert connection.database["settings"].count_documents({}) == 0
