"""Guessing is slowed down: after some failures within the window, no further attempt is looked at for a while."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from kinso.errors import TooManyAttempts
from kinso.repository.documents import now
from kinso.repository.store import Store

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
        # An attempt that was not looked at must not keep the door shut for longer.
        store.attempts.remove(id)
        raise


def check_attempts(store: Store, target: Target) -> None:
    """Raise `TooManyAttempts` when another attempt would be refused anyway."""
    _refuse_more_than(store, target, now(), own=0)


def forgive(store: Store, target: Target) -> None:
    """The attempt succeeded: forget it, and the failures before it on the same account from the same address."""
    store.attempts.clear(target.account, target.address)


def forgive_account(store: Store, account: str) -> None:
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
