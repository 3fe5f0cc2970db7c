"""Shops whose processes may be killed; whatever is left of them ends with the test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.shop import Shop


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder with a short path, for a socket fits into few characters."""
    folder = Path(tempfile.mkdtemp(prefix="kinso-"))
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def shop(data_dir: Path) -> Iterator[Shop]:
    shop = Shop(data_dir, seed=1)
    yield shop
    shop.close()
