"""Folders for embedded servers of a test's own, and the servers, ended after the test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinso.config import Settings
from kinso.database.connection import Connection, connect
from kinso.database.embedded.server import EmbeddedServer


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder with a short path, for a socket fits into few characters."""
    folder = Path(tempfile.mkdtemp(prefix="kinso-"))
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def serve(data_dir: Path) -> Iterator[Callable[..., tuple[EmbeddedServer, Connection]]]:
    """Starts or joins the server of a folder, by default of `data_dir`, and connects to it."""
    opened: list[tuple[EmbeddedServer, Connection]] = []

    def start(folder: Path = data_dir) -> tuple[EmbeddedServer, Connection]:
        server = EmbeddedServer(folder, patience=60)
        opened.append((server, connect(Settings(), server.start())))
        return opened[-1]

    yield start
    for server, connection in opened:
        connection.close()
        server.stop()
