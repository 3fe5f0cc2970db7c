"""What a file would do, before it does it."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportPlan, PlannedChange, PurchasePlan
from kinso.models.validation import LABELS
from kinso.services.transfer.customer_reports import write_import_report
from kinso.ui.session import Visit
from kinso.ui.transfer.decisions import (
    ask_about_balances,
    ask_about_conflicts,
    ask_about_damage,
    ask_about_dates,
    undecided_rows,
)
from kinso.ui.transfer.imports import Desk, Plan, begin_import
from kinso.ui.transfer.words import already, cell_in_words, period
from kinso.ui.wording import counted, money, number, plain

LOOK_AGAIN = 0.5
"""Seconds."""


def show_report(desk: Desk, visit: Visit) -> None:
    """The check, while it lasts; then its figures, what is wrong with the file, and the button that imports it."""
    if desk.checking is None:
        return
    if not desk.checking.has_ended(within=LOOK_AGAIN):
        _watch_check(desk)
    elif desk.plan is None:
        st.error(plain(desk.checking.problem or ""), icon=":material/error:")
    else:
        _show_plan(desk, desk.plan, visit)


@st.fragment(run_every=LOOK_AGAIN)
def _watch_check(desk: Desk) -> None:
    if desk.checking is None or desk.checking.has_ended():
        st.rerun()
    st.info("Checking the file …", icon=":material/hourglass_top:")


def _show_plan(desk: Desk, plan: Plan, visit: Visit) -> None:
    with st.container(border=True):
        if isinstance(plan, PurchasePlan):
            _show_purchases(plan, visit)
        else:
            _show_customers(plan)
        for notice in plan.notices:
            st.caption(f":material/info: {plain(notice)}")
        if plan.ignored_columns:
            st.caption(f":material/info: Ignored columns: {plain(', '.join(plan.ignored_columns))}")
        ask_about_dates(desk, plan)
        ask_about_damage(desk, plan)
        if plan.error_count:
            _show_errors(plan)
            return
        ask_about_balances(desk, plan, visit)
        ask_about_conflicts(desk, plan, visit)
        show_twins(plan)
        _offer(desk, plan)
        if isinstance(plan, ImportPlan):
            show_changes(desk, plan, visit)


def _show_purchases(plan: PurchasePlan, visit: Visit) -> None:
    figures = plan.figures
    with st.grid(4, min_column_width=150):
        st.metric("New purchases", number(figures.new), border=True)
        st.metric("Customers", number(figures.customers), border=True)
        st.metric("Not known yet", number(figures.unknown), border=True)
        st.metric("Total", money(figures.total, visit.shop), border=True)
    facts = [period(figures, visit.shop), already(figures) if figures.recorded else ""]
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


def _offer(desk: Desk, plan: Plan) -> None:
    if isinstance(plan, PurchasePlan):
        count, noun = plan.figures.new, "purchase"
        nothing = "Nothing to import: every purchase in the file is recorded already."
    else:
        count, noun = plan.writes, "customer"
        nothing = "Nothing to import: every customer is as the file says."
    if not count and not plan.conflict_count:
        st.info(nothing, icon=":material/check_circle:")
        return
    undecided = undecided_rows(desk, plan)
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


def show_changes(desk: Desk, plan: ImportPlan, visit: Visit) -> None:
    """The first of them as a table, and all of them as a file."""
    if plan.changes:
        st.markdown("**What changes**")
        st.dataframe(
            pd.DataFrame([_line(change, visit.shop) for change in plan.changes]),
            hide_index=True,
            key="import_changes",
            alt="What the file changes",
            column_config={"Row": st.column_config.NumberColumn(width=70, format="%d")},
        )
    if plan.change_count > len(plan.changes):
        st.caption(f"The first {number(len(plan.changes))} of {number(plan.change_count)}.")
    if plan.change_count + plan.conflict_count:
        _offer_list(desk, visit)


def show_twins(plan: ImportPlan | PurchasePlan) -> None:
    """Which of the new customers may be known already; they are registered all the same."""
    if not plan.twin_count:
        return
    st.warning(
        f"{counted(plan.twin_count, 'new customer')} may be known already; look before you import the file.",
        icon=":material/group:",
    )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Row": each.row,
                    "New": f"{each.customer_name} ({each.customer_id})",
                    "Known": f"{each.twin.customer.customer_name} ({each.twin.customer.customer_id})",
                    "Has": each.twin.has,
                }
                for each in plan.twins
            ]
        ),
        hide_index=True,
        key="import_twins",
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


def _offer_list(desk: Desk, visit: Visit) -> None:
    data, choices = desk.data, desk.choices

    def write() -> bytes:
        target = io.BytesIO()
        write_import_report(visit.store, visit.actor, data, target, choices=choices)
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
