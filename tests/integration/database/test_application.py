"""The application opens with the database, waits for one that is late, and leaves nothing behind."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.folder import FolderLock, open_folder, uri_of
from kinso.database.preparation import prepare
from kinso.errors import ConfigurationError, DatabaseUnavailable, StartupError
from kinso.models.history import Run
from kinso.repository.store import Store
from kinso.services.application import (
    ApplicationContext,
    close_application,
    current_application,
    open_application,
    use_application,
)
from tests.support.processes import until

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def closed():
    yield
    close_application()


def is_free(data_dir) -> bool:
    lock = FolderLock(open_folder(data_dir).lock)
    try:
        return lock.acquire()
    finally:
        lock.release()


def test_an_application_with_a_server_of_its_own_opens_and_closes(data_dir):
    codes: list[str] = []
    application = open_application(Settings(data_dir=data_dir), announce=codes.append)
    assert current_application() is application
    assert application.ready
    assert len(codes) == 1
    assert application.store.users.all() == []
    assert not is_free(data_dir)
    close_application()
    assert is_free(data_dir)
    assert not application.ready
    with pytest.raises(DatabaseUnavailable):
        current_application()


def test_an_administrator_from_the_settings_needs_no_code(data_dir):
    codes: list[str] = []
    settings = Settings(data_dir=data_dir, admin_email="owner@shop.com", admin_password="long enough")
    application = open_application(settings, announce=codes.append)
    assert codes == []
    assert [user.email for user in application.store.users.all()] == ["owner@shop.com"]


def test_an_application_in_memory_needs_no_server(monkeypatch):
    application = open_application(Settings(mongodb_uri="mongomock://", mongod="/nowhere/mongod"))
    assert application.ready
    assert application.store.users.all() == []


def test_an_open_application_is_not_opened_again():
    application = open_application(Settings(mongodb_uri="mongomock://"))
    with pytest.raises(StartupError, match="already"):
        open_application(Settings(mongodb_uri="mongomock://"))
    assert current_application() is application


def test_a_wrong_setting_leaves_no_server_behind(data_dir):
    with pytest.raises(ConfigurationError, match="KINSO_DATABASE"):
        open_application(Settings(data_dir=data_dir, database="not a name"))
    assert is_free(data_dir)


def test_a_preparation_that_fails_leaves_no_server_behind(serve, data_dir):
    server, connection = serve()
    connection.database["api_tokens"].create_index("hash")
    connection.close()
    server.stop()
    with pytest.raises(StartupError, match="collection api_tokens"):
        open_application(Settings(data_dir=data_dir))
    assert is_free(data_dir)


def test_an_application_waits_for_a_server_that_is_late(serve, data_dir, caplog):
    codes: list[str] = []
    socket = data_dir.resolve() / "mongodb" / "mongod.sock"
    application = open_application(Settings(mongodb_uri=uri_of(str(socket))), announce=codes.append)
    assert not application.ready
    with pytest.raises(DatabaseUnavailable):
        _ = application.store
    serve()
    until(lambda: application.ready, "the application is ready")
    assert application.store.users.all() == []
    assert len(codes) == 1


def test_an_application_that_waits_can_be_closed(caplog):
    application = open_application(Settings(mongodb_uri="mongodb://127.0.0.1:9/?directConnection=true"))
    close_application()
    assert not application.ready


def test_opening_undoes_what_a_crash_left_half_done(connection, settings):
    long_ago = datetime.now(UTC) - timedelta(days=1)
    run = Run(
        id=str(ObjectId()),
        kind="auto-activation",
        status="running",
        by_id="1",
        by_name="Somebody",
        source="app",
        parameters={},
        matched=5,
        changed=0,
        started_at=long_ago,
        heartbeat_at=long_ago,
    )
    Store(connection).runs.insert(run)
    application = open_application(settings)
    assert application.store.runs.get(run.id).status == "rolled-back"


def test_what_was_taken_over_is_logged(new_database, mongodb_uri, caplog):
    connection = new_database()
    connection.database["customers"].insert_many(
        [{"customerId": "abc1", "purchaseAmount": "a lot"}, {"customerId": "ABC1", "purchaseAmount": 5}]
    )
    with caplog.at_level(logging.WARNING):
        open_application(Settings(mongodb_uri=mongodb_uri, database=connection.database.name))
    assert "2 customers of another application" in caplog.text
    assert "abc1, ABC1" in caplog.text
    assert "customer abc1 was not an amount of money" in caplog.text


def test_tests_can_put_an_application_of_their_own_in_place(store, settings):
    outer = open_application(Settings(mongodb_uri="mongomock://"))
    with use_application(ApplicationContext.around(store, settings)) as application:
        assert current_application() is application
        assert application.store is store
        assert application.settings is settings
    assert current_application() is outer


def test_preparing_twice_gives_each_process_a_code(new_database, mongodb_uri):
    connection = new_database()
    prepare(connection)
    settings = Settings(mongodb_uri=mongodb_uri, database=connection.database.name)
    codes: list[str] = []
    for _ in range(2):
        application = ApplicationContext(settings, Store(connect(settings)), announce=codes.append)
        application.prepare()
        application.close()
    assert len(set(codes)) == 2
