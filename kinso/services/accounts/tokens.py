"""API tokens: a program shows one instead of signing in, and may do what its owner may at that moment.

A token is a random secret that is shown once; the database keeps only its hash. It ends when it is revoked or expires,
is refused while its owner is switched off, and ends when an administrator resets the owner's password. When owners
change their password themselves it stays: they see their tokens beside it.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from kinso.errors import FieldError, InvalidInput, NotFound, NotSignedIn
from kinso.models.accounts import Actor, ApiToken, NewToken, Permission, User
from kinso.models.validation import parse
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store
from kinso.services.accounts.secrets import hash_of, note
from kinso.services.permissions import use_case

PREFIX = "kinso_"
"""Lets people and secret scanners see what it is."""
USE_IS_NOTED_EVERY = timedelta(minutes=1)

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_GONE = "This token does not exist any more; look at the list again."
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
        raise NotFound(_GONE)
    note("token revoked", token=token_id, by=actor.user_id)


@use_case(Permission.TOKENS)
def list_all_tokens(store: Store, actor: Actor) -> list[ApiToken]:
    """Everybody's tokens, the newest first."""
    return store.tokens.find()


@use_case(Permission.TOKENS)
def revoke_any_token(store: Store, actor: Actor, token_id: str) -> None:
    """End anybody's token at once; raises `NotFound`."""
    if not store.tokens.delete(token_id):
        raise NotFound(_GONE)
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
