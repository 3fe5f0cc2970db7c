"""What an administrator does with accounts, each in a dialog that stays open until it is done or dismissed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from kinso.models.accounts import NewUser, Role, User
from kinso.models.validation import parse
from kinso.services.accounts.users import change_role, create_user, reset_password, set_active
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate
from kinso.ui.people.passwords import choose_password, chosen_password, show_password_once
from kinso.ui.people.problems import forget_problems, problems_beside_fields, show_problem
from kinso.ui.people.roles import role_in_words, role_name
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import plain

_OPEN = "users_dialog"
_FORMS = CREATE, ROLE, PASSWORD, SWITCH = "new_user", "user_role", "user_password", "user_switch"
_NEW = "new"


def open_creation() -> None:
    """A callback: ask for a new account."""
    _open(_NEW)


def open_account(user_id: str) -> None:
    """A callback: show what can be done with an account."""
    _open(user_id)


def show_open_dialog(users: list[User], visit: Visit) -> None:
    """Draw the dialog that is open, if any; call it once, last."""
    match st.session_state.get(_OPEN):
        case None:
            return
        case (str() as name, str() as password):
            _dialog("New password", _show_password, name, password)
        case "new":
            _dialog("Create user", _create)
        case user_id:
            user = next((user for user in users if user.id == user_id), None)
            if user is None:
                _forget()
            else:
                _dialog(plain(user.name), _manage, user, user.id == visit.user.id)


def _dialog(title: str, draw: Any, *args: Any) -> None:
    st.dialog(title, on_dismiss=_close)(draw)(*args)


def _create() -> None:
    st.text_input("Name", key="new_user_name", max_chars=100)
    show_problem(CREATE, "name")
    st.text_input("E-mail", key="new_user_email", type="email", validate="", autocomplete="off")
    show_problem(CREATE, "email")
    _choose_role("new_user_role", Role.STAFF)
    choose_password(CREATE, "Create user", "new_user_save", _save_new_user)


def _manage(user: User, is_self: bool) -> None:
    st.caption(plain(user.email))
    _choose_role("user_role", user.role)
    if is_self:
        st.caption("This is your own account: with a lesser role you cannot come back to this page.")
    show_problem(ROLE)
    st.button("Save role", key="user_role_save", on_click=_save_role, args=(user,))
    st.subheader("Password", anchor=False)
    if is_self:
        st.caption("Change your own password on the page My account.")
    else:
        st.caption("A reset also signs this person out everywhere and revokes their API tokens.")
        choose_password(PASSWORD, "Reset password", "user_password_save", _save_password, user)
    st.subheader("Access", anchor=False)
    show_problem(SWITCH)
    if user.active:
        st.caption("Switching an account off signs it out everywhere at once; nothing is deleted.")
        st.button("Switch off", icon=":material/block:", key="user_switch_off", on_click=_switch, args=(user, False))
    else:
        st.caption("This account is switched off and cannot sign in.")
        st.button(
            "Switch on", icon=":material/check_circle:", key="user_switch_on", on_click=_switch, args=(user, True)
        )


def _choose_role(key: str, current: Role) -> None:
    roles = list(Role)
    st.selectbox("Role", roles, index=roles.index(current), format_func=role_in_words, key=key)


def _show_password(name: str, password: str) -> None:
    show_password_once(name, password)
    st.button("Done", type="primary", key="password_seen", on_click=_close)


def _save_new_user() -> None:
    visit = current_visit()
    with problems_beside_fields(CREATE):
        password, is_generated = chosen_password(CREATE)
        typed = {
            "name": st.session_state["new_user_name"],
            "email": st.session_state["new_user_email"],
            "role": st.session_state["new_user_role"],
            "password": password,
        }
        user = create_user(visit.store, visit.actor, parse(NewUser, typed))
        _done(f"{isolated(user.name)} can sign in now.", (user.name, password) if is_generated else None)


def _save_role(user: User) -> None:
    visit = current_visit()
    with problems_beside_fields(ROLE):
        changed = change_role(visit.store, visit.actor, user.id, Role(st.session_state["user_role"]))
        _done(f"{isolated(changed.name)} has the role {role_name(changed.role).lower()} now.")


def _save_password(user: User) -> None:
    visit = current_visit()
    with problems_beside_fields(PASSWORD):
        password, is_generated = chosen_password(PASSWORD)
        reset_password(visit.store, visit.actor, user.id, password)
        _done(
            f"{isolated(user.name)} has a new password, was signed out everywhere and has no API tokens any more.",
            (user.name, password) if is_generated else None,
        )


def _switch(user: User, active: bool) -> None:
    visit = current_visit()
    with problems_beside_fields(SWITCH):
        set_active(visit.store, visit.actor, user.id, active=active)
        _done(f"{isolated(user.name)} {'can sign in again' if active else 'is switched off and signed out'}.")


def _done(message: str, to_show: tuple[str, str] | None = None) -> None:
    celebrate(message)
    _forget()
    if to_show:
        st.session_state[_OPEN] = to_show
    st.rerun()


def _open(what: str) -> None:
    _forget()
    st.session_state[_OPEN] = what


def _close() -> None:
    _forget()
    st.rerun()


def _forget() -> None:
    st.session_state.pop(_OPEN, None)
    for form in _FORMS:
        forget_problems(form)
