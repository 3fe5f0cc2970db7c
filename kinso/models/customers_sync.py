"""What a program that keeps a copy of all customers gets: who was changed or deleted since it asked last."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from kinso.models.customers import Customer

MOST_UNSETTLED = 500
"""Sent before it is certain that nothing comes before them any more; a cursor has to remember each of them."""
LONGEST_CURSOR = 8000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EDITION = 1
_HEAD = struct.Struct(">Bq?12sIQ")
_MARK_BYTES = 6
_SUM_BYTES = 4


class Place(NamedTuple):
    """Where something is in the order of all changes and deletions; at the same moment, deletions come last."""

    at: datetime
    is_deletion: bool
    id: str

    @classmethod
    def before(cls, moment: datetime) -> Place:
        """Before everything of this moment."""
        return cls(moment, False, "0" * 24)


@dataclass(frozen=True)
class Deletion:
    """A customer who was deleted, for good or not; `id` is that of the change."""

    id: str
    customer: str
    customer_id: str
    deleted_at: datetime

    @property
    def place(self) -> Place:
        """Where it is in the order."""
        return Place(self.deleted_at, True, self.id)

    @property
    def mark(self) -> bytes:
        """Tells it from everything else."""
        return _mark(f"deletion {self.id}")


@dataclass(frozen=True)
class Changed:
    """A customer as they are now."""

    customer: Customer

    @property
    def place(self) -> Place:
        """Where they are in the order."""
        return Place(self.customer.updated_at, False, self.customer.id)

    @property
    def mark(self) -> bytes:
        """Tells this version from everything else."""
        return _mark(f"{self.customer.id} {self.customer.version}")


News = Changed | Deletion


@dataclass(frozen=True)
class Cursor:
    """How far a program has read.

    Everything up to `place` was sent, and nothing can appear there any more. Of what comes after it, those with a mark
    among `sent` were. `page` answers were given of `total` changes.
    """

    place: Place
    sent: frozenset[bytes] = frozenset()
    page: int = 0
    total: int = 0

    def next_news(self, found: Sequence[News], limit: int, settled: datetime) -> tuple[list[News], Cursor]:
        """What of the news that were `found` is sent next, in their order, and the cursor after that.

        Nothing can appear before `settled` any more. `found` are all after `place`, or so many of the earliest that
        more than `limit` of them are new.
        """
        news: list[News] = []
        place, sent, passed = self.place, set(self.sent), set[bytes]()
        for each in found:
            is_settled, is_new = each.place.at < settled, each.mark not in self.sent
            if is_new and (len(news) == limit or not (is_settled or len(sent) < MOST_UNSETTLED)):
                return news, replace(self, place=place, sent=frozenset(sent))
            if is_new:
                news.append(each)
            passed.add(each.mark)
            if is_settled:
                place = each.place
                sent.discard(each.mark)
            else:
                sent.add(each.mark)
        # Whoever was sent and is not there any more has been changed since.
        return news, replace(self, place=place, sent=frozenset(sent & passed))

    def written(self) -> str:
        """As text for an address."""
        at = (self.place.at - _EPOCH) // _MILLISECOND
        id = bytes.fromhex(self.place.id)
        head = _HEAD.pack(_EDITION, at, self.place.is_deletion, id, self.page, self.total)
        content = head + b"".join(sorted(self.sent))
        return base64.urlsafe_b64encode(_sum(content) + content).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The cursor that was written as this text; raises ValueError."""
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        content, given = content[_SUM_BYTES:], content[:_SUM_BYTES]
        head, marks = content[: _HEAD.size], content[_HEAD.size :]
        if _sum(content) != given or len(head) != _HEAD.size or len(marks) % _MARK_BYTES:
            raise ValueError(text)
        edition, at, is_deletion, id, page, total = _HEAD.unpack(head)
        if edition != _EDITION:
            raise ValueError(text)
        sent = (marks[start : start + _MARK_BYTES] for start in range(0, len(marks), _MARK_BYTES))
        return cls(Place(_EPOCH + at * _MILLISECOND, is_deletion, id.hex()), frozenset(sent), page, total)


@dataclass(frozen=True)
class ChangedPage:
    """One answer: the earliest changes first; `more` says that the next one can be had at once.

    `page` and `total` count the answers and the changes until there is no more.
    """

    customers: list[Customer]
    deletions: list[Deletion]
    page: int
    total: int
    more: bool
    cursor: Cursor


def _mark(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_MARK_BYTES).digest()


def _sum(content: bytes) -> bytes:
    """Finds out what was cut off or mistyped; nobody gains anything by making one up."""
    return struct.pack(">I", binascii.crc32(content))
