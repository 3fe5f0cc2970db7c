"""Files that appear when they are complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
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
    _demand_free(target, name, overwrite=overwrite)
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
        _demand_free(target, name, overwrite=overwrite)
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink()
        raise


def _demand_free(target: Path, name: str, *, overwrite: bool) -> None:
    """A device, a pipe or a folder is never replaced."""
    if target.exists() and not (overwrite and target.is_file()):
        raise FileInTheWay(name)
