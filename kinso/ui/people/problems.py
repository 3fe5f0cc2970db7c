"""What is wrong with a form, said beside the fields it is about, until the form is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from kinso.errors import DatabaseUnavailable, FieldError, KinsoError, NotSignedIn
from kinso.ui.wording import plain

WHOLE = ""
"""The place for what is not about a single field."""


@contextmanager
def problems_beside_fields(form: str) -> Iterator[None]:
    """Within a callback: a refusal is kept for `show_problem`; a lost session or database goes on up."""
    forget_problems(form)
    try:
        yield
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except KinsoError as error:
        errors: tuple[FieldError, ...] = getattr(error, "errors", ()) or (FieldError(WHOLE, error.message),)
        st.session_state[_key(form)] = {one.field: one.message for one in errors}


def show_problem(form: str, field: str = WHOLE) -> None:
    """The sentence about one field, under it."""
    message = st.session_state.get(_key(form), {}).get(field)
    if message:
        st.markdown(f":small[:red[:material/error: {plain(message)}]]")


def begin_form(form: str, first_widget: str) -> None:
    """Call before the first widget: a form that is shown afresh has no problems yet."""
    if first_widget not in st.session_state:
        forget_problems(form)


def forget_problems(form: str) -> None:
    """The form is about to be judged anew, or gone."""
    st.session_state.pop(_key(form), None)


def _key(form: str) -> str:
    return f"problems_of_{form}"
