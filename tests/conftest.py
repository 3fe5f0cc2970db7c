"""What tests share: a real MongoDB for the whole run, an empty database for each test, and people with each role."""

import os
import random
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import disk_usage

import hypothesis
import pytest
from argon2 import PasswordHasher
from pymongo import message

from kinso.config import Settings
from kinso.database.connection import Connection, connect
from kinso.database.preparation import prepare
from kinso.models.accounts import Actor, Role
from kinso.repository.store import Store
from kinso.services.accounts import passwords
from kinso.services.application import ApplicationContext, use_application
from tests.support import examples, server
from tests.support.database import OneDatabase

_OWN_SETTINGS = (
    "KINSO_MONGODB_URI",
    "KINSO_DATABASE",
    "KINSO_DATA_DIR",
    "KINSO_BACKUP_DIR",
    "KINSO_MONGOD",
    "KINSO_ADMIN_EMAIL",
    "KINSO_ADMIN_PASSWORD",
)
_HERE = Path(__file__).parent
_SLOW_PLACES = tuple(_HERE / place for place in ("e2e", "crash", "integration/cli"))
_SLOW_FIXTURES = frozenset({"running", "serve", "served", "data_dir"})
"""Those that start servers of their own."""
_IN_MEMORY = Path("/dev/shm")
_ROOM = 6 * 2**30


hypothesis.settings.load_profile(examples.USUAL)


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: tests wait for what they have started."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_configure(config: pytest.Config) -> None:
    for name in _OWN_SETTINGS:
        os.environ.pop(name, None)
    _number_messages_without_random()
    if not hasattr(config, "workerinput"):
        _keep_compiled_modules()
        _keep_files_in_memory()
        server.begin_run()


def _number_messages_without_random() -> None:
    """The mirror asks the database at any time; the driver numbers messages by `random`, which hypothesis watches."""
    message.random = random.Random()


def _keep_compiled_modules() -> None:
    """Dozens of processes are started; each would have to compile every module anew."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _keep_files_in_memory() -> None:
    """Databases wait for the disk at every commit; where memory can be written to like a disk, all files go there."""
    if "TMPDIR" not in os.environ and os.access(_IN_MEMORY, os.W_OK) and disk_usage(_IN_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = str(_IN_MEMORY)
        tempfile.tempdir = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever starts further processes is slow; what is slow for another reason says so itself."""
    for item in items:
        in_place = any(item.path.is_relative_to(place) for place in _SLOW_PLACES)
        if in_place or not _SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        server.end_run()


@pytest.fixture(scope="session")
def mongodb_uri(request: pytest.FixtureRequest) -> str:
    """A real MongoDB, started by Kinso's own code; shared by all processes of the run."""
    is_worker = hasattr(request.config, "workerinput")
    return server.shared_uri(os.getppid() if is_worker else os.getpid())


@pytest.fixture(scope="session")
def settings(mongodb_uri: str) -> Settings:
    """Settings that lead to this process's own database."""
    return Settings(mongodb_uri=mongodb_uri, database=f"kinso_{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def _database(settings: Settings) -> Iterator[OneDatabase]:
    database = OneDatabase(settings)
    yield database
    database.drop()


@pytest.fixture
def connection(_database: OneDatabase) -> Iterator[Connection]:
    """A prepared database on the real MongoDB, empty at the start of the test; the test may close it."""
    yield _database.emptied()
    _database.release()


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[PasswordHasher]:
    """Passwords of this process are hashed with little effort; returns what does it with the real one."""
    real = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
        yield real
    passwords._decoy.cache_clear()


@pytest.fixture
def real_hashes(_quick_hashes: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For tests about the effort and the time that hashing a password takes."""
    monkeypatch.setattr(passwords, "_hasher", _quick_hashes)
    passwords._decoy.cache_clear()
    yield
    passwords._decoy.cache_clear()


@pytest.fixture
def store(connection: Connection) -> Store:
    """The repositories of `connection`."""
    return Store(connection)


@pytest.fixture
def application(store: Store, settings: Settings) -> Iterator[ApplicationContext]:
    """`store` as what the front ends of this process work on."""
    with use_application(ApplicationContext.around(store, settings)) as application:
        yield application


@pytest.fixture
def new_database(mongodb_uri: str) -> Iterator[Callable[..., Connection]]:
    """Makes connections to databases of the test's own, not prepared, removed after it; `name` is for a second one."""
    made: list[Connection] = []

    def make(name: str = "") -> Connection:
        made.append(connect(Settings(mongodb_uri=mongodb_uri, database=name or f"kinso_{uuid.uuid4().hex[:12]}")))
        return made[-1]

    yield make
    for connection in made:
        connection.client.drop_database(connection.database)
        connection.close()


@pytest.fixture
def mock_store() -> Iterator[Store]:
    """A prepared store in memory, without any server: no transactions, small data only."""
    connection = connect(Settings(mongodb_uri="mongomock://"))
    prepare(connection)
    yield Store(connection)
    connection.close()


def _actor(role: Role) -> Actor:
    return Actor(
        user_id=f"{role:0>24}".encode().hex()[-24:], name=f"{role.capitalize()} Person", role=role, source="app"
    )


@pytest.fixture
def admin() -> Actor:
    return _actor(Role.ADMIN)


@pytest.fixture
def manager() -> Actor:
    return _actor(Role.MANAGER)


@pytest.fixture
def staff() -> Actor:
    return _actor(Role.STAFF)


@pytest.fixture
def analyst() -> Actor:
    return _actor(Role.ANALYST)
