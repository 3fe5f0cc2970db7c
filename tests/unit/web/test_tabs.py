"""Streamlit keeps what Kinso looks into where Kinso looks for it."""

import gc
import weakref
from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

from kinso.web import uploads


class Tab:
    """Stands for what Streamlit keeps of a tab."""

    id = "a"

    def __init__(self):
        self._user_info = {"session": "of Ada"}


@pytest.fixture
def sessions(monkeypatch):
    files = MemoryUploadedFileManager("/_stcore/upload_file")
    manager = WebsocketSessionManager(MemorySessionStorage(ttl_seconds=0), files, None, None)
    running = SimpleNamespace(_session_mgr=manager, uploaded_file_mgr=files)
    monkeypatch.setattr(uploads, "_running", lambda: running)
    return manager


def test_whose_a_tab_is_and_what_it_holds_is_found(sessions):
    sessions._active_session_info_by_id["a"] = SessionInfo(client=None, session=Tab())
    assert (uploads.owner_of("a"), uploads.owner_of("b"), uploads.held_files()) == ("of Ada", None, {})


def test_a_tab_that_was_closed_long_ago_takes_no_memory(sessions):
    closed = Tab()
    sessions._session_storage.save(SessionInfo(client=None, session=closed))
    remembered = weakref.ref(closed)
    del closed
    gc.collect()
    assert remembered() is not None
    uploads.forget_tabs_long_away()
    gc.collect()
    assert remembered() is None
