"""Who would become a member at the chosen threshold, drawn anew with every move of the slider."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kinso.errors import InvalidInput
from kinso.models.history import ActivationPreview
from kinso.models.insights import AmountBin
from kinso.ui.insights import charts
from kinso.ui.insights.figures import activation_preview, current_statistics, spending_distribution
from kinso.ui.membership.activation import ACTIVATION, choose_threshold, offer_activation
from kinso.ui.membership.members_at import show_spenders
from kinso.ui.membership.rule import offer_to_save_threshold
from kinso.ui.membership.what_if import show_what_if
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, bare_amount_of, counted, number, percent, plain

_LISTED = 1000
_TABS = ["Whom it would activate", "What if it were the rule"]
_HISTOGRAM = 410
"""Pixels: as high as the controls beside it."""


@st.fragment
def show_preview() -> None:
    """Threshold, histogram, figures, button and lists; only this part of the page follows the slider."""
    context = current_context()
    bins = spending_distribution(context)
    if not bins:
        return
    controls, histogram = st.columns([2, 3], gap="large")
    with controls:
        threshold = choose_threshold(bins, context.shop, disabled=ACTIVATION.is_under_way)
        try:
            preview = activation_preview(context, threshold, shown=_LISTED)
        except InvalidInput as error:
            st.error(plain(error.message), icon=":material/error:")
            return
        _show_figures(preview, context)
        offer_activation(preview, context)
        offer_to_save_threshold(preview.rule.threshold, context)
    with histogram:
        _show_histogram(bins, preview, context)
    ACTIVATION.show_report()
    activating, what_if = st.tabs(_TABS, key="threshold_view", on_change="rerun")
    if activating.open:
        with activating:
            _show_lists(preview, context)
    if what_if.open:
        with what_if:
            show_what_if(preview, context)


def _show_figures(preview: ActivationPreview, context: RequestContext) -> None:
    grid = st.grid(2, min_column_width=170)
    grid.metric("Would become members", number(preview.count), border=True)
    grid.metric("Share of all customers", percent(preview.share_of_base), border=True)
    with grid.cell(column_span="all"):
        total = bare_amount_of(preview.rule.basis.unit, preview.purchase_total, context.shop)
        st.metric("Their purchases", total, border=True)
    rate = current_statistics(context).membership_rate
    if preview.count:
        then = percent(min(rate + preview.share_of_base, 1.0))
        st.caption(f"The membership rate would rise from {percent(rate)} to {then}.")
    if preview.excluded:
        st.caption(
            f"Not counted: {counted(preview.excluded, 'customer')} with enough purchases whom a colleague made"
            f" {'a non-member' if preview.excluded == 1 else 'non-members'} by hand."
        )


def _show_histogram(bins: Sequence[AmountBin], preview: ActivationPreview, context: RequestContext) -> None:
    basis, threshold = preview.rule.basis, preview.rule.threshold
    st.markdown(f"**Customers by {basis.name}**")
    alt = (
        f"Customers by {basis.name}, members and non-members stacked, with a line at the threshold of"
        f" {amount_of(basis.unit, threshold, context.shop)}"
    )
    mark = charts.mark_threshold(bins, context.shop, threshold, basis)
    data = (bins, context.shop, basis, _HISTOGRAM)
    charts.show_data(charts.draw_distribution, *data, alt=alt, key="threshold_histogram", marks=mark)


def _show_lists(preview: ActivationPreview, context: RequestContext) -> None:
    eligible, near = st.columns([11, 9], gap="medium")
    with eligible:
        st.subheader(f"Would become members ({number(preview.count)})", anchor=False)
        if preview.count > len(preview.eligible):
            st.caption(
                f"The {number(len(preview.eligible))} largest of {counted(preview.count, 'customer')} are listed; all"
                " of them would become members."
            )
        show_spenders(
            preview.eligible,
            context.shop,
            key="eligible",
            alt="Who would become a member",
            more={"Contact": [each.customer.contact_info for each in preview.eligible]},
        )
    with near:
        st.subheader("Just below the threshold", anchor=False)
        show_spenders(
            preview.near_misses,
            context.shop,
            key="near_misses",
            alt="Non-members just below the threshold",
            more={"Short by": [preview.rule.threshold - each.amount for each in preview.near_misses]},
        )
