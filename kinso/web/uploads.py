"""Files on their way to a page: from those who may import, into their own tab, one at a time, and gone with the tab."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from kinso.errors import DatabaseUnavailable, NotPermitted, NotSignedIn
from kinso.services.accounts.sign_in import resume
from kinso.services.application import current_application
from kinso.services.permissions import demand, permission_of
from kinso.services.transfer.customer_imports import import_customers
from kinso.web.error_pages import short
from kinso.web.guard import IDENTITY_HEADER
from kinso.web.threads import look_up

MOST_FILES = 3
"""That one signed-in browser may have in all of its tabs; one tab has one."""
_MOST_WAITING = 3
_RELEASE_SECONDS = 10.0
_TARGET = re.compile(r"/+_stcore/+upload_file/+(?P<tab>[^/]+)/+(?P<file>[^/]+)/*")

_NOT_ALLOWED = "Your role does not allow imports."
_FOREIGN = "This is no page of yours: reload it."
_TOO_MANY = "Too many files: close other Import tabs."

logger = logging.getLogger(__name__)


class _Target(NamedTuple):
    tab: str
    file: str


@dataclass
class _Queue:
    """Of one tab: one file after the other, so that no more than one is on its way."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    present: int = 0


class Uploads:
    """ASGI middleware inside the guard; everything but files passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._queues: dict[str, _Queue] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse before anything of the file is read; one that is too large is refused by Streamlit."""
        found = _TARGET.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        target = _Target(found["tab"], found["file"])
        if refusal := _refusal(scope, target):
            status, sentence = refusal
            await short(sentence, status=status)(scope, receive, send)
        elif scope["method"] == "PUT":
            await self._take(target, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _take(self, target: _Target, scope: Scope, receive: Receive, send: Send) -> None:
        if self._has_too_many(target.tab):
            await short(_TOO_MANY, status=HTTPStatus.TOO_MANY_REQUESTS)(scope, receive, send)
            return
        async with self._queue(target.tab) as queue, queue.lock:
            await self._app(scope, receive, _replacing(target, send))

    def _has_too_many(self, tab: str) -> bool:
        """Whether this tab has enough on its way, or other tabs of the same browser have as many as there may be."""
        queue = self._queues.get(tab)
        if queue is not None and queue.present >= _MOST_WAITING:
            return True
        owner = owner_of(tab)
        with_files = {other for other, files in held_files().items() if files}
        others = {other for other in with_files | set(self._queues) if other != tab and owner_of(other) == owner}
        return len(others) >= MOST_FILES

    @asynccontextmanager
    async def _queue(self, tab: str) -> AsyncIterator[_Queue]:
        queue = self._queues.setdefault(tab, _Queue())
        queue.present += 1
        try:
            yield queue
        finally:
            queue.present -= 1
            if not queue.present:
                self._queues.pop(tab, None)


async def release_files() -> None:
    """As long as the server runs: forget files of tabs that were closed, and of people who have left."""
    while True:
        await asyncio.sleep(_RELEASE_SECONDS)
        try:
            await _release_files_once()
        except NoTabs:
            continue
        except Exception:
            logger.exception("Files that were sent could not be released; it will be tried again.")


async def _release_files_once() -> None:
    forget_tabs_long_away()
    for tab in held_files():
        if not await look_up(_is_wanted, owner_of(tab)):
            drop_files_of(tab)


def _refusal(scope: Scope, target: _Target) -> tuple[int, str] | None:
    actor = scope["state"]["user"].acting("app")
    try:
        demand(actor, permission_of(import_customers))
    except NotPermitted:
        return HTTPStatus.FORBIDDEN, _NOT_ALLOWED
    if owner_of(target.tab) != _session_of(scope):
        return HTTPStatus.FORBIDDEN, _FOREIGN
    return None


def _session_of(scope: Scope) -> str:
    return str(dict(scope["headers"])[IDENTITY_HEADER], "ascii")


def _replacing(target: _Target, send: Send) -> Send:
    """`send`, and what the tab had before goes as soon as the new file is there."""

    async def send_and_replace(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.NO_CONTENT:
            for file in _others(held_files(), target):
                drop_file(target.tab, file)
        await send(message)

    return send_and_replace


def _others(held: Mapping[str, Collection[str]], target: _Target) -> list[str]:
    return [file for file in held.get(target.tab, ()) if file != target.file]


def _is_wanted(owner: str | None) -> bool:
    try:
        resume(current_application().store, owner, in_use=False)
    except NotSignedIn:
        return False
    except DatabaseUnavailable:
        return owner is not None
    return True


# From here on: what Streamlit knows about the tabs that people have open. Nothing else looks into it.


class NoTabs(Exception):
    """Streamlit does not run in this process."""


def owner_of(tab: str) -> str | None:
    """The id of the session in which a tab was opened; None when there is no such tab any more.

    A tab whose connection is away is there for two more minutes.
    """
    found = _running()._session_mgr.get_session_info(tab)
    owner = found.session._user_info.get("session") if found else None
    return owner if isinstance(owner, str) else None


def held_files() -> Mapping[str, Collection[str]]:
    """By tab, the files that were sent to it."""
    files = _files()
    with files._lock:
        return {tab: list(held) for tab, held in files.file_storage.items()}


def drop_file(tab: str, file: str) -> None:
    """Forget a file; none is no error."""
    _files().remove_file(tab, file)


def drop_files_of(tab: str) -> None:
    """Forget all files of a tab."""
    _files().remove_session_files(tab)


def forget_tabs_long_away() -> None:
    """Give the memory back of tabs that were closed; Streamlit does so only when a further one is."""
    with suppress(AttributeError):
        _running()._session_mgr._session_storage._cache.expire()  # type: ignore[attr-defined]


def _files() -> MemoryUploadedFileManager:
    files = _running().uploaded_file_mgr
    if not isinstance(files, MemoryUploadedFileManager):
        raise NoTabs
    return files


def _running() -> runtime.Runtime:
    if not runtime.exists():
        raise NoTabs
    return runtime.get_instance()
