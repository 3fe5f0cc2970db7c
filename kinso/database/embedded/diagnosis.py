"""Why a mongod ended: from its exit code and its last words to one sentence that a person can act on."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kinso.database.embedded.binary import Step, step_to, versions_named

OTHER_SERVER = (
    "set KINSO_MONGOD to a mongod binary that runs here, or set KINSO_MONGODB_URI to a running MongoDB server"
)
OTHER_FOLDER = "set KINSO_DATA_DIR to another folder, or set KINSO_MONGODB_URI to a running MongoDB server"

_ILLEGAL_INSTRUCTION = frozenset({-int(signal.SIGILL), 0xC000001D})
_KILLED = -9
_INCOMPATIBLE_DATA = 62
_LEAST_FREE = 2_000_000
_AGES = {Step.TOO_OLD: ("older ", "too new"), Step.TOO_NEW: ("newer ", "too old")}
"""By what is wrong with the data: which mongod reads them, and what the present one is."""


@dataclass(frozen=True)
class Ending:
    """How a mongod ended.

    `words` is what it wrote since it was started, `free` the bytes left on the folder's disk, and `data` the version of
    the data in it, where that is known.
    """

    binary: Path
    folder: Path
    code: int
    words: str
    free: int
    data: str | None = None


def explain(ending: Ending) -> str:
    """One sentence with the cause and the ways out."""
    if ending.code in _ILLEGAL_INSTRUCTION or "illegal instruction" in ending.words.lower():
        return (
            f"The processor of this machine lacks instructions (AVX) that {ending.binary} needs:"
            f" {OTHER_SERVER.replace('runs here', 'does without them')}."
        )
    for pattern, sentence in _CAUSES:
        found = re.search(pattern, ending.words, re.IGNORECASE)
        if found:
            return sentence(ending, found)
    if ending.free < _LEAST_FREE:
        # Then it had no room for its last words either.
        return _disk_full(ending, None)
    if ending.code == _INCOMPATIBLE_DATA:
        return _foreign_version(ending, None)
    if ending.code == _KILLED:
        return (
            f"{ending.binary} was killed while it started, perhaps for lack of memory: free some memory, or set"
            " KINSO_MONGODB_URI to a running MongoDB server."
        )
    return (
        f"{ending.binary} ended with code {ending.code} instead of starting (what it said is in"
        f" {ending.folder / 'mongod.log'} and mongod.out): {OTHER_SERVER}."
    )


def _missing_library(ending: Ending, found: re.Match[str] | None) -> str:
    library = found["library"].strip() if found else ""
    return f"{ending.binary} needs the shared library {library}, which is missing here: install it, {OTHER_SERVER}."


def _old_library(ending: Ending, found: re.Match[str] | None) -> str:
    version = found["version"] if found else ""
    return f"{ending.binary} needs a newer system library ({version}) than this machine has: {OTHER_SERVER}."


def _disk_full(ending: Ending, _found: re.Match[str] | None) -> str:
    return f"The disk of the data folder {ending.folder} is full: free about 500 MB, {OTHER_FOLDER}."


def _in_use(ending: Ending, _found: re.Match[str] | None) -> str:
    return f"Another MongoDB server is using the data folder {ending.folder}: end it, {OTHER_FOLDER}."


def _not_permitted(ending: Ending, _found: re.Match[str] | None) -> str:
    return f"The data folder {ending.folder} cannot be read and written by this user: {OTHER_FOLDER}."


def _foreign_version(ending: Ending, _found: re.Match[str] | None) -> str:
    told, server = versions_named(ending.words)
    data = told or ending.data
    step = step_to(data, server) if data and server else Step.READ
    age, cause = _AGES.get(step, ("", f"by another version of MongoDB than {ending.binary} can read"))
    if age:
        cause = f"by MongoDB {data}, which {ending.binary} (MongoDB {server}) is {cause} to read"
    return (
        f"The data in {ending.folder} was written {cause}: set KINSO_MONGOD to the {age}mongod that was used until now,"
        " make a backup with “python -m kinso backup FILE” and restore it without KINSO_MONGOD into an empty"
        " KINSO_DATA_DIR, or set KINSO_MONGODB_URI to a running MongoDB server."
    )


def _cannot_execute(ending: Ending, _found: re.Match[str] | None) -> str:
    return f"{ending.binary} is not a program that this machine can run: {OTHER_SERVER}."


def _damaged(ending: Ending, _found: re.Match[str] | None) -> str:
    return (
        f"The data in {ending.folder} is damaged: put a backup in its place, or run {ending.binary} --repair --dbpath"
        f" {ending.folder / 'db'}, or set KINSO_MONGODB_URI to a running MongoDB server."
    )


def _no_socket(ending: Ending, _found: re.Match[str] | None) -> str:
    return f"{ending.binary} cannot listen at the address of the data folder {ending.folder}: {OTHER_FOLDER}."


def _unknown_option(ending: Ending, found: re.Match[str] | None) -> str:
    said = found[0].strip() if found else ""
    return f"{ending.binary} is not a mongod of version 4.4 or newer (it says “{said}”): {OTHER_SERVER}."


_CAUSES: tuple[tuple[str, Callable[[Ending, re.Match[str] | None], str]], ...] = (
    (r"No space left on device|Insufficient free space", _disk_full),
    (r"error while loading shared libraries: (?P<library>[^:\n]+)", _missing_library),
    (r"Library not loaded: (?P<library>[^\n]+)", _missing_library),
    (r"version `(?P<version>[^']+)' not found", _old_library),
    (r"cannot execute:|Exec format error", _cannot_execute),
    (r"error parsing command line|unrecognised option[^\n]*", _unknown_option),
    (r"DBPathInUse", _in_use),
    (r"unsupported WiredTiger (source )?file version|featureCompatibilityVersion document", _foreign_version),
    (r"UPGRADE PROBLEM|Wrong mongod version", _foreign_version),
    (r"Permission denied|Read-only file system|read-only directory", _not_permitted),
    (r"Address already in use|Failed to set up sockets|Error setting up listener", _no_socket),
    (r"WT_TRY_SALVAGE|WT_PANIC|data corruption|checksum error", _damaged),
)
