"""A date or a time as people and programs write it, and the moment that it means in a shop.

What names no zone is meant in the shop's, wherever it comes in. A time that the clocks skip there is moved on as they
are, and of one that comes twice the first is meant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema

MEANING = "ISO 8601. Without a zone the shop's is meant, and a date alone is the beginning of that day."
"""For descriptions."""

_OLDEST = datetime(1900, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""A till's clock may be ahead of ours, and its day may have begun before ours."""
_OUT_OF_TIME = "is not between the year 1900 and now"
_LONGEST_DATE = 10


def read_written(value: Any) -> datetime:
    """A date or time in ISO 8601, without a zone when it names none; raises ValueError with a sentence part."""
    if isinstance(value, str):
        try:
            value = parse_written(value.strip())
        except ValueError as error:
            raise ValueError("is not a date; write it like 2025-01-31 or 2025-01-31T09:30:00Z") from error
    if not isinstance(value, datetime):
        raise ValueError("must be a date in ISO 8601, such as 2025-01-31T09:30:00Z")
    return value


def parse_written(text: str) -> datetime:
    """The same for a text; the ValueError that it raises is for no person."""
    if len(text) <= _LONGEST_DATE:
        return datetime.combine(date.fromisoformat(text), time())
    return datetime.fromisoformat(text)


def moment_of(written: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC, to the millisecond; raises ValueError with a sentence part."""
    try:
        moment = (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(_OUT_OF_TIME) from error
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def past_moment_of(written: datetime, zone: ZoneInfo, *, latest: datetime | None = None) -> datetime:
    """The same for what has happened: not after `latest`, by default about now; raises ValueError likewise."""
    moment = moment_of(written, zone)
    if not _OLDEST <= moment <= (latest or datetime.now(UTC) + _AHEAD):
        raise ValueError(_OUT_OF_TIME)
    return moment


def offsets_between(start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """What the clocks in the zone of `start` show, in seconds ahead of UTC, from each of these moments on.

    The first moment is `start` itself; one follows for each change of the clocks before `end`.
    """
    zone, second = start.tzinfo, timedelta(seconds=1)
    day, last = start.astimezone(UTC), end.astimezone(UTC)
    offsets = [(day, _offset(day, zone))]
    while day < last:
        next_day = min(day + timedelta(days=1), last)
        if _offset(next_day, zone) != offsets[-1][1]:
            before, after = day, next_day
            while after - before > second:
                middle = before + (after - before) / 2
                is_before = _offset(middle, zone) == offsets[-1][1]
                before, after = (middle, after) if is_before else (before, middle)
            after = after.replace(microsecond=0)
            offsets.append((after, _offset(after, zone)))
        day = next_day
    return offsets


def _offset(moment: datetime, zone: tzinfo | None) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


Written = Annotated[datetime, BeforeValidator(read_written), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Only a use case knows which moment it is, because the zone may be the shop's."""
