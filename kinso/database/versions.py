"""Versions of MongoDB: which of them reads what another wrote, and what was written last in a folder.

The data of a folder has a version of its own (`featureCompatibilityVersion`), such as 6.0. A mongod reads the data of
its own version and of the one before, so a folder goes from version to version and skips none.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from enum import Enum, auto

from kinso.database.folder import ServerFolder

_LONG_LIVED = ("4.4", "5.0", "6.0", "7.0", "8.0")
_FOUND = re.compile(r"featureCompatibilityVersion\W+version\W+(\d+\.\d+)")
_SERVER = re.compile(r'"buildInfo":\{"version":"(\d+\.\d+)\.')


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


def versions_told(words: str) -> tuple[str | None, str | None]:
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
