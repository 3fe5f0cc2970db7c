"""Signing in and out, knowing who is signed in, and slowing down who guesses."""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from threading import BoundedSemaphore
from typing import NamedTuple

from kinso.errors import NotSignedIn, TooManyAttempts
from kinso.models.accounts import Session, User, check_email
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts.passwords import hash_password, is_outdated, matches
from kinso.services.accounts.secrets import hash_of, note

WINDOW = timedelta(minutes=15)
_ADDRESS_PREFIX = 64
"""One household or server has a whole IPv6 network of this size to guess from."""


@dataclass(frozen=True)
class Target:
    """What is guessed at, from where, and how many failures within the window each of them may have.

    Accounts are kept as hashes, because people type passwords into the wrong field.
    """

    account: str
    address: str
    most_together: int = 5
    most_per_account: int = 20
    most_per_address: int = 50

    @classmethod
    def of(cls, account: str, address: str) -> Target:
        """The target for an account's name and a network address."""
        digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()
        return cls(digest, _origin_of(address))


def begin_attempt(store: Store, target: Target) -> None:
    """Count an attempt as failed before it is made; raises `TooManyAttempts`.

    Because it counts first and looks second, no number of simultaneous attempts gets past the limits.
    """
    moment = now()
    id = store.attempts.record(target.account, target.address, at=moment, expires_at=moment + WINDOW)
    try:
        _refuse_more_than(store, target, moment, own=1)
    except TooManyAttempts:
        # An attempt that was not looked at must not lengthen the wait.
        store.attempts.remove(id)
        raise


def check_attempts(store: Store, target: Target) -> None:
    """Raise `TooManyAttempts` when another attempt would be refused anyway."""
    _refuse_more_than(store, target, now(), own=0)


def forget_attempts(store: Store, target: Target) -> None:
    """The attempt succeeded: forget it, and the failures before it on the same account from the same address."""
    store.attempts.clear(target.account, target.address)


def forget_attempts_on(store: Store, account: str) -> None:
    """Forget all failures on an account, wherever they came from."""
    store.attempts.clear(Target.of(account, "").account)


def _refuse_more_than(store: Store, target: Target, moment: datetime, *, own: int) -> None:
    since = moment - WINDOW
    for account, address, most in (
        (target.account, target.address, target.most_together),
        (target.account, None, target.most_per_account),
        (None, target.address, target.most_per_address),
    ):
        allowed = most - 1 + own
        times = store.attempts.latest(account=account, address=address, since=since, limit=allowed + 1)
        if len(times) > allowed:
            raise TooManyAttempts(max(1, math.ceil((times[-1] - since).total_seconds())))


def _origin_of(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((int(ip), _ADDRESS_PREFIX), strict=False))
    return str(ip)


SESSION_COOKIE = "kinso_session"
IDLE_LIFETIME = timedelta(hours=12)
"""A session ends when it was not used for so long."""
LONGEST_LIFETIME = timedelta(days=7)
"""A session ends after this, however much it was used; also the cookie's lifetime."""
_SMALLEST_EXTENSION = timedelta(minutes=5)
_PATIENCE = 2.0
"""Seconds; it takes one of a thousand, and a person who waits should be told why."""
_WRONG = "E-mail or password is not right; check both and try again."

_verifying = BoundedSemaphore(2)
"""Hashing is meant to be expensive: a flood of guesses must not take every processor and all memory.

It also keeps the number of attempts that are counted but not yet decided below every limit, so that many right
passwords at once do not look like guessing.
"""


class SignedIn(NamedTuple):
    """A new session; `secret` is what the browser or client presents from now on."""

    secret: str
    session: Session
    user: User


def sign_in(store: Store, email: str, password: str, address: str) -> SignedIn:
    """Begin a session for whoever knows the password; `address` is the network address they come from.

    Raises `NotSignedIn` with the same sentence for an unknown e-mail, a wrong password and a switched-off account, and
    `TooManyAttempts`.
    """
    target = Target.of(_compared(email), address)
    try:
        signed_in = _sign_in(store, email, password, target)
    except (NotSignedIn, TooManyAttempts) as error:
        note("sign-in refused", account=target.account[:16], address=target.address, reason=type(error).__name__)
        raise
    note("signed in", user=signed_in.user.id, address=target.address)
    return signed_in


def _sign_in(store: Store, email: str, password: str, target: Target) -> SignedIn:
    with store.guarded():
        check_attempts(store, target)
        with _verifying:
            begin_attempt(store, target)
            found = _find(store, email)
            user, password_hash = found or (None, None)
            known = matches(password_hash, password)
            if user is None or password_hash is None or not known:
                raise NotSignedIn(_WRONG)
            if is_outdated(password_hash):
                password_hash = _renew(store, user, password_hash, password)
        signed_in = _begin_session(store, user, password_hash)
        forget_attempts(store, target)
        return signed_in


def resume(store: Store, session_id: str | None, *, in_use: bool = True, patience: float = _PATIENCE) -> User:
    """The person behind a session; being in use moves its end.

    Raises `NotSignedIn` when it is absent, expired or ended, or the account is switched off, and `DatabaseUnavailable`
    when that cannot be told within `patience` seconds.
    """
    with store.within(patience):
        moment = now()
        found = store.sessions.get_with_user(session_id) if session_id else None
        if found is None:
            raise NotSignedIn
        session, user = found
        if session.expires_at <= moment or not user.active:
            raise NotSignedIn
        end = _end_of(session.created_at, moment)
        # Not with every request, because each one would then be a write.
        if in_use and end - session.expires_at >= _SMALLEST_EXTENSION:
            store.sessions.extend(session.id, end)
        return user


def sign_out(store: Store, session_id: str) -> None:
    """End a session; one that has ended already is no error."""
    with store.guarded():
        if store.sessions.delete(session_id):
            note("signed out", session=session_id[:16])


def cookie_name(name: str, *, secure: bool) -> str:
    """What a cookie is called; over https with the prefix by which browsers keep other hosts from planting it."""
    return f"__Host-{name}" if secure else name


def session_id_of(secret: str) -> str:
    """The id under which the session of this secret is stored."""
    return hash_of(secret)


def _compared(email: str) -> str:
    """One form for everything that leads to the same account, so that no spelling gets more attempts than another."""
    try:
        return check_email(email)
    except ValueError:
        return email.strip().lower()


def _find(store: Store, email: str) -> tuple[User, str] | None:
    try:
        return store.users.with_password_hash(email=check_email(email))
    except ValueError:
        return None


def _renew(store: Store, user: User, password_hash: str, password: str) -> str:
    renewed = hash_password(password)
    return renewed if store.users.replace_password_hash(user.id, password_hash, renewed) else password_hash


def _begin_session(store: Store, user: User, password_hash: str) -> SignedIn:
    secret = secrets.token_urlsafe(32)

    def work() -> SignedIn:
        moment = now()
        # Writing to the account makes this collide with a password reset or a switch-off in the same moment: either
        # they end this session, or it does not begin.
        current = store.users.record_sign_in(user.id, password_hash, moment)
        if current is None:
            raise NotSignedIn(_WRONG)
        session = Session(
            id=session_id_of(secret), user_id=user.id, created_at=moment, expires_at=_end_of(moment, moment)
        )
        store.sessions.insert(session)
        return SignedIn(secret, session, current)

    return store.transact(work)


def _end_of(created_at: datetime, used_at: datetime) -> datetime:
    return min(used_at + IDLE_LIFETIME, created_at + LONGEST_LIFETIME)
