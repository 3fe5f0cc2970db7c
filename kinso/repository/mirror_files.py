"""What the mirror of one database keeps on disk: snapshots to start from, and what does not fit into memory.

All of it is in one private folder, which several processes may share.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from kinso.database.embedded.folder import FolderLock, is_locked

_SNAPSHOT, _UNFINISHED, _ERASED, _SPILL = "snapshot-", "unfinished-", "erased-", "memory-"
_LOCK = ".lock"


class MirrorFiles:
    """The folder; `spill` is what of it this process alone uses."""

    def __init__(self, folder: Path, *, keeps_snapshots: bool) -> None:
        """Raises `OSError` and `StartupError` when the folder cannot be used."""
        self._folder = folder
        self.keeps_snapshots = keeps_snapshots
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._remove_left_over()
        self.spill = folder / f"{_SPILL}{uuid4().hex}"
        self._lock = FolderLock(self.spill.with_suffix(_LOCK))
        self._lock.acquire()
        self.spill.mkdir(mode=0o700)

    def place(self) -> Path:
        """Where one mirror may put what does not fit into memory."""
        return self.spill / uuid4().hex

    def close(self) -> None:
        """Remove what only this process needed."""
        shutil.rmtree(self.spill, ignore_errors=True)
        self._lock.release()
        _remove(self.spill.with_suffix(_LOCK))

    def snapshot(self) -> Path | None:
        """The latest one in which nobody is who was erased."""
        found = sorted(self._folder.glob(f"{_SNAPSHOT}*"), key=_position)
        return found[-1] if found and _position(found[-1]) >= self._erased_until() else None

    def unfinished(self) -> Path:
        """A place to write the next one to."""
        return self._folder / f"{_UNFINISHED}{self.spill.name}-{uuid4().hex}"

    def drop(self, unfinished: Path) -> None:
        """Remove what was not finished, and what DuckDB wrote beside it."""
        for file in self._folder.glob(f"{unfinished.name}*"):
            _remove(file)

    def keep(self, written: Path, position: int) -> None:
        """Let a whole one take the place of all earlier ones; raises `OSError` when it was removed meanwhile."""
        final = self._folder / f"{_SNAPSHOT}{position:016x}-{uuid4().hex}"
        written.rename(final)
        _sync(self._folder)
        if position < self._erased_until():
            _remove(final)
            raise FileNotFoundError(final)
        for earlier in self._folder.glob(f"{_SNAPSHOT}*"):
            if _position(earlier) < position:
                _remove(earlier)

    def forget(self, until: int) -> bool:
        """Remove every snapshot of a position before this, of whatever process, and let none appear any more.

        Returns whether that was still to be done.
        """
        if self._erased_until() >= until:
            return False
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / f"{_ERASED}{until:016x}").touch(mode=0o600)
        for file in self._folder.glob(f"{_ERASED}*"):
            if _position(file) < until:
                _remove(file)
        for file in (*self._folder.glob(f"{_SNAPSHOT}*"), *self._folder.glob(f"{_UNFINISHED}*")):
            if file.name.startswith(_UNFINISHED) or _position(file) < until:
                _remove(file)
        return True

    def discard(self) -> None:
        """Remove every snapshot: they cannot be gone on from."""
        for file in self._folder.glob(f"{_SNAPSHOT}*"):
            _remove(file)

    def _erased_until(self) -> int:
        return max(map(_position, self._folder.glob(f"{_ERASED}*")), default=0)

    def _remove_left_over(self) -> None:
        """Of processes that are gone."""
        for lock in self._folder.glob(f"{_SPILL}*{_LOCK}"):
            if not is_locked(lock):
                for file in self._folder.glob(f"{_UNFINISHED}{lock.stem}-*"):
                    _remove(file)
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                _remove(lock)


def _position(file: Path) -> int:
    """As the name says; 0 when it is not one of ours."""
    try:
        return int(file.name.split("-")[1], 16)
    except (IndexError, ValueError):
        return 0


def _remove(file: Path) -> None:
    # On Windows a file that another process has open stays; its name tells that it must not be used.
    with suppress(FileNotFoundError, PermissionError):
        file.unlink()


def _sync(folder: Path) -> None:
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
