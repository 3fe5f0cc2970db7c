"""What the chosen threshold would mean if it were the rule: curves, and who is gained and lost."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import ActivationPreview
from kinso.models.membership import Basis, Comparison, Spenders
from kinso.services.membership.what_if import compare_thresholds
from kinso.ui import charts, rule_charts
from kinso.ui.figures import threshold_curve
from kinso.ui.membership.tables import show_spenders
from kinso.ui.membership.threshold import both_sides_of
from kinso.ui.visit import Visit
from kinso.ui.wording import counted, money, number, plain

_LISTED = 200
MEMBER_BY: dict[Basis | None, str] = {
    "rule": "the rule",
    "person": "a colleague",
    "adopted": "an earlier application",
    None: "not known",
}


def show_what_if(preview: ActivationPreview, visit: Visit) -> None:
    """Two curves with today's threshold and the chosen one, and the customers between the two."""
    compared = compare_thresholds(visit.store, visit.actor, preview.threshold, shown=_LISTED)
    st.caption(
        "As if the threshold alone decided: whoever reaches it is a member. Memberships that colleagues gave to others"
        " come on top; those whom a colleague made non-members are left out."
    )
    _show_curves(compared, visit)
    if compared.saved.threshold == compared.other.threshold:
        st.caption("This is today's threshold. Choose another one above to see whom it would gain and lose.")
        return
    _show_difference(compared, visit)


def _show_curves(compared: Comparison, visit: Visit) -> None:
    shop = visit.shop
    curve = threshold_curve(visit, up_to=max(both_sides_of(shop), compared.other.threshold))
    today, slider = (money(point.threshold, shop) for point in (compared.saved, compared.other))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Members by threshold**")
        alt = (
            f"Members that each threshold would mean: {number(compared.saved.members)} at today's {today},"
            f" {number(compared.other.members)} at {slider}"
        )
        figure = rule_charts.draw_members_by_threshold(curve, compared, shop)
        charts.show_chart(figure, alt=alt, key="members_by_threshold")
    with right:
        st.markdown("**Their purchases by threshold**")
        alt = (
            f"What the members of each threshold spent: {money(compared.saved.total, shop)} at today's {today},"
            f" {money(compared.other.total, shop)} at {slider}"
        )
        figure = rule_charts.draw_spending_by_threshold(curve, compared, shop)
        charts.show_chart(figure, alt=alt, key="spending_by_threshold")


def _show_difference(compared: Comparison, visit: Visit) -> None:
    gained, lost = st.columns(2, gap="medium")
    is_lower = compared.other.threshold < compared.saved.threshold
    with gained:
        st.subheader(f"Gained ({number(compared.gained.count)})", anchor=False)
        if is_lower:
            _show_gained(compared, visit)
        else:
            st.caption("A higher threshold gains nobody.")
    with lost:
        st.subheader(f"Lost ({number(compared.lost.count)})", anchor=False)
        if is_lower:
            st.caption("A lower threshold loses nobody.")
        else:
            _show_lost(compared, visit)


def _show_gained(compared: Comparison, visit: Visit) -> None:
    today, other = (plain(money(point.threshold, visit.shop)) for point in (compared.saved, compared.other))
    who = f"Non-members from {other} up to today's {today}, who would be eligible."
    st.caption(f"{who}{_sum(compared.gained, visit)}")
    _show_cut(compared.gained)
    show_spenders(
        compared.gained.first,
        visit.shop,
        key="gained",
        alt="Whom the chosen threshold would gain",
        more={"Contact": [each.customer.contact_info for each in compared.gained.first]},
    )


def _show_lost(compared: Comparison, visit: Visit) -> None:
    today, other = (plain(money(point.threshold, visit.shop)) for point in (compared.saved, compared.other))
    who = f"Members from today's {today} up to {other}, who would not reach it."
    st.caption(f"{who}{_sum(compared.lost, visit)} They stay members until a manager ends that.")
    _show_cut(compared.lost)
    show_spenders(
        compared.lost.first,
        visit.shop,
        key="lost",
        alt="Members below the chosen threshold",
        more={"Made a member by": [MEMBER_BY[each.member_by] for each in compared.lost.first]},
    )


def _sum(spenders: Spenders, visit: Visit) -> str:
    return f" Together they spent {plain(money(spenders.total, visit.shop))}." if spenders.count else ""


def _show_cut(spenders: Spenders) -> None:
    if spenders.count > len(spenders.first):
        st.caption(f"The {number(len(spenders.first))} largest of {counted(spenders.count, 'customer')} are listed.")
