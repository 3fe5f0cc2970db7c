"""Who would become a member at the chosen threshold, drawn anew with every move of the slider."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from kinso.errors import InvalidInput
from kinso.models.money import CENT
from kinso.models.rule import Spender
from kinso.models.run import ActivationPreview
from kinso.models.statistics import AmountBin
from kinso.models.user import Permission
from kinso.services.membership import preview_activation
from kinso.ui import charts
from kinso.ui.figures import current_statistics, distribution
from kinso.ui.membership.activation import is_activating, offer_activation, show_result
from kinso.ui.membership.threshold import choose_threshold
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted, currency_symbol, money, number, percent, plain

_LISTED = 1000
_HISTOGRAM = 410
"""Pixels: as high as the controls beside it."""


@st.fragment
def show_preview() -> None:
    """Threshold, histogram, figures, button and lists; only this part of the page follows the slider."""
    visit = current_visit()
    bins = distribution(visit)
    if not bins:
        return
    controls, histogram = st.columns([2, 3], gap="large")
    with controls:
        threshold = choose_threshold(bins, visit.shop, disabled=is_activating())
        try:
            preview = preview_activation(visit.store, visit.actor, threshold, shown=_LISTED)
        except InvalidInput as error:
            st.error(plain(error.message), icon=":material/error:")
            return
        _show_figures(preview, visit)
        if visit.may(Permission.AUTO_ACTIVATE):
            offer_activation(preview, visit)
        else:
            st.caption("Your role shows this preview; staff, managers and administrators can activate.")
    with histogram:
        _show_histogram(bins, preview, visit)
    show_result()
    _show_lists(preview, visit)


def _show_figures(preview: ActivationPreview, visit: Visit) -> None:
    grid = st.grid(2, min_column_width=140)
    grid.metric("Would become members", number(preview.count), border=True)
    grid.metric("Share of all customers", percent(preview.share_of_base), border=True)
    with grid.cell(column_span="all"):
        st.metric("Their purchases", money(preview.purchase_total, visit.shop), border=True)
    rate = current_statistics(visit).membership_rate
    if preview.count:
        then = percent(min(rate + preview.share_of_base, 1.0))
        st.caption(f"The membership rate would rise from {percent(rate)} to {then}.")
    if preview.held:
        st.caption(
            f"Not counted: {counted(preview.held, 'customer')} with enough purchases whom a colleague made"
            f" {'a non-member' if preview.held == 1 else 'non-members'} by hand."
        )


def _show_histogram(bins: Sequence[AmountBin], preview: ActivationPreview, visit: Visit) -> None:
    st.markdown("**Customers by purchase amount**")
    alt = (
        f"Customers by purchase amount, members and non-members stacked, with a line at the threshold of"
        f" {money(preview.threshold, visit.shop)}"
    )
    figure = charts.draw_distribution(bins, visit.shop, preview.threshold, height=_HISTOGRAM)
    charts.show_chart(figure, alt=alt, key="threshold_histogram")


def _show_lists(preview: ActivationPreview, visit: Visit) -> None:
    eligible, near = st.columns([11, 9], gap="medium")
    with eligible:
        st.subheader(f"Would become members ({number(preview.count)})", anchor=False)
        if preview.count > len(preview.eligible):
            st.caption(
                f"The {number(len(preview.eligible))} largest of {counted(preview.count, 'customer')} are listed; all"
                " of them would become members."
            )
        _show_table(_eligible_table(preview.eligible), visit, key="eligible", alt="Who would become a member")
    with near:
        st.subheader("Just below the threshold", anchor=False)
        _show_table(_near_table(preview), visit, key="near_misses", alt="Non-members just below the threshold")


def _eligible_table(spenders: Sequence[Spender]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Customer ID": [each.customer.customer_id for each in spenders],
            "Name": [each.customer.customer_name for each in spenders],
            "Purchase amount": [float(each.amount) for each in spenders],
            "Contact": [each.customer.contact_info for each in spenders],
        }
    )


def _near_table(preview: ActivationPreview) -> pd.DataFrame:
    spenders = preview.near_misses
    return pd.DataFrame(
        {
            "Customer ID": [each.customer.customer_id for each in spenders],
            "Name": [each.customer.customer_name for each in spenders],
            "Purchase amount": [float(each.amount) for each in spenders],
            "Short by": [float((preview.threshold - each.amount).quantize(CENT)) for each in spenders],
        }
    )


def _show_table(table: pd.DataFrame, visit: Visit, *, key: str, alt: str) -> None:
    if table.empty:
        st.caption("Nobody.")
        return
    amount = st.column_config.NumberColumn(format=f"{currency_symbol(visit.shop)} %,.2f")
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        alt=alt,
        column_config={"Purchase amount": amount, "Short by": amount},
    )
