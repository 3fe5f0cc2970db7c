"""Conditional and repeatable requests: entity tags are versions, and a POST with a key is done once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header
from pydantic import BeforeValidator, WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response

from kinso.api.callers import Caller, SignedIn
from kinso.api.customers_schemas import customer_json
from kinso.api.envelope import Answer, succeed
from kinso.errors import StaleVersion, Versioned
from kinso.models.customers import Customer
from kinso.models.history import Run
from kinso.models.requests import KeptAnswer
from kinso.services.history.runs import Progress, ignore_progress, ignore_run
from kinso.services.requests import Attempt, attempt_request

_TAGS = re.compile(r'\s*(?:(?:W/)?"[^"]*"\s*(?:,\s*|$))+')
_TAG = re.compile(r'(W/)?"([^"]*)"')
_VERSION = re.compile(r"v(0|[1-9][0-9]{0,17})")

_IF_MATCH = "Change it only while its ETag is this one (or one of these); 412 otherwise."
_IF_NONE_MATCH = "Answer 304 without a body while the customer's ETag is this one (or one of these)."


class PreconditionFailed(StaleVersion):
    """The version that If-Match names is not the present one."""


def etag_of(stored: Versioned) -> str:
    """The entity tag of what has versions."""
    return f'"v{stored.version}"'


def tell_customer(
    customer: Customer, *, message: str | None = None, status: int = 200, more: Mapping[str, Any] | None = None
) -> Answer:
    """An answer about one customer as it is now, with its entity tag; `more` is told along with its fields."""
    answer = succeed({**customer_json(customer), **(more or {})}, message=message, status=status)
    answer.headers["ETag"] = etag_of(customer)
    return answer


class IfMatch:
    """The condition of a request that changes what has versions."""

    def __init__(self, header: str | None) -> None:
        # An asterisk asks for what exists, and nothing else can be changed anyway.
        self._is_given = header is not None and header.strip() != "*"
        self._versions = _versions(header or "", weak=False)

    def version(self, get: Callable[[], Versioned], *, in_body: int | None = None) -> int | None:
        """The one version that may be changed, None for any; `in_body` is what the body says about it.

        `get` looks up what is stored now. Raises `PreconditionFailed` and `StaleVersion` when it is known already that
        one of both does not hold.
        """
        if not self._is_given:
            return in_body
        if len(self._versions) == 1 and in_body in (None, *self._versions):
            return next(iter(self._versions))
        present = get()
        if present.version not in self._versions:
            raise PreconditionFailed(present)
        if in_body not in (None, present.version):
            raise StaleVersion(present)
        return present.version

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Around the change: what is stale by this condition is a failed precondition."""
        try:
            yield
        except StaleVersion as error:
            if not self._is_given or isinstance(error, PreconditionFailed):
                raise
            raise PreconditionFailed(error.current) from error


class IfNoneMatch:
    """The condition of a request that reads a customer."""

    def __init__(self, header: str | None) -> None:
        self._is_any = header is not None and header.strip() == "*"
        self._versions = _versions(header or "", weak=True)

    def unless_known(self, customer: Customer) -> Response:
        """The customer, or that it is as the client knows it."""
        if self._is_any or customer.version in self._versions:
            return Response(status_code=304, headers={"ETag": etag_of(customer)})
        return tell_customer(customer)


_IfMatch = Annotated[str | None, Header(alias="If-Match", description=_IF_MATCH, examples=['"v3"'])]
_IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description=_IF_NONE_MATCH, examples=['"v3"'])]


# Not the classes themselves: the framework would take a thread for each of them.
async def _read_if_match(header: _IfMatch = None) -> IfMatch:
    return IfMatch(header)


async def _read_if_none_match(header: _IfNoneMatch = None) -> IfNoneMatch:
    return IfNoneMatch(header)


Matching = Annotated[IfMatch, Depends(_read_if_match)]
NotMatching = Annotated[IfNoneMatch, Depends(_read_if_none_match)]


def _versions(header: str, *, weak: bool) -> frozenset[int]:
    """The versions that a list of entity tags names; a tag of any other form is nobody's, and so is a broken list."""
    if not _TAGS.fullmatch(header):
        return frozenset()
    found = (_VERSION.fullmatch(tag) for is_weak, tag in _TAG.findall(header) if weak or not is_weak)
    return frozenset(int(match[1]) for match in found if match)


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

    def once(self, work: Callable[[], Answer]) -> Answer:
        """Do `work` and keep its answer in one transaction."""

        def attempt(attempt: Attempt | None) -> Answer:
            if attempt is None:
                return work()

            def work_and_keep() -> Answer:
                answer = work()
                attempt.keep(_kept(answer))
                return answer

            return self._caller.store.transact(work_and_keep)

        return self._attempt(attempt)

    def once_as_run(self, work: RunUseCase, tell: Callable[[Run], Answer]) -> Answer:
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

        return self._attempt(attempt)

    def _attempt(self, work: Callable[[Attempt | None], Answer]) -> Answer:
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
