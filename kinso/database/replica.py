"""Makes a lone mongod the primary of its one-node replica set, also after its folder or its socket moved."""

from __future__ import annotations

import contextlib
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from kinso.database.diagnosis import OTHER_SERVER
from kinso.database.folder import uri_of
from kinso.database.mongod import REPLICA_SET
from kinso.errors import StartupError

_ALREADY_INITIALIZED = 23
_TRY_MS = 500


class LoneReplica:
    """The server at `host` as a client of this machine sees it."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            uri_of(host),
            connect=False,
            serverSelectionTimeoutMS=_TRY_MS,
            connectTimeoutMS=_TRY_MS,
            socketTimeoutMS=5000,
        )

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def is_primary(self) -> bool:
        """Whether it takes writes."""
        try:
            return bool(self._run("hello").get("isWritablePrimary"))
        except PyMongoError:
            return False

    def shut_down(self) -> None:
        """Ask it to end; whether it heard is seen by its lock on the data."""
        with contextlib.suppress(PyMongoError):
            self._run({"shutdown": 1, "force": True})

    def promote(self) -> bool:
        """Do the next step towards being the primary; True once it is. To be called until then.

        Raises `StartupError` for a server that is too old.
        """
        try:
            hello = self._run("hello")
            if hello.get("isWritablePrimary"):
                return True
            if "setName" in hello and hello.get("me") == self._host:
                return False
            self._configure()
        except ConfigurationError as error:
            raise StartupError(f"The mongod that was started is older than version 4.4: {OTHER_SERVER}.") from error
        except PyMongoError:
            # It is still coming up: whatever it refuses now it will answer at a later call.
            return False
        return False

    def _configure(self) -> None:
        members = [{"_id": 0, "host": self._host}]
        try:
            self._run({"replSetInitiate": {"_id": REPLICA_SET, "members": members}})
        except OperationFailure as error:
            if error.code != _ALREADY_INITIALIZED:
                raise
            self._move()

    def _move(self) -> None:
        config = self._run("replSetGetConfig")["config"]
        if [member["host"] for member in config["members"]] != [self._host]:
            member = {**config["members"][0], "host": self._host}
            moved = {**config, "members": [member], "version": config["version"] + 1}
            self._run({"replSetReconfig": moved, "force": True})

    def _run(self, command: str | dict[str, Any]) -> dict[str, Any]:
        return self._client.admin.command(command)
