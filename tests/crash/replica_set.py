"""Three servers on this machine that elect a primary among themselves."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from kinso.database.embedded import child
from kinso.database.embedded.binary import find_binary
from tests.support.processes import until

_NAME = "crash"


class Member:
    """One server with its data."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{probe.getsockname()[1]}"
        self.client: MongoClient[dict[str, Any]] = MongoClient(
            self.host, directConnection=True, connect=False, serverSelectionTimeoutMS=500, socketTimeoutMS=5000
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        address, port = self.host.split(":")
        # On Linux this server ends with this process, however that ends.
        wrapper = [sys.executable, "-I", "-S", child.__file__, str(os.getpid())] if sys.platform == "linux" else []
        options = ["--dbpath", ".", "--replSet", _NAME, "--bind_ip", address, "--port", port, "--nounixsocket"]
        options += [
            "--wiredTigerCacheSizeGB",
            "0.25",
            "--oplogSize",
            "64",
            "--logpath",
            "log",
            "--logappend",
            "--quiet",
        ]
        options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        self._process = subprocess.Popen(
            [*wrapper, str(find_binary(os.environ.get("KINSO_MONGOD"))), *options],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def says(self, word: str) -> bool:
        """What it answers to “hello”; False while it does not."""
        try:
            return bool(self.client.admin.command("hello").get(word))
        except PyMongoError:
            return False


class ReplicaSet:
    """Three members that miss a lost primary after a second or two."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.members = [Member(folder / str(number)) for number in range(3)]
        first = self.members[0].client
        until(lambda: _answers(first), "the first server answers")
        hosts = [{"_id": number, "host": member.host} for number, member in enumerate(self.members)]
        settings = {"electionTimeoutMillis": 1500, "heartbeatIntervalMillis": 500}
        until(lambda: _initiate(first, {"_id": _NAME, "members": hosts, "settings": settings}), "the set is formed")
        until(lambda: self.is_whole, "there are a primary and two secondaries")

    @property
    def uri(self) -> str:
        return f"mongodb://{','.join(member.host for member in self.members)}/?replicaSet={_NAME}"

    @property
    def is_whole(self) -> bool:
        """Whether all members do their part."""
        roles = [(member.says("isWritablePrimary"), member.says("secondary")) for member in self.members]
        return sorted(roles) == [(False, True), (False, True), (True, False)]

    @property
    def primary(self) -> Member:
        """The member that takes writes; there is one unless it was just lost."""
        return next(member for member in self.members if member.says("isWritablePrimary"))

    def step_down(self) -> None:
        """Make the primary give its part to another one."""
        with contextlib.suppress(PyMongoError):
            self.primary.client.admin.command({"replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 5})

    def close(self) -> None:
        for member in self.members:
            member.client.close()
            member.kill()
        shutil.rmtree(self._folder)


def _answers(client: MongoClient[dict[str, Any]]) -> bool:
    try:
        return bool(client.admin.command("ping"))
    except PyMongoError:
        return False


def _initiate(client: MongoClient[dict[str, Any]], configuration: dict[str, Any]) -> bool:
    try:
        # It asks all other members, which may still be coming up.
        return bool(client.admin.command({"replSetInitiate": configuration})["ok"])
    except PyMongoError:
        return False
