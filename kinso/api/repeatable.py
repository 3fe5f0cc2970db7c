"""POST requests that may be sent again without being done again: the header Idempotency-Key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header
from pydantic import BeforeValidator, WithJsonSchema
from starlette.requests import Request

from kinso.api.envelope import Answer
from kinso.api.security import Caller, SignedIn
from kinso.models.accounts import Permission
from kinso.models.history import Run
from kinso.models.requests import KeptAnswer
from kinso.services.history.runs import Progress, ignore_progress, ignore_run
from kinso.services.permissions import demand
from kinso.services.requests import Attempt, attempt_request

LONGEST_KEY = 200
_KEY = re.compile(r"[!-~]{1,200}")
_IDS = re.compile(r'"_id":"([0-9a-f]{24})"')
_DESCRIPTION = (
    "A text of your own for this one request, such as a UUID. Sent again with the same key, the request is not done"
    " again: the answer is that of the first time. Keys belong to the account and are forgotten after 24 hours."
)


def _check_key(value: Any) -> Any:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise ValueError(f"must be 1 to {LONGEST_KEY} visible ASCII characters without spaces")
    return value


Key = Annotated[
    str,
    BeforeValidator(_check_key),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"}),
]


class RunUseCase(Protocol):
    """A use case that works in batches and tells about a run."""

    def __call__(self, *, on_progress: Progress, on_done: Callable[[Run], None]) -> Run:
        """Do it all."""


class Repeatable:
    """A request of someone who may have given it a key."""

    def __init__(self, caller: Caller, key: str | None, fingerprint: str) -> None:
        self._caller = caller
        self._key = key
        self._fingerprint = fingerprint

    def once(self, permission: Permission, work: Callable[[], Answer]) -> Answer:
        """Do `work` and keep its answer in one transaction."""

        def attempt(attempt: Attempt | None) -> Answer:
            if attempt is None:
                return work()

            def work_and_keep() -> Answer:
                answer = work()
                attempt.keep(_kept(answer))
                return answer

            return self._caller.store.transact(work_and_keep)

        return self._attempt(permission, attempt)

    def once_as_run(self, permission: Permission, work: RunUseCase, tell: Callable[[Run], Answer]) -> Answer:
        """Do `work` and keep what there is to tell about its run in the transaction that ends the run."""

        def attempt(attempt: Attempt | None) -> Answer:
            if attempt is None:
                return tell(work(on_progress=ignore_progress, on_done=ignore_run))
            return tell(
                work(
                    on_progress=lambda _done, _total: attempt.hold(),
                    on_done=lambda run: attempt.keep(_kept(tell(run))),
                )
            )

        return self._attempt(permission, attempt)

    def _attempt(self, permission: Permission, work: Callable[[Attempt | None], Answer]) -> Answer:
        # Before an answer that was given earlier: the role may be another one now.
        demand(self._caller.actor, permission)
        if self._key is None:
            return work(None)
        begun = attempt_request(self._caller.store, self._caller.actor, self._key, self._fingerprint)
        if isinstance(begun, KeptAnswer):
            return _repeated(begun)
        try:
            return work(begun)
        except BaseException:
            begun.give_up()
            raise


async def _repeatable(
    request: Request,
    caller: SignedIn,
    key: Annotated[Key | None, Header(alias="Idempotency-Key", description=_DESCRIPTION)] = None,
) -> Repeatable:
    named = f"{request.method} {request.scope['path']}\n".encode() + await request.body()
    return Repeatable(caller, key, hashlib.sha256(named).hexdigest() if key else "")


RepeatablePost = Annotated[Repeatable, Depends(_repeatable)]


def _kept(answer: Answer) -> KeptAnswer:
    content = bytes(answer.body).decode()
    headers = {name: answer.headers[name] for name in ("ETag",) if name in answer.headers}
    customers = list(dict.fromkeys(_IDS.findall(content)))
    return KeptAnswer(status=answer.status_code, content=content, headers=headers, customers=customers)


def _repeated(kept: KeptAnswer) -> Answer:
    answer = Answer(kept.content.encode(), kept.status, kept.headers)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer
