"""Membership of many customers at once: those ticked, or everyone who matches the filter."""

from __future__ import annotations

import streamlit as st

from kinso.services.customers.editing import count_customers
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import set_membership_of_matching, set_membership_of_selected
from kinso.ui.customers.desk import BulkChange, Desk, at_desk, current_desk
from kinso.ui.customers.saving import look_again
from kinso.ui.customers.view import filter_in_words
from kinso.ui.customers.words import isolated, listed
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.figures import forget_figures
from kinso.ui.job import Job
from kinso.ui.progress import LOOK_AGAIN, watch
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted, number


def _leave_as_they_are() -> None:
    current_desk().question = None
    st.rerun()


@st.dialog("Change membership", icon=":material/loyalty:", on_dismiss=_leave_as_they_are)
def ask_about_bulk_change(question: BulkChange, visit: Visit) -> None:
    """Name how many it would change and which, and ask once."""
    after = "members" if question.membership_status else "non-members"
    if question.rows is None:
        matching = count_customers(visit.store, visit.actor, question.query)
        to_change = _count_to_change(question, visit)
        st.markdown(f"This concerns {isolated(filter_in_words(question.query))}: **{counted(matching, 'customer')}**.")
    else:
        matching = len(question.rows)
        to_change = sum(row.base.membership_status is not question.membership_status for row in question.rows)
        st.markdown(listed([row.base for row in question.rows]))
    already = matching - to_change
    if already:
        so = f"is a {after[:-1]} already and stays so" if already == 1 else f"are {after} already and stay so"
        st.caption(f"{number(already)} of them {so}.")
    unsaved = current_desk().pending_count
    if unsaved:
        st.warning(f"Save or discard your {counted(unsaved, 'unsaved change')} first.", icon=":material/edit_note:")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key="bulk_cancel", on_click=_leave_as_they_are)
        st.button(
            f"Make {counted(to_change, 'customer')} {after if to_change != 1 else 'a ' + after[:-1]}",
            key="bulk_confirm",
            type="primary",
            disabled=not to_change or unsaved > 0,
            on_click=_start,
            args=(question,),
        )


def _count_to_change(question: BulkChange, visit: Visit) -> int:
    wanted = question.query.membership_status
    if wanted is question.membership_status:
        return 0
    others = question.query.model_copy(update={"membership_status": not question.membership_status})
    return count_customers(visit.store, visit.actor, others)


def _start(question: BulkChange) -> None:
    with at_desk() as desk, failures_as_toasts():
        desk.question = None
        if desk.job is None and not desk.pending_count:
            desk.job = _begin(question, current_visit())
    st.rerun()


def _begin(question: BulkChange, visit: Visit) -> Job:
    after = "members" if question.membership_status else "non-members"

    def work(on_progress: Progress) -> str:
        if question.rows is None:
            run = set_membership_of_matching(
                visit.store,
                visit.actor,
                question.query,
                membership_status=question.membership_status,
                on_progress=on_progress,
            )
        else:
            run = set_membership_of_selected(
                visit.store,
                visit.actor,
                [row.base.id for row in question.rows],
                membership_status=question.membership_status,
                on_progress=on_progress,
            )
        return f"{counted(run.changed, 'customer')} changed to {after}."

    return Job(f"Changing to {after}", work)


def show_job(desk: Desk) -> None:
    """How far a bulk change has come, until it has ended and its result is told."""
    job = desk.job
    if job is None:
        return
    if not job.has_ended(within=LOOK_AGAIN):
        watch(lambda: current_desk().job)
        return
    desk.job = None
    forget_figures()
    look_again(desk, current_visit())
    if job.problem:
        warn(job.problem)
    elif job.outcome:
        celebrate(job.outcome)
    st.rerun()
