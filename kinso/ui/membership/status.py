"""Membership of one customer: since when and why, how much is lacking, and changing it by hand."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from kinso.errors import NotFound, StaleVersion
from kinso.models.customers import Customer
from kinso.models.purchases import MembershipStatus
from kinso.services.customers.editing import set_membership
from kinso.services.membership.eligibility import list_memberships
from kinso.ui.customers.card import MembershipChange, at_card, close_question
from kinso.ui.customers.words import named
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.membership.status_words import earlier_in_words, present_in_words
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, bare_amount_of, number, plain


def draw_status(status: MembershipStatus, context: RequestContext) -> None:
    """The membership with its reason, and where the customer stands by the shop's rule."""
    _draw_membership(status.customer, context)
    st.markdown(status_in_words(status, context))
    if status.status == "short":
        st.progress(max(0.0, float(status.amount / status.rule.threshold)))


Colour = Literal["green", "orange", "gray"]


def badge_of(status: MembershipStatus, context: RequestContext) -> tuple[str, str, Colour]:
    """A few words for the head of the page, with an icon and a colour of `st.badge`."""
    match status.status:
        case "member" if status.is_below:
            return "Member, below the threshold", ":material/loyalty:", "orange"
        case "member":
            return "Member", ":material/loyalty:", "green"
        case "eligible":
            return "Eligible for membership", ":material/star:", "orange"
        case "excluded":
            return "Not a member any more", ":material/front_hand:", "gray"
        case "short":
            return f"Non-member, {_missing(status, context)} to go", ":material/person:", "gray"


@st.dialog("Change the membership?", icon=":material/loyalty:", on_dismiss=close_question)
def ask_to_change(question: MembershipChange) -> None:
    """Draw the dialog."""
    draw_change(question)


def draw_change(question: MembershipChange) -> None:
    """Say what that means, and ask once; within a dialog."""
    if question.membership_status:
        st.markdown(f"{named(question.customer)} becomes a member, as your decision.")
    else:
        st.markdown(
            f"{named(question.customer)} is no member any more. As a person decided it, the threshold does not make"
            " them one again."
        )
    label = "Make a member" if question.membership_status else "End membership"
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep", key="membership_keep", on_click=close_question)
        st.button(label, key="membership_confirm", type="primary", on_click=_change, args=(question,))


def _draw_membership(customer: Customer, context: RequestContext) -> None:
    """Since when and why this customer is a member or not, and what was before."""
    intervals = list_memberships(context.store, context.actor, customer.id)
    title, why = present_in_words(customer, intervals, context)
    with st.container(gap="xxsmall"):
        st.markdown(f"**{title}**")
        st.write(why)
    earlier = [interval for interval in intervals if interval.end is not None]
    if earlier:
        with st.expander(f"Earlier memberships: {number(len(earlier))}"):
            for interval in earlier:
                span, story = earlier_in_words(interval, context)
                with st.container(gap="xxsmall"):
                    st.markdown(span)
                    st.caption(story)


def status_in_words(status: MembershipStatus, context: RequestContext) -> str:
    """What counts by the shop's rule beside the threshold, and what that means."""
    basis = status.rule.basis
    threshold, amount = (
        plain(amount_of(basis.unit, each, context.shop)) for each in (status.rule.threshold, status.amount)
    )
    counted = basis.within or "in all"
    spent = f"{basis.unit.verb.capitalize()} {amount} {counted}; the threshold is {threshold}"
    match status.status:
        case "eligible":
            return f"**Eligible.** {spent}, so the next activation makes them a member."
        case "excluded":
            return (
                f"**Not a member any more.** {spent}; a person ended this membership, so only a person begins it again."
            )
        case "short":
            return f"**{_missing(status, context)} to go.** {spent}."
        case "member":
            bare = plain(bare_amount_of(basis.unit, status.amount, context.shop))
            return f"**Still a member, {bare} of {threshold}** {counted}." if status.is_below else f"{spent}."


def _missing(status: MembershipStatus, context: RequestContext) -> str:
    return plain(amount_of(status.rule.basis.unit, status.missing, context.shop))


def _change(question: MembershipChange) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is question:
            card.ask(None)
            _set(question, current_context())
    st.rerun()


def _set(question: MembershipChange, context: RequestContext) -> None:
    customer, status = question.customer, question.membership_status
    try:
        set_membership(context.store, context.actor, customer.id, membership_status=status, version=customer.version)
    except StaleVersion:
        warn(f"{named(customer)} was changed by someone else meanwhile; look at the page again and decide anew.")
    except NotFound as error:
        warn(error.message)
    else:
        celebrate(f"{named(customer)} is a member now." if status else f"{named(customer)} is no member any more.")
