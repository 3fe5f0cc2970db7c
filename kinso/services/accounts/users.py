"""Use cases about accounts and API tokens: what an administrator does with all of them, and everyone with their own."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from kinso.errors import Conflict, FieldError, InvalidInput, NotFound, NotSignedIn
from kinso.models.accounts import Actor, ApiToken, NewName, NewPassword, NewToken, NewUser, Permission, Role, User
from kinso.models.validation import parse
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store
from kinso.services.accounts.passwords import hash_password, matches, refuse_guessable
from kinso.services.accounts.secrets import hash_of, note
from kinso.services.accounts.sign_in import Target, begin_attempt, check_attempts, forget_attempts, forget_attempts_on
from kinso.services.permissions import use_case

_ACCOUNT_GONE = "This account does not exist any more; look at the list again."


@use_case(Permission.USERS)
def list_users(store: Store, actor: Actor) -> list[User]:
    """All accounts, by name."""
    return store.users.all()


@use_case(Permission.USERS)
def create_user(store: Store, actor: Actor, new: NewUser) -> User:
    """Add an account that can sign in at once; raises `DuplicateEmail`, and `InvalidInput` for a guessable password."""
    refuse_guessable(new.password.get_secret_value(), new.email, new.name, store.shop.get().shop_name)
    password_hash = hash_password(new.password.get_secret_value())
    user = store.users.insert(new, password_hash, now())
    note("account created", user=user.id, role=user.role, by=actor.user_id)
    return user


@use_case(Permission.USERS)
def change_role(store: Store, actor: Actor, user_id: str, role: Role) -> User:
    """Give an account another role; raises `NotFound`, and `Conflict` when no active administrator would remain."""

    def work() -> User:
        user = _existing(store, user_id)
        if role is not Role.ADMIN:
            _keep_an_admin_besides(store, user)
        return _updated(store, user_id, role=role.value)

    user = store.transact(work)
    note("role changed", user=user.id, role=user.role, by=actor.user_id)
    return user


@use_case(Permission.USERS)
def set_active(store: Store, actor: Actor, user_id: str, *, active: bool) -> User:
    """Switch an account on, or off with all of its sessions at once.

    Raises `NotFound`, and `Conflict` when no active administrator would remain.
    """

    def work() -> User:
        user = _existing(store, user_id)
        if not active:
            _keep_an_admin_besides(store, user)
            store.sessions.delete_for_user(user_id)
        return _updated(store, user_id, active=active)

    user = store.transact(work)
    note("switched on" if active else "switched off", user=user.id, by=actor.user_id)
    return user


@use_case(Permission.USERS)
def reset_password(store: Store, actor: Actor, user_id: str, password: str) -> User:
    """Give an account another password, and end its sessions and its API tokens; raises `NotFound` and `InvalidInput`.

    Whoever knew the old password may have made tokens with it.
    """
    new = parse(NewPassword, {"password": password}).password
    _refuse_guessable(store, _existing(store, user_id), new.get_secret_value())
    password_hash = hash_password(new.get_secret_value())

    def work() -> tuple[User, int]:
        user = _updated(store, user_id, passwordHash=password_hash)
        store.sessions.delete_for_user(user_id)
        return user, store.tokens.delete_for_user(user_id)

    user, revoked = store.transact(work)
    note("password reset", user=user.id, by=actor.user_id, tokens=revoked)
    # Whoever forgot a password has usually guessed too often already.
    forget_attempts_on(store, user.email)
    return user


@use_case(Permission.OWN_ACCOUNT)
def change_own_password(store: Store, actor: Actor, session_id: str | None, current: str, new: str) -> None:
    """Replace one's own password; ends all of one's sessions except `session_id`.

    Raises `InvalidInput` for the fields `currentPassword` and `password`, and `TooManyAttempts`.
    """
    password = parse(NewPassword, {"password": new}).password
    found = store.users.with_password_hash(id=actor.user_id)
    if found is None:
        raise NotFound(_ACCOUNT_GONE)
    user, password_hash = found
    _refuse_guessable(store, user, password.get_secret_value())
    target = Target.of(f"own password of {actor.user_id}", f"user {actor.user_id}")
    check_attempts(store, target)
    begin_attempt(store, target)
    if not matches(password_hash, current):
        note("password change refused", user=user.id)
        sentence = "Current password is not right; type the one that you signed in with."
        raise InvalidInput([FieldError("currentPassword", sentence)])
    renewed = hash_password(password.get_secret_value())

    def work() -> None:
        if not store.users.replace_password_hash(actor.user_id, password_hash, renewed):
            raise Conflict("Your password was changed in another place meanwhile; sign in again.")
        store.sessions.delete_for_user(actor.user_id, except_id=session_id)

    store.transact(work)
    note("password changed", user=user.id)
    forget_attempts(store, target)


@use_case(Permission.OWN_ACCOUNT)
def rename_own(store: Store, actor: Actor, name: str) -> User:
    """Change one's own name; raises `InvalidInput`."""
    return _updated(store, actor.user_id, name=parse(NewName, {"name": name}).name)


@use_case(Permission.OWN_ACCOUNT)
def sign_out_everywhere(store: Store, actor: Actor, *, except_session: str | None = None) -> int:
    """End all of one's own sessions, or all but one; returns how many were ended."""
    ended = store.sessions.delete_for_user(actor.user_id, except_id=except_session)
    note("signed out everywhere", user=actor.user_id, sessions=ended)
    return ended


def _refuse_guessable(store: Store, user: User, password: str) -> None:
    refuse_guessable(password, user.email, user.name, store.shop.get().shop_name)


def _keep_an_admin_besides(store: Store, user: User) -> None:
    if not (user.active and user.role is Role.ADMIN):
        return
    if store.users.lock_active_admins() <= 1:
        raise Conflict(f"{user.name} is the last active administrator; make someone else an administrator first.")


def _existing(store: Store, user_id: str) -> User:
    user = store.users.by_id(user_id)
    if user is None:
        raise NotFound(_ACCOUNT_GONE)
    return user


def _updated(store: Store, user_id: str, **fields: object) -> User:
    user = store.users.update(user_id, **fields)
    if user is None:
        raise NotFound(_ACCOUNT_GONE)
    return user


PREFIX = "kinso_"
"""Lets people and secret scanners see what it is."""
USE_IS_NOTED_EVERY = timedelta(minutes=1)

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_NOT_LISTED = "This token does not exist any more; look at the list again."
_REFUSED = "This API token is not valid (any more); create a new one on the page My account."


class IssuedToken(NamedTuple):
    """A new token with its secret, which nobody can look up later."""

    secret: str
    token: ApiToken


@use_case(Permission.OWN_ACCOUNT)
def create_token(store: Store, actor: Actor, name: str, expires_at: datetime | None = None) -> IssuedToken:
    """Issue a token for one's own account; raises `InvalidInput`, also for an expiry that has passed."""
    new = parse(NewToken, {"name": name, "expiresAt": expires_at})
    moment = now()
    if new.expires_at is not None and new.expires_at <= moment:
        raise InvalidInput([FieldError("expiresAt", "Expiry must be in the future.")])
    if store.users.by_id(actor.user_id) is None:
        raise NotFound("Only somebody with an account can have API tokens.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(id=new_id(), user_id=actor.user_id, name=new.name, created_at=moment, expires_at=new.expires_at)
    store.tokens.insert(token, hash_of(secret))
    note("token created", token=token.id, user=actor.user_id)
    return IssuedToken(secret, token)


@use_case(Permission.OWN_ACCOUNT)
def list_own_tokens(store: Store, actor: Actor) -> list[ApiToken]:
    """One's own tokens, the newest first; those that expired are listed for a month."""
    return store.tokens.find(user_id=actor.user_id)


@use_case(Permission.OWN_ACCOUNT)
def revoke_own_token(store: Store, actor: Actor, token_id: str) -> None:
    """End one of one's own tokens at once; raises `NotFound`."""
    if not store.tokens.delete(token_id, user_id=actor.user_id):
        raise NotFound(_NOT_LISTED)
    note("token revoked", token=token_id, by=actor.user_id)


@use_case(Permission.TOKENS)
def list_all_tokens(store: Store, actor: Actor) -> list[ApiToken]:
    """Everybody's tokens, the newest first."""
    return store.tokens.find()


@use_case(Permission.TOKENS)
def revoke_any_token(store: Store, actor: Actor, token_id: str) -> None:
    """End anybody's token at once; raises `NotFound`."""
    if not store.tokens.delete(token_id):
        raise NotFound(_NOT_LISTED)
    note("token revoked", token=token_id, by=actor.user_id)


def is_api_token(secret: str) -> bool:
    """Whether this has the form of an API token, which the secret of a session never has."""
    return _SECRET.fullmatch(secret) is not None


def resume_token(store: Store, secret: str) -> User:
    """The owner of a token, with the role they have now.

    Raises `NotSignedIn` when there is no such token (any more), it expired, or its owner is switched off.
    """
    with store.guarded():
        moment = now()
        found = store.tokens.get_with_user(hash_of(secret))
        if found is None:
            raise NotSignedIn(_REFUSED)
        token, owner = found
        if token.has_expired(moment) or not owner.active:
            raise NotSignedIn(_REFUSED)
        # Not with every request, because each one would then be a write.
        if token.last_used_at is None or moment - token.last_used_at >= USE_IS_NOTED_EVERY:
            store.tokens.record_use(token.id, moment)
        return owner
