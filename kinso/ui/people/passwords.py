"""Choosing a password for somebody: a generated one that is shown once, or a typed one."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import streamlit as st

from kinso.models.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD
from kinso.ui.customers.words import isolated
from kinso.ui.people.problems import show_problem

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for something else when it is read out."""
_GROUPS, _GROUP_LENGTH = 4, 5
_GENERATE, _TYPE = "Generate one", "Type one"


def generate_password() -> str:
    """About 99 bits, in groups that can be read out over the telephone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def choose_password(form: str, save: str, key: str, on_click: Callable[..., None], *args: object) -> None:
    """Draw the choice with the button `save` below it; `chosen_password` tells its outcome.

    The input and the button are one form: outside of one, what was typed is not sent when the key Tab goes on from the
    input to the button that shows the password.
    """
    st.segmented_control("Password", [_GENERATE, _TYPE], default=_GENERATE, required=True, key=f"{form}_password_kind")
    with st.form(f"{form}_with_password", border=False):
        _draw_choice(form)
        show_problem(form, "password")
        show_problem(form)
        st.form_submit_button(save, type="primary", key=key, on_click=on_click, args=args)


def _draw_choice(form: str) -> None:
    if st.session_state[f"{form}_password_kind"] == _TYPE:
        st.text_input(
            "New password",
            type="password",
            key=f"{form}_password",
            max_chars=LONGEST_PASSWORD,
            help=f"At least {SHORTEST_PASSWORD} characters.",
        )
    else:
        st.caption("It is shown once, after saving.")


def chosen_password(form: str) -> tuple[str, bool]:
    """The password, and whether it was generated and so has to be shown."""
    if st.session_state.get(f"{form}_password_kind") == _TYPE:
        return st.session_state.get(f"{form}_password", ""), False
    return generate_password(), True


def show_password_once(name: str, password: str) -> None:
    """The only sight of a generated password."""
    st.write(f"Give this password to **{isolated(name)}**; it is not shown again.")
    st.code(password, language=None)
    st.caption("It can be changed on the page My account after signing in.")
