"""What a file of customers would change, old and new, before anything is written."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportPlan, PlannedChange, PurchasePlan
from kinso.models.validation import LABELS
from kinso.services.transfer.customer_reports import write_import_report
from kinso.ui.importing.desk import Desk
from kinso.ui.importing.words import cell_in_words
from kinso.ui.visit import Visit
from kinso.ui.wording import counted, number


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
