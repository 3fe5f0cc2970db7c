"""Conditional requests: entity tags are versions, so that nobody overwrites what they have not seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Header
from starlette.responses import Response

from kinso.api.envelope import Answer, succeed
from kinso.api.schemas import customer_json
from kinso.api.security import Caller
from kinso.errors import StaleVersion
from kinso.models.accounts import Permission
from kinso.models.customers import Customer
from kinso.services.customers.editing import get_customer
from kinso.services.permissions import demand

_TAGS = re.compile(r'\s*(?:(?:W/)?"[^"]*"\s*(?:,\s*|$))+')
_TAG = re.compile(r'(W/)?"([^"]*)"')
_VERSION = re.compile(r"v(0|[1-9][0-9]{0,17})")

_IF_MATCH = "Change the customer only while its ETag is this one (or one of these); 412 otherwise."
_IF_NONE_MATCH = "Answer 304 without a body while the customer's ETag is this one (or one of these)."


class PreconditionFailed(StaleVersion):
    """The version that If-Match names is not the present one."""


def etag_of(customer: Customer) -> str:
    """The customer's entity tag."""
    return f'"v{customer.version}"'


def tell_customer(
    customer: Customer, *, message: str | None = None, status: int = 200, more: Mapping[str, Any] | None = None
) -> Answer:
    """An answer about one customer as it is now, with its entity tag; `more` is told along with its fields."""
    answer = succeed({**customer_json(customer), **(more or {})}, message=message, status=status)
    answer.headers["ETag"] = etag_of(customer)
    return answer


class IfMatch:
    """The condition of a request that changes a customer."""

    def __init__(self, header: str | None) -> None:
        # An asterisk asks for a customer that exists, and no other can be changed anyway.
        self._is_given = header is not None and header.strip() != "*"
        self._versions = _versions(header or "", weak=False)

    def version(self, caller: Caller, permission: Permission, id: str, *, in_body: int | None = None) -> int | None:
        """The one version that may be changed, None for any; `in_body` is what the body says about it.

        Raises `PreconditionFailed` and `StaleVersion` when it is known already that one of both does not hold.
        """
        if not self._is_given:
            return in_body
        if len(self._versions) == 1 and in_body in (None, *self._versions):
            return next(iter(self._versions))
        demand(caller.actor, permission)
        present = get_customer(caller.store, caller.actor, id)
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
