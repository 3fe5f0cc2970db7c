"""Two customers side by side, field by field, and merging them into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from kinso.errors import KinsoError
from kinso.models.customers import Customer
from kinso.models.fields import Field
from kinso.models.merging import Bought, Kept, MergedField, MergePreview, Side
from kinso.models.shop import ShopSettings
from kinso.services.customers.duplicates import remember_different
from kinso.services.customers.merging import merge_customers, preview_merge
from kinso.services.history.runs import Progress
from kinso.ui.browser import go_to, link_to_customer
from kinso.ui.customers.words import isolated, named, value_in_words
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.history.run_panel import Outcome, RunPanel
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, day, money, plain

ONE, OTHER = "one", "other"
"""In the address: the `_id`s of those who are compared; the first one stays."""
PAGE = Path(__file__).parents[3] / "pages" / "duplicates.py"


@dataclass(frozen=True)
class Merging:
    """Which customer is to be merged into which, each as they were seen, and whose value of each field stays."""

    this: Customer
    other: Customer
    keep: Mapping[str, Side]


def compare(one: str, other: str) -> None:
    """From a callback: show these two side by side."""
    go_to(PAGE, **{ONE: one, OTHER: other})


def choose_other(one: str) -> None:
    """From a callback: look for who is the same person as this one."""
    go_to(PAGE, **{ONE: one})


def draw_comparison(one: str, other: str, context: RequestContext) -> None:
    """Both, what would be kept of each, and the answers."""
    st.page_link(PAGE, label="All likely duplicates", icon=":material/arrow_back:")
    chosen = _chosen(one, other)
    try:
        preview = preview_merge(context.store, context.actor, one, other, chosen)
    except KinsoError as error:
        with st.container(border=True, width=640):
            st.write(error.message)
        return
    _draw_heads(preview, context)
    for field in preview.fields:
        if not field.is_same:
            _draw_field(field, preview, context.shop)
    _draw_same(preview, context.shop)
    if context.may(merge_customers):
        _draw_answers(preview, chosen)


def _draw_heads(preview: MergePreview, context: RequestContext) -> None:
    with st.grid(2, min_column_width=260):
        for customer, bought, memberships, stays in (
            (preview.this, preview.bought[0], preview.memberships[0], True),
            (preview.other, preview.bought[1], preview.memberships[1], False),
        ):
            with st.container(border=True, gap="xsmall", height="stretch"):
                st.caption("Stays" if stays else "Is merged into the other, whose ID and page stay")
                link_to_customer(customer.id, f"**{isolated(customer.customer_name)}**")
                st.text(customer.customer_id)
                st.markdown(_bought(bought, context.shop))
                if customer.membership_status and memberships:
                    since = memberships[0].begin.astimezone(context.shop.zone).date()
                    st.markdown(f"Member since {plain(day(since))}")
                st.caption(f"Registered {plain(day(customer.created_at.astimezone(context.shop.zone).date()))}")
    st.button(
        "Let the other one stay",
        icon=":material/swap_horiz:",
        key="swap",
        on_click=compare,
        args=(preview.other.id, preview.this.id),
    )


def _bought(bought: Bought, shop: ShopSettings) -> str:
    return f"{counted(bought.count, 'purchase')}, {plain(money(bought.total, shop))}"


def _draw_field(each: MergedField, preview: MergePreview, shop: ShopSettings) -> None:
    """What each has, and what stays."""
    name = each.field.name
    with st.container(border=True, key=f"merge_{name}", gap="xsmall"):
        st.markdown(f"**{each.field.label}**")
        if name == "purchaseAmount":
            st.markdown(
                f"{plain(money(each.this, shop))} + {plain(money(each.other, shop))}"
                f" = **{plain(money(each.merged, shop))}**"
            )
            return
        options = _options(each, shop)
        st.radio(
            f"Keep of {each.field.label}",
            list(options),
            format_func=options.__getitem__,
            index=list(options).index(each.kept) if each.kept in options else 0,
            key=_key(preview.this.id, preview.other.id, name),
            label_visibility="collapsed",
        )


def _draw_same(preview: MergePreview, shop: ShopSettings) -> None:
    same = [each for each in preview.fields if each.is_same and each.this != each.field.type.empty]
    if same:
        words = (f"{each.field.label} {isolated(value_in_words(each.field.name, each.this, shop))}" for each in same)
        st.caption(f"The same in both: {', '.join(words)}.")


def _options(each: MergedField, shop: ShopSettings) -> dict[Kept, str]:
    def words(value: Any) -> str:
        return isolated(value_in_words(each.field.name, value, shop))

    sides: dict[Kept, str] = {"this": words(each.this), "other": words(each.other)}
    if each.kept == "both":
        return {"both": f"Both: {words(each.merged)}", **sides}
    return {"both": "Both", **sides} if _can_be_both(each.field) else sides


def _can_be_both(field: Field) -> bool:
    return field.type.key in {"tags", "lines"}


def _draw_answers(preview: MergePreview, chosen: Mapping[str, Side]) -> None:
    ids = (preview.this.id, preview.other.id)
    st.caption(
        f"{named(preview.other)} will be found under their own ID as well. Purchases, memberships, notes and history"
        " come along. A merge can be undone at any time."
    )
    with st.container(horizontal=True):
        st.button(
            f"Merge into {isolated(preview.this.customer_name)}",
            type="primary",
            icon=":material/call_merge:",
            key="merge",
            disabled=MERGE.is_under_way,
            on_click=_merge,
            args=(Merging(preview.this, preview.other, dict(chosen)),),
        )
        st.button("Not the same person", icon=":material/call_split:", key="different", on_click=remember, args=ids)


def _key(this: str, other: str, name: str) -> str:
    return f"keep_{this}_{other}_{name}"


def _chosen(this: str, other: str) -> dict[str, Side]:
    """Whose value the person wants to stay; what is left to the program is left out."""
    prefix = _key(this, other, "")
    chosen = {key: value for key, value in st.session_state.items() if isinstance(key, str) and key.startswith(prefix)}
    return {key.removeprefix(prefix): side for key, side in chosen.items() if side in ("this", "other")}


def _merge(merging: Merging) -> None:
    MERGE.start(merging)
    go_to(PAGE)


def remember(one: str, other: str) -> None:
    """From a callback: these two are not the same person; the other pairs are shown again."""
    context = current_context()
    with failures_as_toasts():
        remember_different(context.store, context.actor, one, other)
        celebrate("Remembered: these two are not the same person.")
        go_to(PAGE)


def _work(context: RequestContext, merging: Merging, _on_progress: Progress) -> Outcome:
    run = merge_customers(
        context.store,
        context.actor,
        merging.this.id,
        merging.other.id,
        merging.keep,
        version=merging.this.version,
        with_version=merging.other.version,
    )
    other, this = (f"{each.customer_name} ({each.customer_id})" for each in (merging.other, merging.this))
    return Outcome(f"{other} was merged into {this}.", run)


MERGE = RunPanel[Merging](
    key="merge",
    title=lambda _merging: "Merging",
    work=_work,
    failed="The two customers were not merged.",
)
