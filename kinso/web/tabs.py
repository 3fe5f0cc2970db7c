"""What Streamlit knows about the tabs that people have open; the one place that looks into it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager


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
