"""Many customers deleted at once, or erased: what is asked before, and the runs that do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import streamlit as st

from kinso.models.bulk import RemovalPlan
from kinso.models.fields import FIELDS
from kinso.services.customers.bulk_removal import delete_customers, erase_customers, plan_deletion, plan_erasure
from kinso.services.history.runs import Progress
from kinso.ui.customers.bulk_questions import Those, nothing_typed, tell_total, tell_unsaved, tell_whom
from kinso.ui.customers.grid_state import new_serial
from kinso.ui.customers.words import kept_apart
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, money, number, plain
from kinso.ui.wording import listed as labels_listed

_PERSONAL = labels_listed([field.label for field in FIELDS if field.personal])


@dataclass
class _Removal:
    """`typed` is the number that confirms it."""

    those: Those
    plan: RemovalPlan
    typed: str = ""
    serial: int = field(default_factory=new_serial)


def _planned(those: Those, plan: RemovalPlan) -> _Removal:
    """Of selected ones it is those who were seen that are removed, at the versions that were seen."""
    if those.rows is None:
        return _Removal(those, plan)
    total = sum((each.purchase_amount for each in those.rows), Decimal("0.00"))
    return _Removal(those, RemovalPlan(plan.chosen, {each.id: each.version for each in those.rows}, total, []))


def _plan_deletion(context: RequestContext, those: Those) -> _Removal:
    return _planned(those, plan_deletion(context.store, context.actor, those.chosen))


def _plan_erasure(context: RequestContext, those: Those) -> _Removal:
    return _planned(those, plan_erasure(context.store, context.actor, those.chosen))


def _ask_about_deletion(removal: _Removal, context: RequestContext) -> None:
    tell_whom(removal.those, removal.plan.count, removal.plan.first, context)
    total = removal.plan.total
    amount = f", and their {plain(money(total, context.shop))} the total of what all spent" if total else ""
    st.markdown(f"They leave the numbers of customers and members{amount}. What they bought stays in the revenue.")
    kept = counted(context.shop.trash_days, "day")
    st.caption(
        "Deleted customers go to the trash with their history, and can be restored from there, or by an undo, for"
        f" {kept}."
    )
    tell_unsaved()


def _delete(context: RequestContext, removal: _Removal, on_progress: Progress) -> Outcome:
    run = delete_customers(context.store, context.actor, removal.plan, on_progress=on_progress)
    left = f" {number(run.exception_count)} changed meanwhile and stay." if run.exception_count else ""
    return Outcome(f"{_who(removal, run.changed)} deleted.{left}", run)


def _who(removal: _Removal, changed: int) -> str:
    """One who was selected by name, several by how many they are."""
    rows = removal.those.rows or ()
    if len(rows) != 1 or changed != 1:
        return counted(changed, "customer")
    return kept_apart(f"{rows[0].customer_name} ({rows[0].customer_id})")


DELETING = AskedRunPanel[Those, _Removal](
    key="bulk_delete",
    heading="Delete customers",
    icon=":material/delete:",
    plan=_plan_deletion,
    count=lambda removal: removal.plan.count,
    question=_ask_about_deletion,
    confirm=lambda count, _removal: f"Delete {counted(count, 'customer')}",
    cancel="Keep",
    cancel_key="keep",
    is_ready=nothing_typed,
    title=lambda _removal: "Deleting",
    work=_delete,
    failed="Nobody was deleted.",
)


def _ask_about_erasure(removal: _Removal, context: RequestContext) -> None:
    count = removal.plan.count
    tell_whom(removal.those, count, removal.plan.first, context)
    st.markdown(
        f"{_PERSONAL} are removed for good, here and in the whole history."
        " Amounts, dates and membership stay without a name, so that the figures remain right."
        " **This cannot be undone.**"
    )
    tell_total(removal.plan.total, count, context)
    removal.typed = st.text_input(
        f"Type {count}, the number of customers, to confirm",
        key=f"bulk_erase_{removal.serial}",
        autocomplete="off",
        live="120ms",
    )
    tell_unsaved()


def _erase(context: RequestContext, removal: _Removal, on_progress: Progress) -> Outcome:
    confirm = int(removal.typed) if _is_confirmed(removal) else 0
    run = erase_customers(context.store, context.actor, removal.plan, confirm=confirm, on_progress=on_progress)
    left = f" {number(run.exception_count)} changed meanwhile and stay." if run.exception_count else ""
    return Outcome(f"The personal data of {counted(run.changed, 'customer')} was erased for good.{left}", run)


def _is_confirmed(removal: _Removal) -> bool:
    return removal.typed.strip() == str(removal.plan.count)


ERASING = AskedRunPanel[Those, _Removal](
    key="bulk_erase",
    heading="Erase personal data",
    icon=":material/person_remove:",
    plan=_plan_erasure,
    count=lambda removal: removal.plan.count,
    question=_ask_about_erasure,
    confirm=lambda count, _removal: f"Erase {counted(count, 'customer')} for good",
    cancel="Keep",
    cancel_key="keep",
    is_ready=nothing_typed,
    is_confirmed=_is_confirmed,
    title=lambda _removal: "Erasing",
    work=_erase,
    failed="Not everybody was erased.",
    when_stopped="who was erased stays erased",
)
