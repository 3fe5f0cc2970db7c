"""Which `mongod` the embedded server runs, and which versions of data it reads.

It is the configured one, the system's, or the one that came with pip. The data of a folder has a version of its own
(`featureCompatibilityVersion`), such as 6.0. A mongod reads the data of its own version and of the one before, so a
folder goes from version to version and skips none.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
import stat
import sys
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path

from kinso.database.embedded.folder import ServerFolder
from kinso.errors import StartupError

_NAME = "mongod.exe" if sys.platform == "win32" else "mongod"

_LONG_LIVED = ("4.4", "5.0", "6.0", "7.0", "8.0")
_FOUND = re.compile(r"featureCompatibilityVersion\W+version\W+(\d+\.\d+)")
_SERVER = re.compile(r'"buildInfo":\{"version":"(\d+\.\d+)\.')


def find_binary(configured: str | None) -> Path:
    """The mongod to run; `configured` is the value of KINSO_MONGOD. Raises `StartupError` when there is none."""
    if configured:
        return _check(configured)
    found = shutil.which("mongod")
    if found:
        return Path(found).absolute()
    packaged = _find_packaged()
    if packaged:
        return packaged
    raise StartupError(
        f"No MongoDB server comes with Kinso for this platform ({platform.system()} {platform.machine()}): install"
        " one and set KINSO_MONGOD to its mongod binary, or set KINSO_MONGODB_URI to a running MongoDB server."
    )


def _check(configured: str) -> Path:
    path = shutil.which(Path(configured).expanduser())
    if path:
        return Path(path).absolute()
    problem = "is not an executable file" if Path(configured).expanduser().exists() else "does not exist"
    raise StartupError(
        f"KINSO_MONGOD is {configured}, which {problem}: set it to a mongod binary, or set KINSO_MONGODB_URI to a"
        " running MongoDB server."
    )


def _find_packaged() -> Path | None:
    # Looking for the parent package only: importing it could load far more than the folder of a binary.
    package = importlib.util.find_spec("fiftyone")
    for location in (package.submodule_search_locations or []) if package else []:
        path = Path(location, "db", "bin", _NAME)
        if path.is_file():
            _make_executable(path)
            return path
    return None


def _make_executable(path: Path) -> None:
    if os.access(path, os.X_OK):
        return
    try:
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    except OSError as error:
        raise StartupError(
            f"{path} is not executable and cannot be made so ({error.strerror}): set KINSO_MONGOD to a mongod binary,"
            " or set KINSO_MONGODB_URI to a running MongoDB server."
        ) from error


class Step(Enum):
    """What a mongod can do with the data of a folder."""

    READ = auto()
    RAISE = auto()
    """Read them, and make them data of its own version."""
    TOO_OLD = auto()
    TOO_NEW = auto()


def step_to(data: str, server: str) -> Step:
    """What a mongod of version `server` does with data of version `data`; both like 6.0."""
    if data == server:
        return Step.READ
    if _ordered(data) > _ordered(server):
        return Step.TOO_NEW
    return Step.RAISE if _ordered(data) >= _ordered(_before(server)) else Step.TOO_OLD


def versions_named(words: str) -> tuple[str | None, str | None]:
    """The version of the data and of the mongod, as far as the latter tells them when it refuses to start."""
    data, server = _FOUND.findall(words), _SERVER.findall(words)
    return (data[-1] if data else None), (server[-1] if server else None)


def recorded_version(folder: ServerFolder) -> str | None:
    """The version of the data in the folder when they were opened last; None when that is not known."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(folder.version.read_text(encoding="utf-8"))["data"])
    return None


def record_version(folder: ServerFolder, version: str) -> None:
    """Remember the version of the data; without that, only a sentence tells less one day."""
    if version != recorded_version(folder):
        with suppress(OSError):
            folder.version.write_text(json.dumps({"data": version}), encoding="utf-8")


def _before(server: str) -> str:
    """The oldest version whose data a mongod of this version reads."""
    older = [each for each in _LONG_LIVED if _ordered(each) < _ordered(server)]
    return older[-1] if older else server


def _ordered(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)
