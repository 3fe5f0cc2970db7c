"""What a person is told: the outcome of what they did, or what went wrong, instead of a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, MirrorNotReady, NotPermitted, NotSignedIn
from kinso.services.application import current_application
from kinso.ui.browser import GO_TO_SIGN_IN, run_script
from kinso.ui.lists import show_lists_not_ready

SIGN_IN = "/sign-in"
_LOOK_AGAIN = 2
"""Seconds."""
FAILED = "last_run_failed"
"""In the session while what was on screen before is gone, together with what widgets held only in the browser."""

logger = logging.getLogger(__name__)


def show_script_error(error: BaseException) -> bool:
    """The page's last resort: one calm message instead of a traceback; True, because it has been shown."""
    st.session_state[FAILED] = True
    match error:
        case NotSignedIn():
            _show_signed_out(error.message)
        case MirrorNotReady():
            show_lists_not_ready()
        case DatabaseUnavailable():
            _show_database_away()
        case NotPermitted():
            st.warning(error.message, icon=":material/lock:")
        case KinsoError():
            st.error(error.message, icon=":material/error:")
        case _:
            reference = uuid4().hex[:8]
            logger.error("Unexpected failure %s", reference, exc_info=error)
            st.error(
                f"Something went wrong on our side; nothing was saved. Try again, and name “{reference}” when you"
                " report it.",
                icon=":material/error:",
            )
    return True


def _show_signed_out(message: str) -> None:
    st.info(message, icon=":material/logout:")
    st.link_button("Sign in", SIGN_IN, type="primary")
    run_script(GO_TO_SIGN_IN)


def _show_database_away() -> None:
    with st.container(border=True, width=560):
        st.subheader("The database does not answer", icon=":material/cloud_off:", anchor=False)
        st.write("Nothing is lost. Kinso keeps trying; usually it is back within a few seconds.")
        st.button("Try again", type="primary", icon=":material/refresh:", key="retry_database")
        _come_back()


@st.fragment(run_every=_LOOK_AGAIN)
def _come_back() -> None:
    """Draw the page as soon as the database answers."""
    with suppress(DatabaseUnavailable):
        current_application().store.connection.ping()
        st.rerun()


_DONE = ":material/check_circle:"
_WAITING, _SHOWN = "waiting_toasts", "shown_toasts"


def celebrate(message: str) -> None:
    """Tell of a success, also when the page is drawn anew right after."""
    _toast(message, _DONE)


def warn(message: str) -> None:
    """Tell of a failure, also when the page is drawn anew right after."""
    _toast(message, ":material/error:")


def remind(message: str) -> None:
    """Tell of what a success did not do, also when the page is drawn anew right after."""
    _toast(message, ":material/info:")


def show_toasts() -> None:
    """Show what was left by callbacks and by the run before."""
    for message, icon in st.session_state.pop(_WAITING, []):
        st.toast(message, icon=icon, duration="short" if icon == _DONE else "long")
        st.session_state.setdefault(_SHOWN, []).append((message, icon))


def show_lost_toasts() -> None:
    """At the beginning of a run: what one showed that another click cut short may not have arrived in the browser."""
    st.session_state[_WAITING] = st.session_state.pop(_SHOWN, []) + st.session_state.pop(_WAITING, [])
    show_toasts()


def forget_shown_toasts() -> None:
    """At the end of a run: the browser has what it showed."""
    st.session_state.pop(_SHOWN, None)


@contextmanager
def failures_as_toasts() -> Iterator[None]:
    """Within a callback: a refusal becomes a toast and what was typed stays; a lost session or database goes on up."""
    try:
        yield
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except KinsoError as error:
        warn(error.message)


def _toast(message: str, icon: str) -> None:
    st.session_state.setdefault(_WAITING, []).append((message, icon))
