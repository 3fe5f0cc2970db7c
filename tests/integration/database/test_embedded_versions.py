"""Data of an earlier MongoDB become those of the present one, so that the next but one can read them."""

import json

import pytest

pytestmark = pytest.mark.slow


def version_of(connection):
    asked = connection.client.admin.command({"getParameter": 1, "featureCompatibilityVersion": 1})
    return asked["featureCompatibilityVersion"]["version"]


def test_an_older_folder_is_raised_at_its_first_start_and_remembers_it(serve, data_dir, caplog):
    server, connection = serve()
    present = version_of(connection)
    connection.database["notes"].insert_one({"_id": 1})
    sure = {"confirm": True} if int(present.partition(".")[0]) >= 7 else {}
    before = {"5.0": "4.4", "6.0": "5.0", "7.0": "6.0", "8.0": "7.0"}[present]
    connection.client.admin.command({"setFeatureCompatibilityVersion": before, **sure})
    connection.close()
    server.stop()
    server, connection = serve()
    assert version_of(connection) == present
    assert [note["_id"] for note in connection.database["notes"].find()] == [1]
    assert json.loads((data_dir / "mongodb" / "version.json").read_text()) == {"data": present}
    assert f"raised from MongoDB {before} to {present}" in caplog.text
