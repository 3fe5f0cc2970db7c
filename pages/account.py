"""One's own name, password, sessions and API tokens."""

from __future__ import annotations

import streamlit as st

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD
from kinso.services.accounts.sign_in import sign_out
from kinso.services.accounts.users import change_own_password, rename_own, sign_out_everywhere
from kinso.ui.accounts.dialogs import abilities, begin_form, problems_beside_fields, role_name, show_problem
from kinso.ui.accounts.tokens import show_own_tokens, show_token_dialog
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import moment, plain

NAME, PASSWORD, ASKED = "own_name", "own_password", "sign_out_everywhere_asked"
FIELDS = ("current_password", "new_password", "new_password_again")


def show_profile(context: RequestContext) -> None:
    """Who one is here, and what that allows."""
    user = context.user
    st.subheader("Profile", anchor=False)
    st.markdown(f":material/mail: {plain(user.email)}", help="Your address is the one that you sign in with.")
    with st.form("profile"):
        begin_form(NAME, "name")
        st.text_input("Name", value=user.name, key="name", max_chars=100)
        show_problem(NAME, "name")
        show_problem(NAME)
        st.form_submit_button("Save name", on_click=save_name)
    st.subheader(f"Your role: {role_name(user.role).lower()}", anchor=False)
    st.markdown("\n".join(f"- {ability}" for ability in abilities(user.role)))


def show_password(context: RequestContext) -> None:
    """The form that replaces one's password."""
    st.subheader("Password", anchor=False)
    with st.form("password"):
        begin_form(PASSWORD, FIELDS[0])
        st.text_input(
            "Current password",
            type="password",
            key=FIELDS[0],
            max_chars=LONGEST_PASSWORD,
            autocomplete="current-password",
        )
        show_problem(PASSWORD, "currentPassword")
        hint = f"At least {SHORTEST_PASSWORD} characters."
        st.text_input("New password", type="password", key=FIELDS[1], max_chars=LONGEST_PASSWORD, help=hint)
        show_problem(PASSWORD, "password")
        st.text_input("New password again", type="password", key=FIELDS[2], max_chars=LONGEST_PASSWORD)
        show_problem(PASSWORD, "passwordAgain")
        show_problem(PASSWORD)
        st.form_submit_button("Change password", on_click=save_password)
    st.caption("Changing it signs you out everywhere else.")


def show_sessions(context: RequestContext) -> None:
    """Signing out, here or everywhere."""
    st.subheader("Sessions", anchor=False)
    if context.user.last_sign_in_at:
        st.caption(f"Last sign-in: {moment(context.user.last_sign_in_at, context.shop)}")
    with st.container(horizontal=True):
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=end_session)
        st.button("Sign out everywhere", icon=":material/devices_off:", key="sign_out_everywhere", on_click=ask)


@st.dialog("Sign out everywhere", on_dismiss=lambda: revert_asked())
def confirm_sign_out_everywhere() -> None:
    """The question before all sessions end."""
    st.write("Every browser and API client that is signed in with your account is signed out, this one too.")
    st.caption("API tokens stay as they are; they are revoked one by one.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key="sign_out_cancel", on_click=revert_asked)
        st.button("Sign out everywhere", type="primary", key="sign_out_confirm", on_click=end_all_sessions)


def save_name() -> None:
    """Store the typed name."""
    context = current_context()
    with problems_beside_fields(NAME):
        renamed = rename_own(context.store, context.actor, st.session_state["name"])
        celebrate(f"You are called {isolated(renamed.name)} now.")


def save_password() -> None:
    """Replace the password when the new one was typed twice alike."""
    context = current_context()
    current, new, again = (st.session_state[key] for key in FIELDS)
    with problems_beside_fields(PASSWORD):
        if new != again:
            sentence = "New password again differs from the new password; type the same one twice."
            raise InvalidInput([FieldError("passwordAgain", sentence)])
        change_own_password(context.store, context.actor, context.session_id, current, new)
        for key in FIELDS:
            st.session_state[key] = ""
        celebrate("Password changed. You stay signed in here and were signed out everywhere else.")


def end_session() -> None:
    """Sign out here."""
    context = current_context()
    sign_out(context.store, context.session_id)


def ask() -> None:
    """Open the question."""
    st.session_state[ASKED] = True


def revert_asked() -> None:
    """Close the question."""
    st.session_state.pop(ASKED, None)
    st.rerun()


def end_all_sessions() -> None:
    """Sign out here and everywhere else."""
    context = current_context()
    st.session_state.pop(ASKED, None)
    sign_out_everywhere(context.store, context.actor)
    st.rerun()


context = current_context()
st.title("My account", anchor=False)
left, right = st.columns(2, gap="large")
with left:
    show_profile(context)
with right:
    show_password(context)
    show_sessions(context)
    show_own_tokens(context)
if st.session_state.get(ASKED):
    confirm_sign_out_everywhere()
else:
    show_token_dialog()
