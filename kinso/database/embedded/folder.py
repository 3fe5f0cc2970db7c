"""The embedded server's folder: private to its owner, held by one process at a time, with the address and the secret.

A server that listens on TCP can be reached by every user of the machine, so it has access control: one random secret in
the folder, for its owner only, is the key by which the server knows its own commands, and the password of the user as
whom Kinso works. A socket needs none: the folder around it is its owner's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

from kinso.errors import StartupError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103
_SOCKET = "mongod.sock"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")
"""mongod and replica set configurations read commas, colons and blanks in a path as something else."""

USER = "kinso"
_BYTES = 32


@dataclass(frozen=True)
class ServerFolder:
    """Paths inside the folder; `path` is absolute and free of links, so that every process spells it the same."""

    path: Path

    @property
    def data(self) -> Path:
        """What mongod stores."""
        return self.path / "db"

    @property
    def log(self) -> Path:
        """Mongod's log."""
        return self.path / "mongod.log"

    @property
    def output(self) -> Path:
        """What mongod says before it opens its log."""
        return self.path / "mongod.out"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the server."""
        return self.path / "owner.lock"

    @property
    def address(self) -> Path:
        """Where the server listens, for processes that join."""
        return self.path / "address.json"

    @property
    def version(self) -> Path:
        """Of which version of MongoDB the data are."""
        return self.path / "version.json"


def open_folder(data_dir: Path) -> ServerFolder:
    """Create the folder where it is missing; raises `StartupError` when it cannot be written."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data_dir.resolve() / "mongodb"
        for folder in (path, path / "db"):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    return ServerFolder(path)


def uri_of(host: str) -> str:
    """How a client of this machine reaches the server at `host`, a socket's path or an address with its port."""
    return f"mongodb://{quote_plus(host, safe=':')}/?directConnection=true"


def recorded_host(folder: ServerFolder) -> str | None:
    """Where the present or last owner's server listens; None when none did, or the folder was moved since."""
    try:
        record = json.loads(folder.address.read_text(encoding="utf-8"))
        return str(record["host"]) if record["folder"] == str(folder.path) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def claim_host(folder: ServerFolder, *, on_tcp: bool = sys.platform == "win32") -> str:
    """Choose and record where the server listens; only for the owner. Raises `StartupError` when there is no place.

    It is a socket, unless the system has none. The last place is kept where possible, so that processes which joined
    the last owner find the server again.
    """
    host = _loopback_of(folder) if on_tcp else _choose_socket(folder)
    if host != recorded_host(folder):
        fresh = folder.address.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({"folder": str(folder.path), "host": host}), encoding="utf-8")
            fresh.replace(folder.address)
        except OSError as error:
            raise _unusable(folder.path, error) from error
    return host


def _unusable(path: Path, error: OSError) -> StartupError:
    return StartupError(
        f"The data folder {path} cannot be used ({error.strerror}): set KINSO_DATA_DIR to a folder on a disk with room"
        " that this user can write, or set KINSO_MONGODB_URI to a running MongoDB server."
    )


def _loopback_of(folder: ServerFolder) -> str:
    return f"127.0.0.1:{28000 + int(_digest_of(folder), 16) % 20000}"


def _digest_of(folder: ServerFolder) -> str:
    return hashlib.sha256(str(folder.path).encode()).hexdigest()


def _choose_socket(folder: ServerFolder) -> str:
    beside = str(folder.path / _SOCKET)
    if _is_usable(beside):
        return beside
    places = [Path(base, f"kinso-{_digest_of(folder)[:12]}") for base in _socket_bases()]
    last = recorded_host(folder)
    if last:
        places.insert(0, Path(last).parent)
    for place in places:
        if _is_usable(str(place / _SOCKET)) and _make_private(place):
            return str(place / _SOCKET)
    raise StartupError(
        f"The path of the data folder {folder.path} is too long for a socket, and there is no private place for it in"
        f" {tempfile.gettempdir()}: set KINSO_DATA_DIR to a shorter path, or set KINSO_MONGODB_URI to a running MongoDB"
        " server."
    )


def _socket_bases() -> list[str]:
    bases = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]  # noqa: S108 - made private below
    return [base for base in bases if base and Path(base).is_dir()]


def _is_usable(socket_path: str) -> bool:
    return len(os.fsencode(socket_path)) <= _LONGEST_SOCKET_PATH and bool(_PLAIN_PATH.fullmatch(socket_path))


def _make_private(place: Path) -> bool:
    """Create the folder, or see that the existing one is ours alone: anybody could have made it in a shared place."""
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        found = place.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    except OSError:
        return False
    return True


class FolderLock:
    """Held by one process at a time, and given back by the kernel however that process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds it."""
        return self._handle is not None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; raises `StartupError` where files cannot be locked."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            return False
        except OSError as error:
            os.close(handle)
            raise self._unusable(error) from error
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle
        return True

    def holder(self) -> str:
        """Who holds it, in words."""
        try:
            return f"process {int(self._path.read_text(encoding='ascii'))}"
        except (OSError, ValueError):
            return "another process"

    def release(self) -> None:
        """Give it back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _unusable(self, error: OSError) -> StartupError:
        return StartupError(
            f"The data folder {self._path.parent} cannot be locked ({error.strerror}): set KINSO_DATA_DIR to a folder"
            " on a local disk, or set KINSO_MONGODB_URI to a running MongoDB server."
        )


def is_locked(path: Path) -> bool:
    """Whether some process holds a lock on this file."""
    try:
        handle = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        # On Windows a file that is in use cannot even be opened.
        return sys.platform == "win32" and path.exists()
    try:
        _lock(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        # A byte beyond the text, which others must still be able to read.
        os.lseek(handle, 1024, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_on_tcp(host: str) -> bool:
    """Whether this is an address with a port, rather than the path of a socket."""
    return "/" not in host


def secret_file(folder: ServerFolder) -> Path:
    """Where the secret is kept."""
    return folder.path / "secret"


def make_secret(folder: ServerFolder) -> None:
    """See that there is a secret which nobody else can read; only for the owner. Raises `StartupError`."""
    file = secret_file(folder)
    try:
        if file.exists():
            file.chmod(0o600)
            return
        fresh = file.with_suffix(".new")
        with suppress(FileNotFoundError):
            fresh.unlink()
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(secrets.token_hex(_BYTES))
            written.flush()
            os.fsync(handle)
        fresh.replace(file)
    except OSError as error:
        raise StartupError(
            f"The password of the embedded database cannot be kept in {file} ({error.strerror}): make the folder one"
            " that this user can write, or set KINSO_MONGODB_URI to a running MongoDB server."
        ) from error


def secret_for(folder: ServerFolder, host: str) -> str | None:
    """The secret of the server at `host`; None where it needs none, or has none yet."""
    if not is_on_tcp(host):
        return None
    try:
        return secret_file(folder).read_text(encoding="ascii").strip()
    except OSError:
        return None


def address_of(folder: ServerFolder, host: str) -> str:
    """How Kinso reaches the server at `host`, with what lets it in."""
    secret = secret_for(folder, host)
    if secret is None:
        return uri_of(host)
    return uri_of(host).replace("://", f"://{USER}:{quote_plus(secret)}@") + "&authSource=admin"
