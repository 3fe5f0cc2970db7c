"""What can be done with the list: save, discard, add, download, and act on many customers at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from kinso.errors import NotFound, StaleVersion
from kinso.models.customers import Customer
from kinso.models.shop import ShopSettings
from kinso.models.transfer.cells import Flavour
from kinso.models.validation import LABELS
from kinso.services.customers.editing import count_customers, create_customer, delete_customer
from kinso.services.customers.saving import save_edits
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import set_membership_of_matching, set_membership_of_selected
from kinso.services.transfer.exports import export_customers
from kinso.ui.browser import download_link, open_customer
from kinso.ui.customers.columns import choose_columns
from kinso.ui.customers.filters import download_address, filter_in_words
from kinso.ui.customers.grid_state import GridState, Row, stored_value
from kinso.ui.customers.page_state import BulkChange, Deletion, PageSession, current_session, in_session
from kinso.ui.customers.registration import Registration
from kinso.ui.customers.saving import discard_changes, look_again, save_changes
from kinso.ui.customers.words import isolated, listed, named, value_in_words
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.job import Job
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, money, number, plain

_ACTIONS = "customers_actions"
LEDGER = "/download/ledger.csv"
_FLAVOURS: tuple[tuple[Flavour, str, str], ...] = (
    ("excel", "CSV for Excel", "Opens with a double click; formulas are made harmless."),
    ("raw", "CSV with raw values", "For other programs and for importing it again."),
)


def draw_toolbar(grid: GridState, context: RequestContext) -> None:
    """Everything in one row that wraps; what the role does not allow is not offered."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if context.may(save_edits):
            _draw_saving(grid, context)
        if context.may(set_membership_of_matching):
            _draw_actions(grid, context)
        if context.may(create_customer):
            st.button("Add customer", icon=":material/person_add:", key="add_customer", on_click=_add)
        if context.may(export_customers):
            _draw_download(grid)
        choose_columns()


def _draw_saving(grid: GridState, context: RequestContext) -> None:
    pending = grid.pending_count
    idle = not pending or BULK.is_under_way
    st.button("Save", type="primary", icon=":material/save:", key="save_changes", disabled=idle, on_click=save_changes)
    st.button("Discard", icon=":material/undo:", key="discard_changes", disabled=idle, on_click=discard_changes)
    if pending:
        with st.popover(counted(pending, "unsaved change"), type="tertiary", icon=":material/edit_note:"):
            st.text(_in_words(grid, context))


def _in_words(grid: GridState, context: RequestContext) -> str:
    return "\n".join(
        f"{row.base.customer_id} · {LABELS[name]}: {value_in_words(name, stored_value(row.base, name), context.shop)}"
        f" → {value_in_words(name, value, context.shop)}"
        for row, values in grid.all_pending()
        for name, value in values.items()
    )


def _draw_actions(grid: GridState, context: RequestContext) -> None:
    chosen = len(grid.selection())
    options = _options(grid, chosen, may_delete=context.may(delete_customer))
    pending = bool(grid.pending_count)
    st.menu_button(
        f"Actions · {number(chosen)} selected" if chosen else "Actions",
        list(options),
        format_func=options.__getitem__,
        icon=":material/checklist:",
        key=_ACTIONS,
        disabled=BULK.is_under_way,
        help="Bulk changes wait until your changes are saved or discarded." if pending else None,
        on_click=_act,
    )


def _options(grid: GridState, chosen: int, *, may_delete: bool) -> dict[str, str]:
    shown, selected, everyone = len(grid.rows), f"{number(chosen)} selected", f"all {number(grid.total)} in this list"
    options: dict[str, str] = {}
    if chosen == 1:
        options["details"] = "Open details"
    if chosen:
        options["members"] = f"Make {selected} members"
        options["non-members"] = f"Make {selected} non-members"
    if chosen and may_delete:
        options["delete"] = f"Delete {selected}"
    if chosen:
        options["select-none"] = "Clear selection"
    return options | {
        "select-all": f"Select all {number(shown)} shown",
        "all-members": f"Make {everyone} members",
        "all-non-members": f"Make {everyone} non-members",
    }


def _act() -> None:
    with in_session() as session:
        if session.grid is not None:
            _begin(st.session_state[_ACTIONS], session, session.grid)


def _begin(action: str | None, session: PageSession, grid: GridState) -> None:
    rows = grid.selection()
    match action:
        case "select-all":
            grid.select(grid.rows)
        case "select-none":
            grid.select([])
        case "details" if rows:
            open_customer(rows[0].base.id)
        case "delete" if rows:
            session.question = Deletion(rows)
        case "members" | "non-members" as status if rows:
            BULK.ask(BulkChange(status == "members", grid.view.query, rows))
        case "all-members" | "all-non-members" as status:
            BULK.ask(BulkChange(status == "all-members", grid.view.query))


def _add() -> None:
    current_session().question = Registration("adding")


def _draw_download(grid: GridState) -> None:
    query = grid.view.query
    with st.popover("Download", icon=":material/download:"):
        st.caption(f"{counted(grid.total, 'customer')}, filtered and sorted as here")
        for flavour, title, text in _FLAVOURS:
            download_link(download_address(query, flavour), title, text)
        st.caption("Everyone's purchases")
        download_link(LEDGER, "Purchases as CSV", "With refunds, opening balances and adjustments; can be imported.")


@dataclass(frozen=True)
class _Plan:
    change: BulkChange
    matching: int
    to_change: int


def _plan(context: RequestContext, change: BulkChange) -> _Plan:
    if change.rows is None:
        matching = count_customers(context.store, context.actor, change.query)
        return _Plan(change, matching, _count_to_change(change, context))
    others = [row for row in change.rows if row.base.membership_status is not change.membership_status]
    return _Plan(change, len(change.rows), len(others))


def _count_to_change(change: BulkChange, context: RequestContext) -> int:
    if change.query.membership_status is change.membership_status:
        return 0
    others = change.query.model_copy(update={"membership_status": not change.membership_status})
    return count_customers(context.store, context.actor, others)


def _ask_about_change(plan: _Plan, context: RequestContext) -> None:
    """Name how many it would change and which."""
    if plan.change.rows is None:
        asked = isolated(filter_in_words(plan.change.query, context.shop))
        st.markdown(f"This concerns {asked}: **{counted(plan.matching, 'customer')}**.")
    else:
        st.markdown(listed([row.base for row in plan.change.rows]))
    already, after = plan.matching - plan.to_change, _after(plan)
    if already:
        so = f"is a {after[:-1]} already and stays so" if already == 1 else f"are {after} already and stay so"
        st.caption(f"{number(already)} of them {so}.")
    unsaved = current_session().pending_count
    if unsaved:
        st.warning(f"Save or discard your {counted(unsaved, 'unsaved change')} first.", icon=":material/edit_note:")


def _after(plan: _Plan) -> str:
    return "members" if plan.change.membership_status else "non-members"


def _confirm(count: int, plan: _Plan) -> str:
    after = _after(plan)
    return f"Make {counted(count, 'customer')} {after if count != 1 else 'a ' + after[:-1]}"


def _change(context: RequestContext, plan: _Plan, on_progress: Progress) -> Outcome:
    change = plan.change
    who = [row.base.id for row in change.rows or ()]
    status = change.membership_status
    if change.rows is None:
        run = set_membership_of_matching(
            context.store, context.actor, change.query, membership_status=status, on_progress=on_progress
        )
    else:
        run = set_membership_of_selected(
            context.store, context.actor, who, membership_status=status, on_progress=on_progress
        )
    return Outcome(f"{counted(run.changed, 'customer')} changed to {_after(plan)}.", run)


BULK = AskedRunPanel[BulkChange, _Plan](
    key="bulk",
    heading="Change membership",
    icon=":material/loyalty:",
    plan=_plan,
    count=lambda plan: plan.to_change,
    question=_ask_about_change,
    confirm=_confirm,
    is_ready=lambda: not current_session().pending_count,
    title=lambda plan: f"Changing to {_after(plan)}",
    work=_change,
    failed="Nobody was changed.",
)


def look_again_after(_job: Job) -> None:
    """A run of this page has ended: the list shows what it did."""
    look_again(current_session(), current_context())


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
