"""Trash: deleted customers, who can be restored until they are removed for good."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from kinso.services.history.trash import count_trash, list_trash
from kinso.ui.history.trash import draw_table, draw_toolbar, show_erasure, ticked
from kinso.ui.request_context import current_context
from kinso.ui.wording import counted, number

SHOWN = 1000

context = current_context()
items = list_trash(context.store, context.actor, limit=SHOWN)
total = count_trash(context.store, context.actor)
kept = counted(context.shop.trash_days, "day")

st.title("Trash", anchor=False)
if items:
    st.write(f"Deleted customers are kept here for {kept} and then removed for good.")
    draw_toolbar(ticked(items), context)
    shown = f"The last {number(len(items))} of {counted(total, 'customer')}" if total > len(items) else ""
    st.markdown(shown or counted(total, "customer"))
    draw_table(items, context, datetime.now(UTC))
else:
    with st.container(border=True, width=640, gap="medium"):
        st.subheader("The trash is empty", icon=":material/delete:", anchor=False)
        st.write(f"Customers who are deleted stay here for {kept} and can be restored.")
show_erasure()
