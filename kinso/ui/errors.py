"""What a page shows instead of a traceback."""

from __future__ import annotations

import logging
from contextlib import suppress
from uuid import uuid4

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotPermitted, NotSignedIn
from kinso.services.application import current_office
from kinso.ui.scripts import GO_TO_SIGN_IN, run_script

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
        current_office().store.connection.ping()
        st.rerun()
