"""Files that appear when they are complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kinso.errors import FileInTheWay

UNFINISHED = ".part"
"""How the name of a file ends that is not complete."""


@contextmanager
def new_file(name: str, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """A file that only its owner can read, and that appears under its name when it is complete and on the disk."""
    target = Path(name).absolute()

    def demand_free(_unfinished: Path | None = None) -> None:
        # A device, a pipe or a folder is never replaced.
        if target.exists() and not (overwrite and target.is_file()):
            raise FileInTheWay(name)

    demand_free()
    with completed_file(target, name, demand_free) as file:
        yield file


@contextmanager
def completed_file(target: Path, name: str, finish: Callable[[Path], None]) -> Iterator[IO[bytes]]:
    """A file beside `target` that takes its place at the end, after `finish` saw it; `name` is for messages."""
    try:
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=UNFINISHED)
    except OSError as error:
        # Nobody knows the temporary name.
        error.filename = name
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        finish(Path(unfinished))
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink()
        raise
