"""Import: customers or purchases from a CSV file, looked at before anything is changed."""

from __future__ import annotations

import streamlit as st

from kinso.ui.history.run_panel import UNDO
from kinso.ui.request_context import current_context
from kinso.ui.transfer.imports import IMPORT, choose_file, current_session
from kinso.ui.transfer.report import show_report

context = current_context()
session = current_session()
st.title("Import", anchor=False)
busy = IMPORT.show_progress(session.close)
UNDO.show()
above = st.container()
choose_file(session, context, busy=busy)
if not busy:
    # Only now it is known whether another file was chosen, which ends what is to be said about the last one.
    with above:
        IMPORT.show_report()
    show_report(session, context)
UNDO.show_question()
