"""What a person has to decide before a file can be imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import streamlit as st

from kinso.models.shop import ShopSettings
from kinso.models.transfer.dates import DATE_ORDERS, DateOrder
from kinso.models.transfer.plans import (
    OPENING_BALANCES,
    SIDES,
    ImportPlan,
    OpeningBalance,
    PlannedChange,
    PurchasePlan,
    Side,
)
from kinso.models.validation import LABELS
from kinso.ui.customers.words import isolated
from kinso.ui.request_context import RequestContext
from kinso.ui.transfer.imports import PageSession, cell_in_words, current_session
from kinso.ui.wording import counted, money, number, plain

DATE_ORDER, MENDED, OPENING, FOR_ALL = "import_date_order", "import_mended", "import_opening", "import_for_all"
_PAGE = "import_conflict_page"
_ROWS_A_PAGE = 10
_ORDERS: Mapping[DateOrder, str] = {
    "dmy": "3 April 2024: the day comes first",
    "mdy": "March 4, 2024: the month comes first",
}
_SIDES: Mapping[Side, str] = {"theirs": "Keep what is stored", "mine": "Take the file's"}
_OF_DELETED: Mapping[Side, str] = {"theirs": "Leave it out", "mine": "Register again"}
_BALANCES: Mapping[OpeningBalance, str] = {
    "give-way": "Lower the opening balances by that amount; the totals count the money once",
    "keep": "Keep them; the purchases come on top",
}
_TOTALS: Mapping[OpeningBalance, str] = {
    "give-way": "contain them: they are the new totals",
    "keep": "do not contain them: the purchases come on top",
}


def ask_about_dates(session: PageSession, plan: ImportPlan | PurchasePlan) -> None:
    """Which order of day and month the file has, when none of its dates tells."""
    if plan.needs_date_order or session.choices.date_order:
        st.radio(
            "In this file, 03.04.2024 is",
            DATE_ORDERS,
            index=_place(DATE_ORDERS, session.choices.date_order),
            format_func=_ORDERS.__getitem__,
            key=DATE_ORDER,
            on_change=lambda: _decide(date_order=st.session_state[DATE_ORDER]),
        )


def ask_about_damage(session: PageSession, plan: ImportPlan | PurchasePlan) -> None:
    """Whether what a spreadsheet took for numbers may be read as what is stored."""
    damaged = plan.damaged if isinstance(plan, ImportPlan) else 0
    if damaged or session.choices.damaged == "mend":
        st.checkbox(
            "Read numbers that a spreadsheet has spoilt as the IDs and contacts that are stored",
            value=session.choices.damaged == "mend",
            key=MENDED,
            on_change=lambda: _decide(damaged="mend" if st.session_state[MENDED] else "refuse"),
        )


def ask_about_balances(session: PageSession, plan: ImportPlan | PurchasePlan, context: RequestContext) -> None:
    """What becomes of money that is in a total and in purchases."""
    if isinstance(plan, PurchasePlan):
        _ask_about_purchases(session, plan, context)
    elif plan.overlap.customers or session.choices.opening_balance:
        st.radio(
            "Where customers have purchases here, the amounts in the file",
            OPENING_BALANCES,
            index=_place(OPENING_BALANCES, session.choices.opening_balance or "give-way"),
            format_func=_TOTALS.__getitem__,
            key=OPENING,
            on_change=lambda: _decide(opening_balance=st.session_state[OPENING]),
        )


def _ask_about_purchases(session: PageSession, plan: PurchasePlan, context: RequestContext) -> None:
    if not plan.overlap.customers:
        return
    customers, amount = counted(plan.overlap.customers, "customer"), money(plan.overlap.amount, context.shop)
    st.warning(
        f"{customers} came with a total that holds {plain(amount)} of these purchases already.",
        icon=":material/balance:",
    )
    st.radio(
        "What becomes of their opening balances?",
        OPENING_BALANCES,
        index=_place(OPENING_BALANCES, session.choices.opening_balance),
        format_func=_BALANCES.__getitem__,
        key=OPENING,
        on_change=lambda: _decide(opening_balance=st.session_state[OPENING]),
    )


def ask_about_conflicts(session: PageSession, plan: ImportPlan | PurchasePlan, context: RequestContext) -> None:
    """Whose values stay where the file and somebody here changed the same: for all rows or one by one."""
    if not plan.conflict_count:
        return
    rows = plan.conflicting_rows if isinstance(plan, ImportPlan) else plan.conflict_count
    st.warning(
        f"{counted(rows, 'row')} of the file would overwrite what was changed here since it was exported. Nothing is"
        " overwritten before you decide.",
        icon=":material/call_merge:",
    )
    st.segmented_control(
        "For all of them",
        SIDES[::-1],
        default=session.choices.conflicts,
        format_func=_SIDES.__getitem__,
        key=FOR_ALL,
        on_change=lambda: _decide(conflicts=st.session_state[FOR_ALL]),
    )
    if isinstance(plan, PurchasePlan):
        _list_reverted(plan)
    elif plan.conflict_count > len(plan.conflicts):
        st.caption(f"{number(plan.conflict_count)} cells are too many to decide one by one; the file below lists all.")
    else:
        _draw_rows(session, plan.conflicts, context.shop)


def undecided_rows(session: PageSession, plan: ImportPlan | PurchasePlan) -> int:
    """Of how many rows nobody has said yet whose values stay."""
    if isinstance(plan, PurchasePlan):
        return plan.undecided_rows
    if session.choices.conflicts is not None:
        return 0
    return plan.conflicting_rows - len(session.choices.rows)


def _draw_rows(session: PageSession, conflicts: Sequence[PlannedChange], shop: ShopSettings) -> None:
    rows = [list(cells) for _, cells in groupby(conflicts, attrgetter("row"))]
    pages = -(-len(rows) // _ROWS_A_PAGE)
    page = st.pagination(pages, key=_PAGE) if pages > 1 else 1
    for cells in rows[(page - 1) * _ROWS_A_PAGE : page * _ROWS_A_PAGE]:
        with st.container(border=True):
            _draw_row(session, cells, shop)


def _draw_row(session: PageSession, cells: Sequence[PlannedChange], shop: ShopSettings) -> None:
    row = cells[0].row
    if cells[0].kind == "gone":
        st.markdown(f"**{isolated(cells[0].customer_id)}** (row {row}) was deleted here: {isolated(cells[0].file)}")
    for cell in cells if cells[0].kind == "conflict" else ():
        st.markdown(f"**{LABELS[cell.field]}** of {isolated(cell.customer_id)} (row {row})")
        columns = st.columns(3)
        for column, label, text in zip(
            columns, ("Before", "Here now", "In the file"), (cell.before, cell.stored, cell.file), strict=True
        ):
            with column, st.container(gap=None):
                st.caption(label)
                st.text("Not known any more" if text is None else cell_in_words(cell.field, text, shop))
    key = f"import_row_{session.edition}_{row}"
    st.segmented_control(
        "Which one stays?",
        SIDES[::-1],
        default=session.choices.side_of(row),
        format_func=(_OF_DELETED if cells[0].kind == "gone" else _SIDES).__getitem__,
        key=key,
        label_visibility="collapsed",
        disabled=session.choices.conflicts is not None,
        on_change=lambda: _decide_row(row, st.session_state[key]),
    )


def _list_reverted(plan: PurchasePlan) -> None:
    shown = "\n".join(f"- {isolated(each.file)} (row {each.row})" for each in plan.conflicts[:_ROWS_A_PAGE])
    st.markdown(f"Undone here since the file was exported:\n{shown}")
    if plan.conflict_count > _ROWS_A_PAGE:
        st.caption(f"and {number(plan.conflict_count - _ROWS_A_PAGE)} more")


def _place(options: Sequence[Any], chosen: Any) -> int | None:
    return options.index(chosen) if chosen is not None else None


def _decide(**choices: Any) -> None:
    current_session().decide(**choices)


def _decide_row(row: int, side: Side | None) -> None:
    current_session().decide_row(row, side)
