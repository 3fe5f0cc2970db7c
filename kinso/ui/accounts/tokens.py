"""API tokens: one's own on the account page, everybody's on the users page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from kinso.models.accounts import ApiToken, User
from kinso.services.accounts.users import (
    create_token,
    list_all_tokens,
    list_own_tokens,
    revoke_any_token,
    revoke_own_token,
)
from kinso.ui.accounts.dialogs import forget_problems, problems_beside_fields, show_problem
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import moment, plain

_OPEN = "token_dialog"
_FORM = "new_token"
_LIFETIMES: dict[str, timedelta | None] = {
    "In 30 days": timedelta(days=30),
    "In 90 days": timedelta(days=90),
    "In a year": timedelta(days=365),
    "Never": None,
}
_USUAL = "In 90 days"


@dataclass(frozen=True)
class _Issued:
    name: str
    secret: str


@dataclass(frozen=True)
class _Doubt:
    token: ApiToken
    owner: str | None


def show_own_tokens(context: RequestContext) -> None:
    """One's own tokens, and the way to a new one; `show_token_dialog` has to be called last on the page."""
    st.subheader("API tokens", anchor=False)
    st.caption(
        "For tills, websites and scripts: a program shows a token instead of signing in, and may do what you may."
        " [How programs use it](/api/docs)"
    )
    for token in list_own_tokens(context.store, context.actor):
        _show_token(token, context, None)
    st.button("Create token", icon=":material/key:", key="create_token", on_click=_open, args=(_FORM,))


def show_all_tokens(context: RequestContext, users: Sequence[User]) -> None:
    """Everybody's tokens, for who may revoke them; `show_token_dialog` has to be called last on the page."""
    if not context.may(list_all_tokens):
        return
    st.subheader("API tokens", anchor=False)
    tokens = list_all_tokens(context.store, context.actor)
    if not tokens:
        st.caption("Nobody has one. Everybody can create their own on the page My account.")
    owners: Mapping[str, str] = {user.id: user.name for user in users}
    for token in tokens:
        _show_token(token, context, owners.get(token.user_id, "an account that is gone"))


def show_token_dialog() -> None:
    """Draw the dialog that is open, if any."""
    match st.session_state.get(_OPEN):
        case _Issued() as issued:
            _dialog("New API token", _show_once, issued)
        case _Doubt() as doubt:
            _dialog("Revoke an API token", _ask, doubt)
        case str():
            _dialog("Create an API token", _create)


def is_token_dialog_open() -> bool:
    """Whether `show_token_dialog` will draw one; a page can show one dialog at a time."""
    return _OPEN in st.session_state


def _show_token(token: ApiToken, context: RequestContext, owner: str | None) -> None:
    with st.container(border=True, key=f"token_{token.id}"):
        what, action = st.columns([5, 2], vertical_alignment="center")
        expired = " :gray-badge[:material/block: Expired]" if token.has_expired(datetime.now(UTC)) else ""
        what.markdown(f"**{plain(token.name)}**{expired}" + (f" of {isolated(owner)}" if owner else ""))
        what.caption(_life_of(token, context))
        action.button(
            "Revoke",
            icon=":material/delete:",
            key=f"revoke_{token.id}",
            width="stretch",
            on_click=_open,
            args=(_Doubt(token, owner),),
        )


def _life_of(token: ApiToken, context: RequestContext) -> str:
    used = f"last used {moment(token.last_used_at, context.shop)}" if token.last_used_at else "never used"
    ends = f"expires {moment(token.expires_at, context.shop)}" if token.expires_at else "does not expire"
    return f"Created {moment(token.created_at, context.shop)} · {used} · {ends}"


def _dialog(title: str, draw: Any, *args: Any) -> None:
    st.dialog(title, icon=":material/key:", on_dismiss=_close)(draw)(*args)


def _create() -> None:
    st.text_input("Name", key="token_name", max_chars=100, help="Where it will be used, such as “Till 1”.")
    show_problem(_FORM, "name")
    st.selectbox("Expires", list(_LIFETIMES), index=list(_LIFETIMES).index(_USUAL), key="token_lifetime")
    show_problem(_FORM, "expiresAt")
    show_problem(_FORM)
    st.button("Create token", type="primary", key="token_save", on_click=_save)


def _show_once(issued: _Issued) -> None:
    st.write(f"Copy the token **{isolated(issued.name)}** now; it is not shown again.")
    st.code(issued.secret, language=None, wrap_lines=True)
    st.caption("Whoever has it can act in your name. If it gets into the wrong hands, revoke it.")
    st.button("Done", type="primary", key="token_seen", on_click=_close)


def _ask(doubt: _Doubt) -> None:
    whose = f" of {isolated(doubt.owner)}" if doubt.owner else ""
    st.write(f"The program that uses **{isolated(doubt.token.name)}**{whose} is refused from then on.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep it", key="token_keep", on_click=_close)
        st.button("Revoke", type="primary", key="token_revoke", on_click=_revoke, args=(doubt,))


def _save() -> None:
    context = current_context()
    with problems_beside_fields(_FORM):
        lifetime = _LIFETIMES[st.session_state["token_lifetime"]]
        expires_at = datetime.now(UTC) + lifetime if lifetime else None
        issued = create_token(context.store, context.actor, st.session_state["token_name"], expires_at)
        st.session_state[_OPEN] = _Issued(issued.token.name, issued.secret)
        st.rerun()


def _revoke(doubt: _Doubt) -> None:
    context = current_context()
    with failures_as_toasts():
        revoke = revoke_own_token if doubt.owner is None else revoke_any_token
        revoke(context.store, context.actor, doubt.token.id)
        celebrate(f"The token {isolated(doubt.token.name)} is revoked.")
    _close()


def _open(what: str | _Doubt) -> None:
    forget_problems(_FORM)
    st.session_state[_OPEN] = what


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    forget_problems(_FORM)
    st.rerun()
