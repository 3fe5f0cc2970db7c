"""What is in the popover of one condition: choose a fact, what is asked of it, and the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from kinso.models.customers import CustomerQuery
from kinso.models.facts import AMOUNT, CHOICE, DAY, FACTS, NUMBER, TEXT, YES_NO, Fact
from kinso.models.filters import FIRST_DAY, LAST_DAY, LONGEST_TEXT, Condition, Filter, Group, Period, read_filter
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import count_customers
from kinso.ui.customers.filter_words import (
    FILLED,
    chosen_operator,
    days_typed,
    grouped_facts,
    number_as_typed,
    number_typed,
    operators_of,
    option_in_words,
    unit_in_words,
    yes_or_no,
)
from kinso.ui.request_context import current_context
from kinso.ui.wording import counted

NEW = "new"
"""The slot of a condition that is not there yet; those that are there have their position."""
_PAUSE = "250ms"
_USUAL_DAYS = 90
_EVER, _LAST_DAYS, _SOME_DAYS = "Ever", "The last … days", "From … to"


def parts_of(filter: Filter | None) -> tuple[str, tuple[Filter, ...]]:
    """How the conditions are joined, `all` or `any`, and the conditions; a group inside is one of them."""
    if filter is None:
        return "all", ()
    if isinstance(filter, Group) and filter.kind != "not":
        return filter.kind, filter.parts
    return "all", (filter,)


def joined(kind: str, parts: tuple[Filter, ...]) -> Filter | None:
    """The filter that these conditions make."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return Group("any" if kind == "any" else "all", parts)


def with_part(filter: Filter | None, slot: str, part: Filter | None) -> Filter | None:
    """The filter with another condition in a slot, or without the one that was there."""
    kind, parts = parts_of(filter)
    place = len(parts) if slot == NEW else int(slot)
    return joined(kind, (*parts[:place], *((part,) if part else ()), *parts[place + 1 :]))


@dataclass(frozen=True)
class _Editor:
    """The inputs of a slot; `start` is the condition that they begin with."""

    slot: str
    start: Condition | None
    shop: ShopSettings

    def key(self, *names: str) -> str:
        """Of a widget."""
        return "_".join(("condition", self.slot, *names))

    def typed(self, *names: str) -> Any:
        """What is in a widget."""
        return st.session_state.get(self.key(*names))

    def start_of(self, fact: Fact, operator: str) -> Any:
        """The value to begin with, where the condition already asks this."""
        start = self.start
        is_same = start and start.fact is fact and chosen_operator(start) == operator
        return start.value if start and is_same else None


@st.fragment
def draw_editor(slot: str, query: CustomerQuery, on_done: Callable[[str], None]) -> None:
    """The inputs, how many customers match with them, and the button that calls `on_done`.

    `query` is everything that is asked now.
    """
    context = current_context()
    editor = _Editor(slot, _start_of(query, slot), context.shop)
    fact = _choose_fact(editor)
    if fact is None:
        return
    operator = _choose_operator(editor, fact)
    _draw_value(editor, fact, operator)
    if fact.takes_period:
        _draw_period(editor, fact)
    condition = typed_condition(slot)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if condition is None:
            st.caption("Give a value to see how many match.", width="content")
        else:
            asked = query.model_copy(update={"filter": with_part(query.filter, slot, condition)})
            count = count_customers(context.store, context.actor, asked)
            st.markdown(
                f"**{counted(count, 'customer')}** {'matches' if count == 1 else 'match'}",
                width="content",
            )
        st.button(
            "Add" if slot == NEW else "Apply",
            type="primary",
            key=editor.key("done"),
            on_click=on_done,
            args=(slot,),
        )


def typed_condition(slot: str) -> Condition | None:
    """What the inputs of a slot ask; None as long as something is missing."""
    state = st.session_state
    fact = FACTS.get(state.get(f"condition_{slot}_fact") or "")
    if fact is None:
        return None
    editor = _Editor(slot, None, current_context().shop)
    operator = "=" if fact.type is YES_NO else editor.typed(fact.name, "operator")
    value = _typed_value(editor, fact, operator)
    if operator not in operators_of(fact) or value is None:
        return None
    asked = {"fact": fact.name, "is": "isEmpty" if operator == FILLED else operator, "value": value}
    try:
        return _one(read_filter(asked | _typed_period(editor, fact)))
    except ValueError:
        return None


def _one(filter: Filter) -> Condition | None:
    return filter if isinstance(filter, Condition) else None


def _start_of(query: CustomerQuery, slot: str) -> Condition | None:
    _, parts = parts_of(query.filter)
    return _one(parts[int(slot)]) if slot != NEW and int(slot) < len(parts) else None


def _choose_fact(editor: _Editor) -> Fact | None:
    labels = grouped_facts()
    names = list(labels)
    name = st.selectbox(
        "What",
        names,
        index=names.index(editor.start.fact.name) if editor.start else None,
        format_func=labels.__getitem__,
        placeholder="Type to search",
        key=editor.key("fact"),
    )
    fact = FACTS.get(name or "")
    if fact:
        st.caption(fact.description)
    return fact


def _choose_operator(editor: _Editor, fact: Fact) -> str:
    if fact.type is YES_NO:
        return "="
    operators = operators_of(fact)
    start = editor.start
    at_start = chosen_operator(start) if start and start.fact is fact else ""
    keys = list(operators)
    return (
        st.selectbox(
            "How",
            keys,
            index=keys.index(at_start) if at_start in keys else 0,
            format_func=operators.__getitem__,
            key=editor.key(fact.name, "operator"),
        )
        or keys[0]
    )


def _draw_value(editor: _Editor, fact: Fact, operator: str) -> None:
    start = editor.start_of(fact, operator)
    if operator in ("isEmpty", FILLED):
        return
    if fact.type is YES_NO:
        _draw_yes_or_no(editor, fact, operator)
    elif operator in ("inLast", "notInLast"):
        _draw_days(editor.key(fact.name, operator), start or _USUAL_DAYS)
    elif operator == "between":
        first, last = start or (None, None)
        with st.container(horizontal=True):
            _draw_one(editor, fact, operator, first, part="from", label="From")
            _draw_one(editor, fact, operator, last, part="to", label="To")
    elif operator == "in":
        _draw_several(editor, fact, operator, start)
    else:
        _draw_one(editor, fact, operator, start, part="value", label=_label(editor, fact))


def _label(editor: _Editor, fact: Fact) -> str:
    if fact.type in (AMOUNT, NUMBER):
        return unit_in_words(fact, editor.shop)
    return "Day" if fact.type is DAY else "Text"


def _draw_yes_or_no(editor: _Editor, fact: Fact, operator: str) -> None:
    yes, no = yes_or_no(fact)
    start = editor.start
    is_yes = start.value == (start.operator == "=") if start and start.fact is fact else True
    st.segmented_control(
        "Which",
        [True, False],
        format_func=lambda value: yes if value else no,
        default=is_yes,
        required=True,
        key=editor.key(fact.name, operator, "value"),
    )


def _draw_one(editor: _Editor, fact: Fact, operator: str, start: Any, *, part: str, label: str) -> None:
    key = editor.key(fact.name, operator, part)
    if fact.type is DAY:
        _draw_day(key, start, label)
    elif fact.type is CHOICE:
        st.selectbox(
            "Which",
            fact.options,
            index=fact.options.index(start) if start in fact.options else None,
            format_func=lambda option: option_in_words(fact, option),
            key=key,
        )
    else:
        text = number_as_typed(start, fact) if fact.type is not TEXT and start is not None else start or ""
        longest = LONGEST_TEXT if fact.type is TEXT else None
        st.text_input(label, value=text, key=key, live=_PAUSE, max_chars=longest, autocomplete="off")


def _draw_several(editor: _Editor, fact: Fact, operator: str, start: Any) -> None:
    chosen = list(start) if isinstance(start, tuple) else [start] if start else []
    st.multiselect(
        "Any of",
        [*fact.options, *(each for each in chosen if each not in fact.options)],
        default=chosen,
        format_func=lambda option: option_in_words(fact, option),
        accept_new_options=not fact.options,
        placeholder="Choose" if fact.options else "Type one, then Enter",
        select_all=False,
        key=editor.key(fact.name, operator, "value"),
    )


def _draw_days(key: str, start: int) -> None:
    st.text_input("Days", value=str(start), key=key, live=_PAUSE, autocomplete="off")


def _draw_day(key: str, start: date | None, label: str) -> None:
    st.date_input(label, value=start, min_value=FIRST_DAY, max_value=LAST_DAY, key=key, format="YYYY-MM-DD")


def _draw_period(editor: _Editor, fact: Fact) -> None:
    start = editor.start.period if editor.start and editor.start.fact is fact else None
    kinds = [_EVER, _LAST_DAYS, _SOME_DAYS]
    at_start = _EVER if start is None else _LAST_DAYS if start.last_days else _SOME_DAYS
    period = start or Period()
    kind = st.selectbox("When", kinds, index=kinds.index(at_start), key=editor.key(fact.name, "when"))
    if kind == _LAST_DAYS:
        _draw_days(editor.key(fact.name, "last"), period.last_days or _USUAL_DAYS)
    elif kind == _SOME_DAYS:
        with st.container(horizontal=True):
            _draw_day(editor.key(fact.name, "first"), period.first, "From")
            _draw_day(editor.key(fact.name, "until"), period.last, "To")


def _typed_value(editor: _Editor, fact: Fact, operator: str) -> Any:
    if operator in ("isEmpty", FILLED):
        return operator == "isEmpty"
    if operator in ("inLast", "notInLast"):
        return days_typed(editor.typed(fact.name, operator) or "")
    if operator == "between":
        ends = [_json(fact, editor.typed(fact.name, operator, part)) for part in ("from", "to")]
        return None if None in ends else sorted(ends)
    typed = editor.typed(fact.name, operator, "value")
    return (typed or None) if operator == "in" else _json(fact, typed)


def _json(fact: Fact, typed: Any) -> Any:
    if isinstance(typed, date):
        return typed.isoformat()
    if fact.type in (AMOUNT, NUMBER):
        return number_typed(typed or "", fact)
    return None if typed == "" else typed


def _typed_period(editor: _Editor, fact: Fact) -> dict[str, Any]:
    kind = editor.typed(fact.name, "when") if fact.takes_period else _EVER
    if kind == _LAST_DAYS:
        return {"period": {"lastDays": days_typed(editor.typed(fact.name, "last") or "")}}
    ends = [editor.typed(fact.name, name) for name in ("first", "until")] if kind == _SOME_DAYS else []
    if not any(ends):
        return {}
    first, last = sorted(ends) if all(ends) else ends
    return {"period": {name: day.isoformat() for name, day in (("from", first), ("to", last)) if day}}
