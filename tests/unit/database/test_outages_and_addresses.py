"""What the database's settings may be, and what counts as an outage."""

import pytest
from pymongo import errors

from kinso.config import Settings
from kinso.database.connection import connect, translated_errors
from kinso.errors import ConfigurationError, DatabaseUnavailable

OUTAGES = [
    errors.ServerSelectionTimeoutError("no server"),
    errors.AutoReconnect("gone"),
    errors.NetworkTimeout("slow"),
    errors.NotPrimaryError("stepped down"),
    errors.WaitQueueTimeoutError("busy"),
    errors.ConnectionFailure("refused"),
    errors.ConfigurationError("The DNS query name does not exist"),
    errors.ExecutionTimeout("operation exceeded time limit", 50),
    errors.CursorNotFound("cursor id 5 not found", 43),
    errors.InvalidOperation("Cannot use MongoClient after close"),
    *(errors.WriteConcernError("going away", code, {"code": code}) for code in (91, 189, 11600, 11602)),
    errors.OperationFailure("operation was interrupted", 11602),
    errors.BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 91, "errmsg": "shutting down"}]}),
]
NO_OUTAGES = [
    errors.DuplicateKeyError("E11000 duplicate key", 11000),
    errors.WriteError("Document failed validation", 121),
    errors.OperationFailure("unknown operator", 2),
    errors.InvalidOperation("Transaction already in progress"),
    ValueError("something else"),
]


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
def test_a_server_that_cannot_be_reached_is_an_outage(error):
    with pytest.raises(DatabaseUnavailable) as raised, translated_errors():
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", NO_OUTAGES, ids=repr)
def test_other_failures_stay_what_they_are(error):
    with pytest.raises(type(error)) as raised, translated_errors():
        raise error
    assert raised.value is error


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://clerk:s3cret@x:y@host/",
        "mongodb://clerk:s3cret@host:port/",
        "mongodb://clerk:s3/cret@host/",
        "postgres://clerk:s3cret@host/",
        "clerk:s3cret@host/",
        "mongodb://",
        "s3cret-host",
    ],
)
def test_an_address_that_cannot_be_one_is_refused_without_showing_the_password(uri):
    with pytest.raises(ConfigurationError) as raised:
        connect(Settings(mongodb_uri=uri)).close()
    assert "KINSO_MONGODB_URI is not a usable MongoDB address" in raised.value.message
    assert "s3" not in raised.value.message
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b", "a$b", "x" * 64, "admin", "local", "config", "ä"])
@pytest.mark.parametrize("uri", ["mongodb://host/", "mongomock://"])
def test_a_name_that_cannot_be_a_databases_is_refused(uri, name):
    with pytest.raises(ConfigurationError, match="KINSO_DATABASE"):
        connect(Settings(mongodb_uri=uri, database=name))


def test_the_settings_never_show_the_address():
    assert "s3cret" not in repr(Settings(mongodb_uri="mongodb://clerk:s3cret@host/"))


def test_a_database_in_memory_just_does_the_work(mock_store):
    connection = mock_store.connection
    assert connection.in_memory
    connection.ping()
    assert connection.transact(lambda: connection.transact(lambda: 5)) == 5
