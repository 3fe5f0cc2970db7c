"""The rule of the shop: what it says, and the form in which a manager changes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import streamlit as st

from kinso.models.money import CENT
from kinso.models.shop import MembershipRule, ShopSettings, ThresholdBasis
from kinso.models.validation import parse
from kinso.services.shop.settings import save_rule
from kinso.ui.accounts.dialogs import problems_beside_fields, show_problem
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.insights.figures import forget_figures
from kinso.ui.membership.threshold import start_threshold_at
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.shop import BASES, show_decisions
from kinso.ui.wording import currency_symbol, money, plain

FORM = "membership_rule"
EDITOR = "change_rule"
FIELDS = {"threshold": "rule_threshold", "thresholdBasis": "rule_basis", "activateOnPurchase": "rule_automatic"}
_SHOWN = "rule_shown"
_CHOICES: dict[ThresholdBasis, str] = {
    "lifetime": "Everything that a customer ever bought",
    "last-12-months": "What a customer bought in the last 12 months",
}
_DATED_ONLY = (
    "Only purchases with a date count for the last 12 months, less what was refunded of them whenever that was:"
    " balances that customers came with and typed corrections of their amounts do not."
)


def show_rule(context: RequestContext) -> None:
    """The rule as a sentence; for those who may, with the form to change it."""
    shop = context.shop
    with st.container(border=True, gap="small"):
        st.subheader("The rule", anchor=False)
        st.markdown(rule_in_words(shop))
        if shop.threshold_basis == "last-12-months":
            st.caption(_DATED_ONLY)
        if context.may(save_rule):
            _show_editor(shop)
        else:
            st.caption("Managers and administrators can change the rule.")
        show_decisions("How the rule changed", FIELDS, context)


def rule_in_words(shop: ShopSettings) -> str:
    """What the rule says, for a place that reads Markdown."""
    threshold = plain(money(shop.threshold, shop))
    eligible = f"Who spent **{threshold}** or more **{BASES[shop.threshold_basis]}** is eligible for membership"
    if shop.activate_on_purchase:
        return f"{eligible}, and becomes a member **at once with the purchase** that reaches it."
    return f"{eligible}, and becomes a member **when somebody activates** them below."


def offer_to_save_threshold(threshold: Decimal, context: RequestContext) -> None:
    """A button that makes the chosen threshold the one of the shop, where it is another one."""
    if context.may(save_rule) and threshold != context.shop.threshold:
        st.button(
            f"Make {plain(money(threshold, context.shop))} the threshold of the rule",
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
    with st.form("rule", border=False, width=640):
        st.number_input(
            f"Threshold ({currency_symbol(shop)})",
            value=float(max(shown.threshold, CENT)),
            step=100.0,
            format="%.2f",
            width=240,
            key=FIELDS["threshold"],
        )
        show_problem(FORM, "threshold")
        bases = get_args(ThresholdBasis)
        st.radio(
            "What counts",
            bases,
            index=bases.index(shown.threshold_basis),
            format_func=_CHOICES.__getitem__,
            key=FIELDS["thresholdBasis"],
        )
        show_problem(FORM, "thresholdBasis")
        st.toggle("Activate at the purchase", value=shown.activate_on_purchase, key=FIELDS["activateOnPurchase"])
        st.caption(
            "When it is on, a purchase that reaches the threshold makes the customer a member at once, and the history"
            " says why. Whom a colleague made a non-member stays one."
        )
        show_problem(FORM, "activateOnPurchase")
        show_problem(FORM)
        st.caption("Saving the rule changes nobody's membership.")
        st.form_submit_button("Save the rule", type="primary", key="save_rule", on_click=_save_form)


def _save_form() -> None:
    with problems_beside_fields(FORM):
        shown: ShopSettings | None = st.session_state.get(_SHOWN)
        if shown is None:
            # The second of two quick clicks: the first one has saved the rule and closed the form.
            return
        before = shown.model_dump(by_alias=True)
        typed = {name: st.session_state[key] for name, key in FIELDS.items()}
        # What was not touched is not sent, so that what a colleague saved meanwhile stays.
        _save({name: value for name, value in typed.items() if not _is_same(value, before[name])})
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
    forget_figures()
    if "threshold" in changes:
        start_threshold_at(saved.threshold)
    celebrate("The rule is saved.")


def _is_same(typed: Any, shown: Any) -> bool:
    return float(typed) == float(shown) if isinstance(shown, Decimal) else bool(typed == shown)


def _forget_form() -> None:
    st.session_state.pop(_SHOWN, None)
