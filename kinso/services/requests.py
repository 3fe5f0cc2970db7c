"""A request that its sender named with a key is done once, however often it is sent.

Its answer is kept in the transaction of what was done, so there is never one without the other, also after a crash.
What failed leaves nothing behind, so that it can be sent again.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from kinso.database.processes import has_ended, this_process
from kinso.errors import Conflict, DatabaseUnavailable, FieldError, InvalidInput, StillUnderWay
from kinso.models.accounts import Actor
from kinso.models.requests import KeptAnswer, KeyedRequest
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store

LIFETIME = timedelta(hours=24)
"""So long an answer is kept."""
HOLD = timedelta(seconds=60)
"""An attempt that says nothing for so long was interrupted: what is done in one transaction takes less."""

_TRIES = 5
_OTHER = "This key was used for another request already; take a new key for a new request."
_ERASED = "This was done, but the customer it tells about was erased since, and the answer with it."
_LOST = "This request took so long that it was sent again meanwhile; send it again for its answer."


@dataclass(frozen=True)
class Attempt:
    """The right to do a request now. One of `keep` and `give_up` ends it."""

    store: Store
    id: str

    def keep(self, answer: KeptAnswer) -> None:
        """Keep the answer; to be called in the transaction of what was done, which fails when another attempt began."""
        if not self.store.requests.keep(self.id, answer, now() + LIFETIME):
            raise Conflict(_LOST)

    def hold(self) -> None:
        """Tell that this goes on, in work that takes longer than `HOLD`."""
        self.store.requests.hold(self.id, now() + HOLD)

    def give_up(self) -> None:
        """Nothing was done: the request may be sent again at once."""
        # Without a database the attempt just lapses.
        with suppress(DatabaseUnavailable), self.store.guarded():
            self.store.requests.give_up(self.id)


def attempt_request(store: Store, actor: Actor, key: str, fingerprint: str) -> Attempt | KeptAnswer:
    """Begin a request, or tell what was answered when it was done before.

    Keys belong to the person. Raises `InvalidInput` when the key was used for something else, `StillUnderWay` while
    another attempt is at work, and `Conflict` when the answer was erased.
    """
    with store.guarded():
        for _try in range(_TRIES):
            moment = now()
            request = KeyedRequest(
                id=new_id(),
                user_id=actor.user_id,
                key=key,
                fingerprint=fingerprint,
                held_until=moment + HOLD,
                expires_at=moment + LIFETIME,
                worker=this_process(),
            )
            if store.requests.insert(request):
                return Attempt(store, request.id)
            earlier = store.requests.get(actor.user_id, key)
            if earlier and (answer := _answer_of(store, earlier, fingerprint)):
                return answer
        raise StillUnderWay(1)


def _answer_of(store: Store, earlier: KeyedRequest, fingerprint: str) -> KeptAnswer | None:
    """What was answered, None when the earlier attempt does not count any more and is out of the way now."""
    moment = now()
    if earlier.expires_at <= moment:
        store.requests.remove(earlier.id)
        return None
    if earlier.fingerprint != fingerprint:
        raise InvalidInput([FieldError("Idempotency-Key", _OTHER)])
    if earlier.erased:
        raise Conflict(_ERASED)
    if earlier.answer is None and earlier.held_until > moment and not has_ended(earlier.worker):
        raise StillUnderWay(math.ceil((earlier.held_until - moment).total_seconds()))
    if earlier.answer is None:
        store.requests.give_up(earlier.id)
    return earlier.answer
