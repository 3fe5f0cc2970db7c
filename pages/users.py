"""Who may work with Kinso, in which role."""

from __future__ import annotations

import streamlit as st

from kinso.models.accounts import User
from kinso.services.accounts.users import list_users
from kinso.ui.accounts.dialogs import open_account, open_creation, role_in_words, role_name, show_open_dialog
from kinso.ui.accounts.tokens import is_token_dialog_open, show_all_tokens, show_token_dialog
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, moment, plain


def show_user(user: User, context: RequestContext) -> None:
    """One account, with a button for what can be done with it."""
    with st.container(border=True, key=f"user_{user.id}"):
        who, role, seen, action = st.columns([5, 3, 4, 2], vertical_alignment="center")
        you = " :gray-badge[You]" if user.id == context.user.id else ""
        who.markdown(f"**{plain(user.name)}**{you}  \n{plain(user.email)}")
        with role.container(horizontal=True, gap="small"):
            st.badge(role_name(user.role), color="blue", help=role_in_words(user.role))
            if user.active:
                st.badge("Active", icon=":material/check:", color="green")
            else:
                st.badge("Switched off", icon=":material/block:", color="gray")
        last = moment(user.last_sign_in_at, context.shop) if user.last_sign_in_at else "never"
        seen.caption(f"Last sign-in: {last}")
        action.button(
            "Manage",
            icon=":material/edit:",
            key=f"manage_{user.id}",
            width="stretch",
            on_click=open_account,
            args=(user.id,),
        )


context = current_context()
users = list_users(context.store, context.actor)
st.title("Users", anchor=False)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.caption(counted(len(users), "account"))
    st.button("Create user", type="primary", icon=":material/person_add:", key="create_user", on_click=open_creation)
for user in users:
    show_user(user, context)
show_all_tokens(context, users)
if is_token_dialog_open():
    show_token_dialog()
else:
    show_open_dialog(users, context)
