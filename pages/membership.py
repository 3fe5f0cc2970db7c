"""Decide about the membership rule: see what a threshold would mean, activate whom it reaches, demote whom not."""

from __future__ import annotations

import streamlit as st

from kinso.models.rule_bases import RULE_BASES
from kinso.ui.history.run_panel import UNDO, show_run_question
from kinso.ui.history.runs import show_recent_runs
from kinso.ui.insights.figures import REFRESH, count_members_below, current_statistics
from kinso.ui.lists import wait_for_lists
from kinso.ui.membership.activation import ACTIVATION
from kinso.ui.membership.demotion import DEMOTION, show_members_below
from kinso.ui.membership.members_at import show_members_at
from kinso.ui.membership.preview import show_preview
from kinso.ui.membership.rule import show_rule
from kinso.ui.request_context import current_context
from kinso.ui.shop import show_no_customers
from kinso.ui.wording import number, percent

_BELOW = "Who they are and what can be done is listed below the rule."


@st.fragment(run_every=REFRESH)
def show_base() -> None:
    """The present state of the whole customer base; it looks again by itself."""
    context = current_context(in_use=False)
    now, below, unit = current_statistics(context), count_members_below(context), context.shop.basis.unit
    who = f"Members who {unit.verb} {unit.less} than the rule asks for. {_BELOW}"
    with st.grid(4, min_column_width=150):
        st.metric("Members", number(now.members), border=True)
        st.metric("Non-members", number(now.non_members), border=True)
        st.metric("Membership rate", percent(now.membership_rate), border=True)
        st.metric("Below the threshold", number(below), border=True, help=who)


context = current_context()
st.title("Membership", anchor=False)
ACTIVATION.show_progress()
DEMOTION.show()
UNDO.show()
if context.shop.threshold_basis not in RULE_BASES:
    # Nothing else can be told before somebody chooses what counts.
    show_rule(context)
    st.stop()
wait_for_lists(context)
show_base()
show_rule(context)
show_members_below()
if current_statistics(context).total_customers:
    st.subheader("Choose the threshold", anchor=False)
    show_preview()
else:
    show_no_customers(context)
show_members_at()
st.subheader("Recent bulk changes", anchor=False)
show_recent_runs()
show_run_question(UNDO, DEMOTION, ACTIVATION)
