"""The conditions above the list: one chip for each, and the ways to add, change and remove them."""

from __future__ import annotations

import streamlit as st

from kinso.models.customers import CustomerQuery
from kinso.models.filters import LONGEST_FILTER, Condition, Filter, text_of
from kinso.models.shop import ShopSettings
from kinso.ui.browser import FOCUS, run_script
from kinso.ui.customers.filter_editor import NEW, draw_editor, joined, parts_of, typed_condition, with_part
from kinso.ui.customers.filter_words import filter_in_words
from kinso.ui.customers.filters import clear_filters, has_bad_filter, present_filter, show_filter
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import warn

_KINDS = {"all": "All of them", "any": "Any of them"}
_KIND = "conditions_kind"
_CHANGED = "conditions_changed"
"""Set when what had the focus is gone, so that the next run gives it to the way to add one."""
_WIDTH = 360


def draw_filter_bar(query: CustomerQuery, shop: ShopSettings) -> None:
    """The chips of the query's filter, what joins them, and the way to one more."""
    if has_bad_filter():
        st.warning(
            "The filter in this address cannot be understood, so it is left out.", icon=":material/filter_alt_off:"
        )
    kind, parts = parts_of(query.filter)
    with st.container(key="filter_bar", horizontal=True, vertical_alignment="center", gap="small"):
        if len(parts) > 1:
            st.session_state[_KIND] = kind
            st.segmented_control(
                "Customers match",
                list(_KINDS),
                format_func=_KINDS.__getitem__,
                required=True,
                label_visibility="collapsed",
                key=_KIND,
                on_change=_join,
            )
        for place, part in enumerate(parts):
            _draw_chip(str(place), part, query, shop)
        _draw_popover("Add filter", NEW, query, ":material/add:")
        if parts:
            st.button("Clear filters", type="tertiary", key="clear_conditions", on_click=clear_filters)
        _move_focus(len(parts))


def _draw_chip(slot: str, part: Filter, query: CustomerQuery, shop: ShopSettings) -> None:
    words = isolated(filter_in_words(part, shop))
    with st.container(
        key=f"filter_chip_{slot}", horizontal=True, width="content", gap=None, wrap=False, vertical_alignment="center"
    ):
        if isinstance(part, Condition):
            _draw_popover(words, slot, query)
        else:
            with st.popover(words, key=_open_key(slot)):
                st.caption("This group of conditions came with the address. It can only be removed.")
        st.button(
            f"Remove {words}",
            icon=":material/close:",
            key=f"remove_condition_{slot}",
            on_click=_remove,
            args=(slot,),
        )


def _draw_popover(label: str, slot: str, query: CustomerQuery, icon: str | None = None) -> None:
    popover = st.popover(label, icon=icon, key=_open_key(slot), on_change="rerun")
    if popover.open:
        with popover, st.container(key=_editor_key(slot), width=_WIDTH):
            draw_editor(slot, query, _put)


def _move_focus(count: int) -> None:
    """To the first input of what has opened; to the way to add one when what had the focus is gone."""
    opened = [slot for slot in (NEW, *map(str, range(count))) if st.session_state.get(_open_key(slot))]
    if opened:
        run_script(FOCUS, selector=f".st-key-{_editor_key(opened[0])} input")
    elif st.session_state.pop(_CHANGED, False):
        run_script(FOCUS, selector=f".st-key-{_open_key(NEW)} button")


def _editor_key(slot: str) -> str:
    return f"condition_editor_{slot}"


def _open_key(slot: str) -> str:
    return f"condition_open_{slot}"


def _put(slot: str) -> None:
    condition = typed_condition(slot)
    if condition is None:
        warn("This filter has no value yet.")
    elif len(text_of(with_part(present_filter(), slot, condition))) > LONGEST_FILTER:
        warn("All filters together are too long for an address; use fewer values.")
    else:
        _show(slot, condition)
        st.rerun()


def _remove(slot: str) -> None:
    _show(slot, None)


def _show(slot: str, part: Filter | None) -> None:
    st.session_state.update({_open_key(slot): False, _CHANGED: True})
    show_filter(with_part(present_filter(), slot, part))


def _join() -> None:
    _, parts = parts_of(present_filter())
    show_filter(joined(st.session_state[_KIND], parts))
