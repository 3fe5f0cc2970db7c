"""Use cases about accounts: what an administrator does with all of them, and everyone with their own."""

from __future__ import annotations

from kinso.errors import Conflict, FieldError, InvalidInput, NotFound
from kinso.models.accounts import Actor, NewName, NewPassword, NewUser, Permission, Role, User
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts.passwords import hash_password, matches, refuse_guessable
from kinso.services.accounts.secrets import note
from kinso.services.accounts.throttle import Target, begin_attempt, check_attempts, forgive, forgive_account
from kinso.services.permissions import use_case

_GONE = "This account does not exist any more; look at the list again."


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
    forgive_account(store, user.email)
    return user


@use_case(Permission.OWN_ACCOUNT)
def change_own_password(store: Store, actor: Actor, session_id: str | None, current: str, new: str) -> None:
    """Replace one's own password; ends all of one's sessions except `session_id`.

    Raises `InvalidInput` for the fields `currentPassword` and `password`, and `TooManyAttempts`.
    """
    password = parse(NewPassword, {"password": new}).password
    found = store.users.with_password_hash(id=actor.user_id)
    if found is None:
        raise NotFound(_GONE)
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
    forgive(store, target)


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
        raise NotFound(_GONE)
    return user


def _updated(store: Store, user_id: str, **fields: object) -> User:
    user = store.users.update(user_id, **fields)
    if user is None:
        raise NotFound(_GONE)
    return user
