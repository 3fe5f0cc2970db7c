"""Which `mongod` the embedded server runs: the configured one, the system's, or the one that came with pip."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import stat
import sys
from pathlib import Path

from kinso.errors import StartupError

_NAME = "mongod.exe" if sys.platform == "win32" else "mongod"


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
