"""Likely duplicates: customers who may be the same person, compared side by side and merged."""

import streamlit as st

from kinso.ui.customers.duplicates import draw_choice, draw_pairs
from kinso.ui.customers.merging import MERGE, ONE, OTHER, draw_comparison
from kinso.ui.history.run_panel import UNDO, show_run_question
from kinso.ui.lists import wait_for_lists
from kinso.ui.request_context import current_context

context = current_context()
st.title("Likely duplicates", anchor=False)
MERGE.show()
UNDO.show()
one, other = (st.query_params.get(name, "") for name in (ONE, OTHER))
if one and other:
    draw_comparison(one, other, context)
elif one:
    draw_choice(one, context)
else:
    wait_for_lists(context)
    draw_pairs(context)
show_run_question(UNDO)
