"""Figures about everybody, each kept for as long as nothing has happened to the data that it was made of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, time
from decimal import Decimal

from kinso.models.customers import Customer, CustomerQuery
from kinso.models.history import ActivationPreview
from kinso.models.insights import AmountBin, MonthCount, Overview, SalesMonth, Statistics
from kinso.models.membership import Comparison, DemotionPreview, ThresholdPoint
from kinso.models.segments import CountedSegment
from kinso.services import insights
from kinso.services.customers.editing import list_customers
from kinso.services.insights import MirrorTable
from kinso.services.membership import activation, eligibility
from kinso.services.segments import find_segments, list_segments
from kinso.ui.insights.kept import Kept, Made
from kinso.ui.request_context import RequestContext

TOP = 10
REFRESH = 15
"""Seconds after which an open page looks again."""
_MOST_LISTS = 8
"""Each may name a thousand customers."""


class _Figures:
    """Figures made of the same tables; they are made anew on another day, and when the shop decides something else."""

    def __init__(self, *tables: MirrorTable, most: int = 100) -> None:
        self._tables = tables
        self._kept = Kept(most)

    def get(self, context: RequestContext, about: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes of the present data, which is told apart from other figures by `about`."""
        version = insights.data_version(context.store, context.actor, *self._tables)
        today = datetime.now(context.shop.zone).date()
        return self._kept.get((version, today, context.shop), about, make)


_of_customers = _Figures("customers")
_of_entries = _Figures("entries")
_of_memberships = _Figures("memberships")
_of_all = _Figures("customers", "entries", "memberships")
_past_months = Kept()
_lists = _Figures("customers", "entries", "memberships", most=_MOST_LISTS)


def overview(context: RequestContext) -> Overview:
    """Everything the overview draws about customers."""
    return _of_customers.get(context, "overview", lambda: insights.get_overview(context.store, context.actor))


def current_statistics(context: RequestContext) -> Statistics:
    """The six figures."""
    return _of_customers.get(context, "statistics", lambda: insights.get_statistics(context.store, context.actor))


def segments(context: RequestContext) -> list[CountedSegment]:
    """Those that this person sees, with how many meet each now."""
    seen = tuple((each.id, each.version) for each in find_segments(context.store, context.actor))
    about = ("segments", context.actor.user_id, seen)
    return _of_all.get(context, about, lambda: list_segments(context.store, context.actor))


def top_customers(context: RequestContext) -> list[Customer]:
    """Those with the largest purchase amounts, the largest first."""
    first = CustomerQuery(sort_by="purchaseAmount", sort_order="desc")
    return _of_customers.get(
        context, "top", lambda: list_customers(context.store, context.actor, first, page=1, limit=TOP).items
    )


def members_at_month_ends(context: RequestContext, months: Sequence[MonthCount], now: Statistics) -> list[int]:
    """How many members there were at the end of each month; the last month has not ended, so it is as of now."""
    ends = [datetime.combine(later.month, time.min, context.shop.zone) for later in months[1:]]
    counts = _of_memberships.get(
        context, "month ends", lambda: eligibility.count_members_at(context.store, context.actor, ends)
    )
    return [*counts, now.members]


def sales_months(context: RequestContext) -> list[SalesMonth]:
    """Purchases in each of the last twelve calendar months, the last of which has not ended.

    The others are counted anew only after something was recorded in them or altered, which happens far less often.
    """
    store, actor = context.store, context.actor
    *ended, last, end = insights.month_starts(datetime.now(context.shop.zone), insights.MONTHS)
    version = insights.sales_version(store, actor, last)
    past = _past_months.get(
        (version, last, context.shop), "months", lambda: insights.get_sales_months(store, actor, [*ended, last])
    )
    running = _of_entries.get(context, "month", lambda: insights.get_sales_months(store, actor, [last, end]))
    return [*past, *running]


def spending_distribution(context: RequestContext) -> list[AmountBin]:
    """Customers by what counts for the shop's rule."""
    return _of_all.get(
        context, "distribution", lambda: eligibility.get_spending_distribution(context.store, context.actor)
    )


def threshold_curve(context: RequestContext, *, up_to: Decimal) -> list[ThresholdPoint]:
    """How many members each threshold would mean."""
    return _of_all.get(
        context, ("curve", up_to), lambda: eligibility.get_curve(context.store, context.actor, up_to=up_to)
    )


def count_members_below(context: RequestContext) -> int:
    """How many members do not reach the threshold of the shop's rule, whoever made them members."""
    return _of_all.get(context, "below", lambda: activation.count_below(context.store, context.actor))


def members_below(context: RequestContext, *, adopted: bool) -> DemotionPreview:
    """Members who do not reach the threshold of the shop's rule."""
    return _lists.get(
        context,
        ("members below", adopted),
        lambda: activation.preview_demotion(context.store, context.actor, adopted=adopted),
    )


def activation_preview(context: RequestContext, threshold: float, *, shown: int) -> ActivationPreview:
    """Whom a threshold would activate now; raises `InvalidInput` for what is none."""
    return _lists.get(
        context,
        ("preview", threshold, shown),
        lambda: activation.preview_activation(context.store, context.actor, threshold, shown=shown),
    )


def threshold_comparison(context: RequestContext, threshold: Decimal, *, shown: int) -> Comparison:
    """What a threshold would mean instead of the shop's own."""
    return _lists.get(
        context,
        ("comparison", threshold, shown),
        lambda: eligibility.compare_thresholds(context.store, context.actor, threshold, shown=shown),
    )
