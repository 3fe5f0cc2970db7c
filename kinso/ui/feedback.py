"""What the person is told about the outcome of what they did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotSignedIn

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
