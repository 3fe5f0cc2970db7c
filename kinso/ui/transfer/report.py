"""What a file would do, before it does it."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportPlan, PlannedChange, PurchasePlan
from kinso.models.validation import LABELS
from kinso.services.transfer.customer_imports import write_import_report
from kinso.ui.job import LOOK_AGAIN
from kinso.ui.request_context import RequestContext
from kinso.ui.transfer.decisions import (
    ask_about_balances,
    ask_about_conflicts,
    ask_about_damage,
    ask_about_dates,
    undecided_rows,
)
from kinso.ui.transfer.imports import PageSession, Plan, already, begin_import, cell_in_words, period
from kinso.ui.wording import counted, money, number, plain


def show_report(session: PageSession, context: RequestContext) -> None:
    """The check, while it lasts; then its figures, what is wrong with the file, and the button that imports it."""
    if session.checking is None:
        return
    if not session.checking.has_ended(within=LOOK_AGAIN):
        _watch_check(session)
    elif session.plan is None:
        st.error(plain(session.checking.problem or ""), icon=":material/error:")
    else:
        _show_plan(session, session.plan, context)


@st.fragment(run_every=LOOK_AGAIN)
def _watch_check(session: PageSession) -> None:
    if session.checking is None or session.checking.has_ended():
        st.rerun()
    st.info("Checking the file …", icon=":material/hourglass_top:")


def _show_plan(session: PageSession, plan: Plan, context: RequestContext) -> None:
    with st.container(border=True):
        if isinstance(plan, PurchasePlan):
            _show_purchases(plan, context)
        else:
            _show_customers(plan)
        for notice in plan.notices:
            st.caption(f":material/info: {plain(notice)}")
        if plan.ignored_columns:
            st.caption(f":material/info: Ignored columns: {plain(', '.join(plan.ignored_columns))}")
        ask_about_dates(session, plan)
        ask_about_damage(session, plan)
        if plan.error_count:
            _show_errors(plan)
            return
        ask_about_balances(session, plan, context)
        ask_about_conflicts(session, plan, context)
        show_duplicates(plan)
        _offer(session, plan)
        if isinstance(plan, ImportPlan):
            show_changes(session, plan, context)


def _show_purchases(plan: PurchasePlan, context: RequestContext) -> None:
    figures = plan.figures
    with st.grid(4, min_column_width=150):
        st.metric("New purchases", number(figures.new), border=True)
        st.metric("Customers", number(figures.customers), border=True)
        st.metric("Not known yet", number(figures.unknown), border=True)
        st.metric("Total", money(figures.total, context.shop), border=True)
    facts = [period(figures, context.shop), already(figures) if figures.recorded else ""]
    if text := " · ".join(filter(None, facts)):
        st.caption(plain(text))


def _show_customers(plan: ImportPlan) -> None:
    with st.grid(4 if plan.conflicting_rows else 3, min_column_width=150):
        st.metric("New customers", number(plan.create), border=True)
        st.metric("Updated", number(plan.update), border=True)
        st.metric("As they are", number(plan.unchanged), border=True)
        if plan.conflicting_rows:
            st.metric("Changed on both sides", number(plan.conflicting_rows), border=True)


def _show_errors(plan: Plan) -> None:
    said = f"The file has {counted(plan.error_count, 'error')}; nothing can be imported before they are corrected."
    if isinstance(plan, PurchasePlan) and plan.unknown == "refuse" and plan.figures.unknown:
        are = "is" if plan.figures.unknown == 1 else "are"
        said += f" {counted(plan.figures.unknown, 'customer')} in it {are} not known; you may have them created."
    st.error(said, icon=":material/error:")
    table = pd.DataFrame(
        {"Row": [error.row for error in plan.errors], "What is wrong": [error.message for error in plan.errors]}
    )
    st.dataframe(
        table,
        hide_index=True,
        key="import_errors",
        alt="Errors in the file",
        column_config={
            "Row": st.column_config.NumberColumn(width=70, format="%d"),
            "What is wrong": st.column_config.TextColumn(width="large"),
        },
    )
    if plan.error_count > len(plan.errors):
        st.caption(f"The first {number(len(plan.errors))} of {number(plan.error_count)}; the header is row 1.")


def _offer(session: PageSession, plan: Plan) -> None:
    if isinstance(plan, PurchasePlan):
        count, noun = plan.figures.new, "purchase"
        nothing = "Nothing to import: every purchase in the file is recorded already."
    else:
        count, noun = plan.writes, "customer"
        nothing = "Nothing to import: every customer is as the file says."
    if not count and not plan.conflict_count:
        st.info(nothing, icon=":material/check_circle:")
        return
    undecided = undecided_rows(session, plan)
    waits = bool(undecided) or (isinstance(plan, PurchasePlan) and plan.is_overlap_undecided)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Import" if plan.conflict_count else f"Import {counted(count, noun)}",
            type="primary",
            icon=":material/upload:",
            key="import_begin",
            disabled=waits,
            on_click=begin_import,
        )
        if undecided:
            st.caption(f"{counted(undecided, 'row')} to decide about")


def show_changes(session: PageSession, plan: ImportPlan, context: RequestContext) -> None:
    """The first of them as a table, and all of them as a file."""
    if plan.changes:
        st.markdown("**What changes**")
        st.dataframe(
            pd.DataFrame([_line(change, context.shop) for change in plan.changes]),
            hide_index=True,
            key="import_changes",
            alt="What the file changes",
            column_config={"Row": st.column_config.NumberColumn(width=70, format="%d")},
        )
    if plan.change_count > len(plan.changes):
        st.caption(f"The first {number(len(plan.changes))} of {number(plan.change_count)}.")
    if plan.change_count + plan.conflict_count:
        _offer_list(session, context)


def show_duplicates(plan: ImportPlan | PurchasePlan) -> None:
    """Which of the new customers may be known already; they are registered all the same."""
    if not plan.duplicate_count:
        return
    st.warning(
        f"{counted(plan.duplicate_count, 'new customer')} may be known already; look before you import the file.",
        icon=":material/group:",
    )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Row": each.row,
                    "New": f"{each.customer_name} ({each.customer_id})",
                    "Known": f"{each.duplicate.customer.customer_name} ({each.duplicate.customer.customer_id})",
                    "Has": each.duplicate.has,
                }
                for each in plan.duplicates
            ]
        ),
        hide_index=True,
        key="import_duplicates",
        alt="New customers who may be known already",
        column_config={"Row": st.column_config.NumberColumn(width=70, format="%d")},
    )


def _line(change: PlannedChange, shop: ShopSettings) -> dict[str, object]:
    is_new = change.kind == "new"
    return {
        "Row": change.row,
        "Customer": change.customer_id,
        "What": "New customer" if is_new else LABELS[change.field],
        "Now": "" if is_new else cell_in_words(change.field, change.stored, shop),
        "In the file": change.file if is_new else cell_in_words(change.field, change.file, shop),
    }


def _offer_list(session: PageSession, context: RequestContext) -> None:
    data, choices = session.data, session.choices

    def write() -> bytes:
        target = io.BytesIO()
        write_import_report(context.store, context.actor, data, target, choices=choices)
        return target.getvalue()

    st.download_button(
        "All changes as CSV",
        write,
        file_name="import-changes.csv",
        mime="text/csv",
        icon=":material/download:",
        key="import_report",
        on_click="ignore",
    )
