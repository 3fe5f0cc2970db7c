"""Membership or one field of many customers changed at once: what is asked before, and the runs that do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from kinso.errors import InvalidInput
from kinso.models.bulk import BulkPreview, Chosen, FieldEdit
from kinso.models.edits import EditOfMany
from kinso.models.fields import Field
from kinso.services.customers.bulk_edits import edit_customers, list_values, preview_edit, preview_membership
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import set_membership_of_matching, set_membership_of_selected
from kinso.ui.customers.bulk_questions import Those, nothing_typed, tell_total, tell_unsaved, tell_whom
from kinso.ui.customers.field_widgets import WIDGETS
from kinso.ui.customers.filters import filter_in_words
from kinso.ui.customers.grid_state import new_serial
from kinso.ui.customers.words import isolated
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, number, plain


@dataclass(frozen=True)
class MembershipChange:
    """Whether to make them members or non-members."""

    those: Those
    membership_status: bool


@dataclass(frozen=True)
class _MembershipPlan:
    change: MembershipChange
    preview: BulkPreview


@dataclass(frozen=True)
class Edit:
    """Whether to change a field of theirs, in one of these ways."""

    those: Those
    field: Field
    edits: tuple[EditOfMany, ...]


@dataclass
class _EditPlan:
    """`typed` is what was typed last as an edit, and `preview` what it would come to; `values` are to choose from."""

    asked: Edit
    values: list[str]
    typed: FieldEdit | None = None
    preview: BulkPreview | None = None
    serial: int = field(default_factory=new_serial)


def _plan_membership(context: RequestContext, change: MembershipChange) -> _MembershipPlan:
    status = change.membership_status
    preview = preview_membership(context.store, context.actor, change.those.chosen, membership_status=status)
    return _MembershipPlan(change, preview)


def _ask_about_membership(plan: _MembershipPlan, context: RequestContext) -> None:
    preview, after = plan.preview, _after(plan)
    tell_whom(plan.change.those, preview.matched, preview.first, context)
    if already := preview.matched - preview.count:
        so = f"is a {after[:-1]} already and stays so" if already == 1 else f"are {after} already and stay so"
        st.caption(f"{number(already)} of them {so}.")
    tell_total(preview.total, preview.count, context)
    tell_unsaved()


def _after(plan: _MembershipPlan) -> str:
    return "members" if plan.change.membership_status else "non-members"


def _confirm_membership(count: int, plan: _MembershipPlan) -> str:
    after = _after(plan)
    return f"Make {counted(count, 'customer')} {after if count != 1 else 'a ' + after[:-1]}"


def _set_membership(context: RequestContext, plan: _MembershipPlan, on_progress: Progress) -> Outcome:
    chosen, status = plan.change.those.chosen, plan.change.membership_status
    if chosen.ids is None:
        run = set_membership_of_matching(
            context.store, context.actor, chosen.query, membership_status=status, on_progress=on_progress
        )
    else:
        run = set_membership_of_selected(
            context.store, context.actor, chosen.ids, membership_status=status, on_progress=on_progress
        )
    return Outcome(f"{counted(run.changed, 'customer')} changed to {_after(plan)}.", run)


MEMBERSHIP = AskedRunPanel[MembershipChange, _MembershipPlan](
    key="bulk",
    heading="Change membership",
    icon=":material/loyalty:",
    plan=_plan_membership,
    count=lambda plan: plan.preview.count,
    question=_ask_about_membership,
    confirm=_confirm_membership,
    is_ready=nothing_typed,
    title=lambda plan: f"Changing to {_after(plan)}",
    work=_set_membership,
    failed="Nobody was changed.",
)

_INPUTS: dict[EditOfMany, str] = {"add": "{} to add", "remove": "{} to remove", "append": "Add below", "set": "{}"}
_WAYS: dict[EditOfMany, str] = {"append": "Add below the present", "set": "Put in place of the present"}


def _plan_edit(context: RequestContext, asked: Edit) -> _EditPlan:
    # What nobody has cannot be removed; what is added may be what others have.
    among = asked.those.chosen if "remove" in asked.edits else Chosen()
    has_words = asked.field.type.key == "tags"
    values = list_values(context.store, context.actor, among, asked.field) if has_words else []
    return _EditPlan(asked, values)


def _ask_about_edit(plan: _EditPlan, context: RequestContext) -> None:
    plan.typed = _typed(plan)
    if plan.typed is None:
        plan.preview = None
        who = counted(len(plan.asked.those.rows), "selected customer") if plan.asked.those.rows else ""
        st.caption(f"For {who or isolated(filter_in_words(plan.asked.those.query, context.shop))}.")
    else:
        plan.preview = preview_edit(context.store, context.actor, plan.asked.those.chosen, plan.typed)
        _tell_preview(plan.preview, plan, context)
    tell_unsaved()


def _typed(plan: _EditPlan) -> FieldEdit | None:
    """Draw the input; what is in it as an edit, None while it is none."""
    edits, fld = plan.asked.edits, plan.asked.field
    edit = edits[0]
    if len(edits) > 1:
        edit = st.segmented_control(
            "How",
            list(edits),
            format_func=lambda each: f"{_WAYS[each]} {fld.label.lower()}",
            default=edits[0],
            required=True,
            key=f"bulk_edit_{plan.serial}_how",
            label_visibility="collapsed",
        )
    value = _draw_input(plan, edit, f"bulk_edit_{plan.serial}")
    if value is None or (edit != "set" and not value):
        return None
    try:
        return FieldEdit.of(fld.name, edit, value)
    except InvalidInput as error:
        st.error(plain(error.errors[0].message), icon=":material/error:")
        return None


def _draw_input(plan: _EditPlan, edit: EditOfMany, key: str) -> Any:
    fld = plan.asked.field
    label = _INPUTS[edit].format(fld.label)
    if fld.type.key == "tags":
        return st.multiselect(
            label,
            plan.values,
            key=key,
            accept_new_options=edit != "remove",
            placeholder=(fld.hint or "Add one") if edit != "remove" else "Choose" if plan.values else "They have none",
        )
    if fld.type.key == "lines":
        return st.text_input(label, key=key, autocomplete="off", live="300ms").strip()
    widget = WIDGETS[fld.type.key]
    widget.draw(fld, key, fld.type.empty, label)
    return widget.typed(st.session_state.get(key))


def _tell_preview(preview: BulkPreview, plan: _EditPlan, context: RequestContext) -> None:
    tell_whom(plan.asked.those, preview.matched, preview.first, context)
    refused = preview.refused
    if already := preview.matched - preview.count - refused:
        st.caption(
            f"{number(already)} of them {'is' if already == 1 else 'are'} so already and stay{'s' * (already == 1)} so."
        )
    if refused:
        st.caption(
            f"{number(refused)} of them cannot hold more {plan.asked.field.label.lower()} and are left as they are."
        )
    tell_total(preview.total, preview.count, context)


def _confirm_edit(count: int, plan: _EditPlan) -> str:
    return f"Change {counted(count, 'customer')}" if plan.preview else "Change"


def _edit(context: RequestContext, plan: _EditPlan, on_progress: Progress) -> Outcome:
    if plan.typed is None:
        return Outcome("Nothing was typed.", None)
    run = edit_customers(context.store, context.actor, plan.asked.those.chosen, plan.typed, on_progress=on_progress)
    left = f" {number(run.exception_count)} left as they are; the history names them." if run.exception_count else ""
    return Outcome(f"{plan.asked.field.label} of {counted(run.changed, 'customer')} changed.{left}", run)


EDITING = AskedRunPanel[Edit, _EditPlan](
    key="bulk_edit",
    heading="Change many at once",
    icon=":material/edit_note:",
    plan=_plan_edit,
    count=lambda plan: plan.preview.count if plan.preview else 0,
    question=_ask_about_edit,
    confirm=_confirm_edit,
    is_ready=nothing_typed,
    title=lambda plan: f"Changing {plan.asked.field.label.lower()}",
    work=_edit,
    failed="Nobody was changed.",
)
