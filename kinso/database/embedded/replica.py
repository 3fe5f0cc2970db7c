"""Makes a lone mongod the primary of its one-node replica set, also after its folder or its socket moved."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from kinso.database.embedded.binary import Step, step_to
from kinso.database.embedded.diagnosis import OTHER_SERVER
from kinso.database.embedded.folder import USER, uri_of
from kinso.database.embedded.mongod import REPLICA_SET
from kinso.errors import StartupError

_ALREADY_INITIALIZED = 23
_TRY_MS = 500
_ASKS_TO_CONFIRM = 7

_log = logging.getLogger(__name__)


class LoneReplica:
    """The server at `host` as a client of this machine sees it."""

    def __init__(self, host: str, secret: str | None = None) -> None:
        """`secret`: that of the folder, for a server with access control."""
        self._host = host
        self._secret = secret
        # With the key of the folder, a client is as good as a member of the replica set.
        member: dict[str, Any] = {"username": "__system", "password": secret, "authSource": "local"} if secret else {}
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            uri_of(host),
            **member,
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

    def create_user(self) -> None:
        """Have the server know the user as whom Kinso works, under the present secret."""
        if self._secret is None:
            return
        known = self._run({"usersInfo": USER})["users"]
        command = "updateUser" if known else "createUser"
        self._run({command: USER, "pwd": self._secret, "roles": ["root"]})

    def raise_version(self) -> str:
        """Make the data of the server's own version, and return the version that they have then.

        Otherwise the mongod after the next could not read them. The way back is a backup.
        """
        found = self._run({"getParameter": 1, "featureCompatibilityVersion": 1})["featureCompatibilityVersion"]
        major, minor = self._run("buildInfo")["versionArray"][:2]
        server = f"{major}.{minor}"
        if "targetVersion" not in found and step_to(found["version"], server) is not Step.RAISE:
            return str(found["version"])
        sure = {"confirm": True} if major >= _ASKS_TO_CONFIRM else {}
        _log.warning("The embedded database is being raised from MongoDB %s to %s.", found["version"], server)
        self._run({"setFeatureCompatibilityVersion": server, **sure})
        return server

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
