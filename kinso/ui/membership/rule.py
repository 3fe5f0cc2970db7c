"""The rule of the shop: what it says, and the form in which a manager changes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from kinso.errors import Conflict
from kinso.models.rule_bases import RULE_BASES, RuleBasis, Unit
from kinso.models.shop import MembershipRule, ShopSettings
from kinso.models.validation import parse
from kinso.services.shop.settings import save_rule
from kinso.ui.accounts.dialogs import problems_beside_fields, show_problem
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.membership.activation import start_threshold_at
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.shop import show_decisions
from kinso.ui.wording import amount_of, figure_of, plain, sign_of

FORM = "membership_rule"
EDITOR = "change_rule"
_BASIS, _AUTOMATIC = "rule_basis", "rule_automatic"
FIELDS = ("threshold", "thresholdBasis", "activateOnPurchase")
_SHOWN = "rule_shown"


def show_rule(context: RequestContext) -> None:
    """The rule as a sentence; for those who may, with the form to change it."""
    shop = context.shop
    with st.container(border=True, gap="small"):
        st.subheader("The rule", anchor=False)
        try:
            st.markdown(rule_in_words(shop))
            if shop.basis.note:
                st.caption(shop.basis.note)
        except Conflict as error:
            st.error(plain(error.message), icon=":material/error:")
        if context.may(save_rule):
            _show_editor(shop)
        else:
            st.caption("Changing the rule is only for managers.")
        show_decisions("How the rule changed", FIELDS, context)


def rule_in_words(shop: ShopSettings) -> str:
    """What the rule says, for a place that reads Markdown."""
    unit, within = shop.basis.unit, shop.basis.within or "in total"
    threshold = plain(amount_of(unit, shop.threshold, shop))
    eligible = f"Who {unit.verb} **{threshold}** or more **{within}** is eligible for membership"
    if shop.activate_on_purchase:
        return f"{eligible}, and becomes a member **at once with the purchase** that reaches it."
    return f"{eligible}, and becomes a member **when somebody activates** them below."


def offer_to_save_threshold(threshold: Decimal, context: RequestContext) -> None:
    """A button that makes the chosen threshold the one of the shop, where it is another one."""
    if context.may(save_rule) and threshold != context.shop.threshold:
        st.button(
            f"Make {plain(amount_of(context.shop.basis.unit, threshold, context.shop))} the threshold of the rule",
            icon=":material/save:",
            key="save_threshold",
            on_click=_save_threshold,
            args=(threshold,),
        )


def _show_editor(shop: ShopSettings) -> None:
    editor = st.expander("Change the rule", icon=":material/tune:", key=EDITOR, on_change="rerun")
    if editor.open:
        with editor:
            _show_form(shop)
    else:
        _forget_form()


def _show_form(shop: ShopSettings) -> None:
    shown: ShopSettings = st.session_state.setdefault(_SHOWN, shop)
    bases = list(RULE_BASES)
    # Outside the form, because the unit of the threshold follows it at once.
    st.radio(
        "What counts",
        bases,
        index=bases.index(shown.threshold_basis) if shown.threshold_basis in bases else None,
        format_func=lambda key: RULE_BASES[key].choice,
        key=_BASIS,
    )
    show_problem(FORM, "thresholdBasis")
    basis = _chosen_basis()
    if basis is None:
        return
    with st.form("rule", border=False, width=640):
        _ask_threshold(basis.unit, shown)
        st.toggle("Activate at the purchase", value=shown.activate_on_purchase, key=_AUTOMATIC)
        st.caption(
            "When it is on, a purchase that reaches the threshold makes the customer a member at once, and the history"
            " says why. Whom a colleague made a non-member stays one."
        )
        show_problem(FORM, "activateOnPurchase")
        show_problem(FORM)
        st.caption("Saving the rule changes nobody's membership.")
        st.form_submit_button("Save the rule", type="primary", key="save_rule", on_click=_save_form)


def _ask_threshold(unit: Unit, shown: ShopSettings) -> None:
    is_same_unit = unit == _unit_of(shown)
    st.number_input(
        f"Threshold ({sign_of(unit, shown)})",
        value=figure_of(unit, max(shown.threshold, unit.smallest) if is_same_unit else unit.suggested),
        step=figure_of(unit, unit.step),
        format="%d" if unit.noun else "%.2f",
        width=240,
        key=threshold_key(unit),
    )
    show_problem(FORM, "threshold")


def threshold_key(unit: Unit) -> str:
    """Of the number field: a number of one unit says nothing about another."""
    return f"rule_threshold_{unit.key}"


def _chosen_basis() -> RuleBasis | None:
    return RULE_BASES.get(st.session_state[_BASIS])


def _unit_of(shown: ShopSettings) -> Unit | None:
    basis = RULE_BASES.get(shown.threshold_basis)
    return basis.unit if basis else None


def _save_form() -> None:
    with problems_beside_fields(FORM):
        shown: ShopSettings | None = st.session_state.get(_SHOWN)
        if shown is None:
            # The second of two quick clicks: the first one has saved the rule and closed the form.
            return
        basis = _chosen_basis()
        if basis is None:
            return
        typed = {
            "threshold": st.session_state[threshold_key(basis.unit)],
            "thresholdBasis": basis.key,
            "activateOnPurchase": st.session_state[_AUTOMATIC],
        }
        before = shown.model_dump(by_alias=True)
        if basis.unit != _unit_of(shown):
            del before["threshold"]
        # What was not touched is not sent, so that what a colleague saved meanwhile stays.
        _save({name: value for name, value in typed.items() if not _is_same(value, before.get(name))})
        st.session_state[EDITOR] = False
        _forget_form()


def _save_threshold(threshold: Decimal) -> None:
    with failures_as_toasts():
        _save({"threshold": threshold})
    st.rerun()


def _save(changes: dict[str, Any]) -> None:
    context = current_context()
    if not changes:
        celebrate("There was nothing to save.")
        return
    saved = save_rule(context.store, context.actor, parse(MembershipRule, changes))
    if "threshold" in changes:
        start_threshold_at(saved.basis.unit, saved.threshold)
    celebrate("The rule is saved.")


def _is_same(typed: Any, shown: Any) -> bool:
    return float(typed) == float(shown) if isinstance(shown, Decimal) else bool(typed == shown)


def _forget_form() -> None:
    st.session_state.pop(_SHOWN, None)
