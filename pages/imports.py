"""Import: customers or purchases from a CSV file, looked at before anything is changed."""

from __future__ import annotations

import streamlit as st

from kinso.ui.history.undoing import forget_undo, show_undo_progress, show_undo_question
from kinso.ui.request_context import current_context
from kinso.ui.transfer.imports import KIND, choose_file, current_session, show_outcome, show_progress
from kinso.ui.transfer.report import show_report

context = current_context()
session = current_session()
st.title("Import", anchor=False)
if KIND not in st.session_state:
    # Whoever comes from another page has read the report of their last undo.
    forget_undo()
busy = show_progress(session)
show_undo_progress()
above = st.container()
choose_file(session, context, busy=busy)
if not busy:
    # Only now it is known whether another file was chosen, which ends what is to be said about the last one.
    with above:
        show_outcome(session, context)
    show_report(session, context)
show_undo_question()
