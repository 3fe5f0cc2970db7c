"""What is done to many customers at once: membership and deleting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import streamlit as st

from kinso.errors import NotFound, StaleVersion
from kinso.models.customers import Customer
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import count_customers, delete_customer
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import set_membership_of_matching, set_membership_of_selected
from kinso.ui.customers.filters import filter_in_words
from kinso.ui.customers.grid_state import Row
from kinso.ui.customers.page_state import BulkChange, Deletion, PageSession, current_session, in_session
from kinso.ui.customers.saving import look_again
from kinso.ui.customers.words import isolated, listed, named
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.insights.figures import forget_figures
from kinso.ui.job import LOOK_AGAIN, Job, watch
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, money, number, plain


def _leave_as_they_are() -> None:
    current_session().question = None
    st.rerun()


@st.dialog("Change membership", icon=":material/loyalty:", on_dismiss=_leave_as_they_are)
def ask_about_bulk_change(question: BulkChange, context: RequestContext) -> None:
    """Name how many it would change and which, and ask once."""
    after = "members" if question.membership_status else "non-members"
    if question.rows is None:
        matching = count_customers(context.store, context.actor, question.query)
        to_change = _count_to_change(question, context)
        st.markdown(f"This concerns {isolated(filter_in_words(question.query))}: **{counted(matching, 'customer')}**.")
    else:
        matching = len(question.rows)
        to_change = sum(row.base.membership_status is not question.membership_status for row in question.rows)
        st.markdown(listed([row.base for row in question.rows]))
    already = matching - to_change
    if already:
        so = f"is a {after[:-1]} already and stays so" if already == 1 else f"are {after} already and stay so"
        st.caption(f"{number(already)} of them {so}.")
    unsaved = current_session().pending_count
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


def _count_to_change(question: BulkChange, context: RequestContext) -> int:
    wanted = question.query.membership_status
    if wanted is question.membership_status:
        return 0
    others = question.query.model_copy(update={"membership_status": not question.membership_status})
    return count_customers(context.store, context.actor, others)


def _start(question: BulkChange) -> None:
    with in_session() as session, failures_as_toasts():
        session.question = None
        if session.job is None and not session.pending_count:
            session.job = _begin(question, current_context())
    st.rerun()


def _begin(question: BulkChange, context: RequestContext) -> Job:
    after = "members" if question.membership_status else "non-members"

    def work(on_progress: Progress) -> str:
        if question.rows is None:
            run = set_membership_of_matching(
                context.store,
                context.actor,
                question.query,
                membership_status=question.membership_status,
                on_progress=on_progress,
            )
        else:
            run = set_membership_of_selected(
                context.store,
                context.actor,
                [row.base.id for row in question.rows],
                membership_status=question.membership_status,
                on_progress=on_progress,
            )
        return f"{counted(run.changed, 'customer')} changed to {after}."

    return Job(f"Changing to {after}", work)


def show_job(session: PageSession) -> None:
    """How far a bulk change has come, until it has ended and its result is told."""
    job = session.job
    if job is None:
        return
    if not job.has_ended(within=LOOK_AGAIN):
        watch(lambda: current_session().job)
        return
    session.job = None
    forget_figures()
    look_again(session, current_context())
    if job.problem:
        warn(job.problem)
    elif job.outcome:
        celebrate(job.outcome)
    st.rerun()


def _keep() -> None:
    current_session().question = None
    st.rerun()


def ask_about_deletion(question: Deletion) -> None:
    """Name whom it would delete, and ask once."""
    title = f"Delete {counted(len(question.rows), 'customer')}?"
    st.dialog(title, icon=":material/delete:", on_dismiss=_keep)(_ask)(question)


def _ask(question: Deletion) -> None:
    grid = current_session().grid
    has_pending = grid is not None and any(grid.pending(row) for row in question.rows)
    draw_deletion(
        [row.base for row in question.rows],
        on_keep=_keep,
        on_delete=lambda: _delete(question.rows),
        note="Some of them have unsaved changes, which are given up." if has_pending else "",
    )


def draw_deletion(
    customers: Sequence[Customer],
    *,
    on_keep: Callable[[], None],
    on_delete: Callable[[], None],
    note: str = "",
) -> None:
    """Who goes where and for how long, and both answers; within a dialog."""
    st.markdown(listed(customers))
    if note:
        st.warning(note, icon=":material/edit_note:")
    shop = current_context().shop
    st.markdown(_what_leaves(customers, shop))
    kept = counted(shop.trash_days, "day")
    st.caption(f"Deleted customers go to the trash with their history, and can be restored from there for {kept}.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep", key="deletion_keep", on_click=on_keep)
        st.button(
            f"Delete {counted(len(customers), 'customer')}",
            key="deletion_confirm",
            type="primary",
            on_click=on_delete,
        )


def _what_leaves(customers: Sequence[Customer], shop: ShopSettings) -> str:
    """Which figures change by the deletion, and which do not."""
    total = sum((customer.purchase_amount for customer in customers), Decimal(0))
    amount = f", and their {plain(money(total, shop))} the total of purchase amounts" if total else ""
    return f"They leave the numbers of customers and members{amount}. What they bought stays in the revenue."


def delete_each(context: RequestContext, customers: Sequence[Customer]) -> list[Customer]:
    """From a callback: delete these as they were seen, tell how it went, and return who is gone now."""
    gone = [customer for customer in customers if _delete_one(context, customer)]
    if gone:
        forget_figures()
        who = named(gone[0]) if len(gone) == 1 else counted(len(gone), "customer")
        celebrate(f"{who} deleted.")
    return gone


def _delete(rows: Sequence[Row]) -> None:
    with in_session() as session, failures_as_toasts():
        session.question = None
        gone = delete_each(current_context(), [row.base for row in rows])
        if session.grid is not None:
            session.grid.remove(customer.id for customer in gone)
            if not session.grid.pending_count:
                session.drop_grid()
    st.rerun()


def _delete_one(context: RequestContext, customer: Customer) -> bool:
    """Whether the customer is gone now, by us or by someone else."""
    try:
        delete_customer(context.store, context.actor, customer.id, version=customer.version)
    except StaleVersion:
        warn(f"{named(customer)} was changed by someone else meanwhile and not deleted; refresh and look again.")
        return False
    except NotFound:
        return True
    return True
