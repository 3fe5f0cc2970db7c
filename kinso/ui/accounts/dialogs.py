"""What an administrator does with accounts, each in a dialog that stays open until it is done or dismissed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from kinso.errors import DatabaseUnavailable, FieldError, KinsoError, NotSignedIn
from kinso.models.accounts import LONGEST_PASSWORD, PERMISSIONS, SHORTEST_PASSWORD, NewUser, Permission, Role, User
from kinso.models.validation import parse
from kinso.services.accounts.users import change_role, create_user, reset_password, set_active
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate
from kinso.ui.request_context import RequestContext, current_context
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


def show_open_dialog(users: list[User], context: RequestContext) -> None:
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
                _dialog(plain(user.name), _manage, user, user.id == context.user.id)


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
    context = current_context()
    with problems_beside_fields(CREATE):
        password, is_generated = chosen_password(CREATE)
        typed = {
            "name": st.session_state["new_user_name"],
            "email": st.session_state["new_user_email"],
            "role": st.session_state["new_user_role"],
            "password": password,
        }
        user = create_user(context.store, context.actor, parse(NewUser, typed))
        _done(f"{isolated(user.name)} can sign in now.", (user.name, password) if is_generated else None)


def _save_role(user: User) -> None:
    context = current_context()
    with problems_beside_fields(ROLE):
        changed = change_role(context.store, context.actor, user.id, Role(st.session_state["user_role"]))
        _done(f"{isolated(changed.name)} has the role {role_name(changed.role).lower()} now.")


def _save_password(user: User) -> None:
    context = current_context()
    with problems_beside_fields(PASSWORD):
        password, is_generated = chosen_password(PASSWORD)
        reset_password(context.store, context.actor, user.id, password)
        _done(
            f"{isolated(user.name)} has a new password, was signed out everywhere and has no API tokens any more.",
            (user.name, password) if is_generated else None,
        )


def _switch(user: User, active: bool) -> None:
    context = current_context()
    with problems_beside_fields(SWITCH):
        set_active(context.store, context.actor, user.id, active=active)
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


_SUMMARIES = {
    Role.ANALYST: "looks, filters and downloads",
    Role.STAFF: "also registers, edits, sells and activates",
    Role.MANAGER: "also decides the threshold, deletes, restores and undoes",
    Role.ADMIN: "also looks after users and settings",
}
_ABILITIES = {
    Permission.READ: "See customers, membership and figures",
    Permission.EXPORT: "Download customers as CSV",
    Permission.CREATE: "Register customers",
    Permission.EDIT: "Edit customers",
    Permission.MEMBERSHIP: "Make customers members or non-members",
    Permission.AUTO_ACTIVATE: "Activate everyone at a membership threshold",
    Permission.PURCHASES: "Record purchases and refunds",
    Permission.IMPORT: "Import customers and purchases, and load sample data",
    Permission.DELETE: "Delete customers",
    Permission.RESTORE: "Restore deleted customers",
    Permission.UNDO: "Undo bulk changes",
    Permission.ERASE: "Erase personal data",
    Permission.RULES: "Decide the membership threshold, and end memberships that it does not cover",
    Permission.SHARE: "Share segments, and change or delete those that are shared",
    Permission.USERS: "Look after users: create, change role, switch off, reset passwords",
    Permission.TOKENS: "Revoke anybody's API tokens",
    Permission.SETTINGS: "Change the settings of the shop",
}


def role_name(role: Role) -> str:
    """`Manager`."""
    return role.value.capitalize()


def role_in_words(role: Role) -> str:
    """`Manager: also deletes, restores and undoes`."""
    return f"{role_name(role)}: {_SUMMARIES[role]}"


def abilities(role: Role) -> list[str]:
    """What the role may do, one line each."""
    return [words for permission, words in _ABILITIES.items() if permission in PERMISSIONS[role]]
