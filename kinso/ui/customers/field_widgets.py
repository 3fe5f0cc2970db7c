"""The fields of a customer in grids and forms: a column and an input for each type of field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from kinso.models.fields import FIELDS, Field
from kinso.models.shop import ShopSettings
from kinso.ui.drafts import day_in, number_in, text_in
from kinso.ui.wording import currency_symbol

COLUMN_LABELS = {"membershipStatus": "Member"}
"""Where a column or an input says what a tick means."""
_STATE: Final = "session"


@dataclass(frozen=True)
class FieldWidget:
    """`column` is for the field and its values, `cells` makes a column of a table of the values.

    `draw` is given the field, its widget key, the value to start with and the label. `restored` is what a draft holds
    of the widget, `typed` what the widget says, None for nothing.
    """

    column: Callable[[Field, str, Sequence[Any]], Any]
    cells: Callable[[Sequence[Any]], Any]
    draw: Callable[[Field, str, Any, str], Any]
    restored: Callable[[Mapping[str, Any], str], Any] = text_in
    typed: Callable[[Any], Any] = lambda value: value or ""


def label_of(field: Field, shop: ShopSettings) -> str:
    """What a column or an input of the field is called."""
    label = COLUMN_LABELS.get(field.name, field.label)
    return f"{label} ({currency_symbol(shop)})" if field.type.key == "amount" else label


def typed_values(key_of: Callable[[str], str]) -> dict[str, Any]:
    """What is in the inputs under these widget keys, by stored names; what is empty and no text is left out."""
    typed = {field.name: WIDGETS[field.type.key].typed(st.session_state.get(key_of(field.name))) for field in FIELDS}
    return {name: value for name, value in typed.items() if value is not None}


def restore_values(key_of: Callable[[str], str], values: Mapping[str, Any]) -> None:
    """From a callback: put what a draft holds into the inputs."""
    for field in FIELDS:
        st.session_state[key_of(field.name)] = WIDGETS[field.type.key].restored(values, field.name)


def _text_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    return st.column_config.TextColumn(label, width=field.width)


def _amount_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    return st.column_config.NumberColumn(label, width=field.width, format="%,.2f")


def _number_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    return st.column_config.NumberColumn(label, width=field.width)


def _tick_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    return st.column_config.CheckboxColumn(label, width=field.width)


def _date_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    return st.column_config.DateColumn(label, width=field.width, format="D MMM YYYY")


def _choice_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    return st.column_config.SelectboxColumn(label, width=field.width, options=["", *_options(field)])


def _tags_column(field: Field, label: str, values: Sequence[Any]) -> Any:
    known = sorted({str(tag) for tags in values for tag in tags})
    return st.column_config.MultiselectColumn(
        label, width=field.width, options=known, accept_new_options=True, color="gray"
    )


def _draw_text(field: Field, key: str, value: Any, label: str) -> None:
    st.text_input(
        label, value=str(value or ""), key=key, placeholder=field.hint, autocomplete="off", persist_state=_STATE
    )


def _draw_lines(field: Field, key: str, value: Any, label: str) -> None:
    st.text_area(label, value=str(value or ""), key=key, placeholder=field.hint, height=80, persist_state=_STATE)


def _draw_amount(field: Field, key: str, value: Any, label: str) -> None:
    st.number_input(
        label, value=_number(value), step=1.0, format="%.2f", key=key, placeholder="0.00", persist_state=_STATE
    )


def _draw_number(field: Field, key: str, value: Any, label: str) -> None:
    st.number_input(label, value=_number(value), key=key, placeholder=field.hint, persist_state=_STATE)


def _draw_tick(field: Field, key: str, value: Any, label: str) -> None:
    st.checkbox(label, value=bool(value), key=key, persist_state=_STATE)


def _draw_date(field: Field, key: str, value: Any, label: str) -> None:
    st.date_input(
        label,
        value=value if isinstance(value, date) else None,
        min_value=date(1900, 1, 1),
        max_value=date(2200, 12, 31),
        key=key,
        persist_state=_STATE,
    )


def _draw_choice(field: Field, key: str, value: Any, label: str) -> None:
    options = _options(field)
    st.selectbox(
        label,
        options,
        index=options.index(value) if value in options else None,
        key=key,
        placeholder=field.hint or "Choose",
        persist_state=_STATE,
    )


def _draw_tags(field: Field, key: str, value: Any, label: str) -> None:
    tags = [str(tag) for tag in value or ()]
    st.multiselect(
        label,
        tags,
        default=tags,
        key=key,
        accept_new_options=True,
        placeholder=field.hint or "Choose",
        persist_state=_STATE,
    )


def _options(field: Field) -> list[str]:
    return list(getattr(field.type, "options", ()))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, Decimal | float | int) else None


def _numbers(values: Sequence[Any]) -> Any:
    return pd.array([_number(value) for value in values], dtype="Float64").astype("float64")


def _as_it_is(value: Any) -> Any:
    return value


def _days(values: Sequence[Any]) -> Any:
    return pd.to_datetime(pd.Series([value or None for value in values], dtype=object))


def _lists(values: Sequence[Any]) -> list[Any]:
    # A list would be one of nothing where it is empty, and so the column of another type.
    return [np.array(list(value or ()), dtype=str) for value in values]


def _tags_in(values: Mapping[str, Any], name: str) -> list[str]:
    tags = values.get(name)
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def _choice_in(values: Mapping[str, Any], name: str) -> str | None:
    return text_in(values, name) or None


def _tick_in(values: Mapping[str, Any], name: str) -> bool:
    return values.get(name) is True


WIDGETS: dict[str, FieldWidget] = {
    "text": FieldWidget(_text_column, list, _draw_text),
    "lines": FieldWidget(_text_column, list, _draw_lines),
    "amount": FieldWidget(_amount_column, _numbers, _draw_amount, number_in, _as_it_is),
    "yes/no": FieldWidget(_tick_column, list, _draw_tick, _tick_in, bool),
    "date": FieldWidget(_date_column, _days, _draw_date, day_in, _as_it_is),
    "number": FieldWidget(_number_column, _numbers, _draw_number, number_in, _as_it_is),
    "choice": FieldWidget(_choice_column, list, _draw_choice, _choice_in),
    "tags": FieldWidget(_tags_column, _lists, _draw_tags, _tags_in, lambda value: value or []),
}
"""By the key of the type."""
