"""What the clocks of a time zone show, as an expression in the mirror's language, which knows no zones."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kinso.mirror.derived import statement
from kinso.mirror.mirror import Mirror
from kinso.models.times import offsets_between
from kinso.repository.mirrored import utc

_FIRST, _LAST = datetime(1850, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Nobody's clocks were changed before, and nobody knows how they will be after."""


def offset_between(first: datetime | None, last: datetime | None, zone: ZoneInfo) -> str:
    """How many seconds the clocks in the zone are ahead of UTC at the moment that is put into the braces.

    The moments are from `first` to `last`, as the mirror holds them; None where there are none.
    """
    start, end = (_within(moment or utc(_FIRST)) for moment in (first, last))
    (_, offset), *changes = offsets_between(start.astimezone(zone), end)
    cases = "".join(
        f" WHEN {{0}} >= TIMESTAMP '{utc(moment).isoformat(sep=' ')}' THEN {seconds}"
        for moment, seconds in reversed(changes)
    )
    return f"CASE{cases} ELSE {offset} END" if cases else str(offset)


def derive(mirror: Mirror, zone: ZoneInfo) -> None:
    """Bring the derived columns up to date, for days in this zone."""

    def computing(of_all: bool) -> str:
        [(first, last)] = mirror.rows(
            "SELECT min(moment), max(moment) FROM"
            " (SELECT sold_at AS moment FROM entries UNION ALL SELECT begin FROM memberships)"
        )
        return statement(offset_between(first, last, zone), of_all=of_all)

    mirror.derive(zone.key, computing)


def _within(moment: datetime) -> datetime:
    return min(max(moment.replace(tzinfo=UTC), _FIRST), _LAST)
