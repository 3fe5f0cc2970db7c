"""Access control for a server that listens on TCP, where every user of the machine can reach it.

One random secret in the folder, for its owner only, is the key by which the server knows its own commands, and the
password of the user as whom Kinso works. A socket needs none: the folder around it is its owner's.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote_plus

from kinso.database.folder import ServerFolder, uri_of
from kinso.errors import StartupError

USER = "kinso"
_BYTES = 32


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
