"""Use cases about figures: the six statistics and what the overview draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from kinso.models.accounts import Actor, Permission
from kinso.models.insights import AmountBin, MonthCount, Overview, SalesMonth, Statistics
from kinso.models.money import CENT, LARGEST, round_to_cents
from kinso.repository.documents import now
from kinso.repository.insights import FigureRepository
from kinso.repository.mirror_state import MirrorMetrics, MirrorState
from kinso.repository.spenders import SpenderRepository
from kinso.repository.store import Store
from kinso.services.permissions import use_case

MONTHS = 12
MirrorTable = Literal["customers", "entries", "memberships"]
_BINS = 24
_BEYOND = 50
"""The histogram's last bin begins where only one in this many customers spent more: one big spender must not squeeze
all others into the first bin."""
_NICE_STEPS = (Decimal("1"), Decimal("2"), Decimal("2.5"), Decimal("5"), Decimal("10"))


@use_case(Permission.READ)
def await_lists(store: Store, actor: Actor, *, seconds: float = 1.5) -> None:
    """Raise `MirrorNotReady` unless lists and figures can be asked for within this time, which is worth no message."""
    store.mirror.await_loaded(seconds)


@use_case(Permission.READ)
def get_lists_state(store: Store, actor: Actor) -> MirrorState:
    """How far what lists and figures are made of has been loaded."""
    return store.mirror.state


@use_case(Permission.SETTINGS)
def get_mirror_metrics(store: Store, actor: Actor) -> MirrorMetrics | None:
    """What lists and figures are answered from, and how that is going; None while it is being loaded."""
    return store.mirror.metrics()


@use_case(Permission.READ)
def data_version(store: Store, actor: Actor, *tables: MirrorTable) -> int:
    """Another number whenever the data in one of these tables were changed, by anybody and in any way."""
    return store.mirror.version(*tables)


@use_case(Permission.READ)
def sales_version(store: Store, actor: Actor, before: datetime) -> int:
    """Another number whenever something happened that `get_sales_months` may count before this moment."""
    return store.mirror.version_before(before)


@use_case(Permission.READ)
def get_statistics(store: Store, actor: Actor) -> Statistics:
    """The six figures, as of now."""
    return _statistics(store)


@use_case(Permission.READ)
def get_overview(store: Store, actor: Actor) -> Overview:
    """Statistics, the last twelve months of registrations and the distribution of purchase amounts, as of now."""
    starts = month_starts(now().astimezone(store.shop.get().zone), MONTHS)
    counts = store.figures.created_between(starts)
    months = [
        MonthCount(month=start.date(), members=members, non_members=non_members)
        for start, (members, non_members) in zip(starts[:-1], counts, strict=True)
    ]
    statistics = _statistics(store)
    distribution = _distribution(store, statistics.total_customers)
    return Overview(statistics=statistics, months=months, distribution=distribution)


@use_case(Permission.READ)
def get_sales_months(store: Store, actor: Actor, starts: Sequence[datetime]) -> list[SalesMonth]:
    """Purchases from each of these starts of months to the next; balances and typed amounts have no month."""
    if len(starts) < 2:
        return []
    figures = store.sales_figures
    months = zip(starts[:-1], figures.totals_between(starts), figures.buyers_between(starts), strict=True)
    return [
        SalesMonth(
            month=start.date(),
            revenue=totals.revenue,
            weekdays=totals.weekdays,
            new_customers=new,
            returning_customers=buyers - new,
        )
        for start, totals, (buyers, new) in months
    ]


def _statistics(store: Store) -> Statistics:
    totals = store.figures.totals()
    (members, member_sum), (non_members, non_member_sum) = totals[True], totals[False]
    count, total = members + non_members, member_sum + non_member_sum
    this_month = month_starts(now().astimezone(store.shop.get().zone), 1)[0]
    return Statistics(
        total_customers=count,
        members=members,
        non_members=non_members,
        new_customers_this_month=store.figures.created_since(this_month),
        average_purchase_amount=round_to_cents(total / count) if count else Decimal("0.00"),
        total_purchase_amount=total,
    )


def _distribution(store: Store, everyone: int) -> list[AmountBin]:
    if not everyone:
        return []
    return store.figures.distribution(bin_edges(usual_maximum(store.figures, everyone)))


def usual_maximum(amounts: FigureRepository | SpenderRepository, everyone: int) -> Decimal:
    """The amount that all but the few largest of `everyone` are up to."""
    return amounts.amount_with_above(everyone // _BEYOND)


def bin_edges(usual_maximum: Decimal, smallest: Decimal = CENT) -> list[Decimal]:
    """Edges of about two dozen equal bins of a round width up to `usual_maximum`, and of one last bin beyond it.

    All edges are multiples of `smallest`.
    """
    rough = max(usual_maximum / _BINS, Decimal(1) / _BINS, smallest)
    magnitude = Decimal(10) ** rough.adjusted()
    widths = (step * magnitude for step in _NICE_STEPS)
    width = next(width for width in widths if width >= rough and not width % smallest)
    edges = [Decimal(0)]
    while edges[-1] <= usual_maximum:
        edges.append(edges[-1] + width)
    return [*edges, LARGEST + 1]


def month_starts(moment: datetime, months: int) -> Sequence[datetime]:
    """The starts of the last `months` calendar months up to the present one, and of the next; in `moment`'s zone."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    index = first.year * 12 + first.month - 1
    return [first.replace(year=number // 12, month=number % 12 + 1) for number in range(index - months + 1, index + 2)]
