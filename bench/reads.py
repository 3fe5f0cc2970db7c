"""What pages and the API read, next to the specified way: every read by itself, in sum, and the slowest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time

from bench.figures import MILLION, Figure
from bench.shop import THRESHOLD
from bench.specified import Specified, searching
from bench.texts import TYPED, searched_texts
from bench.timing import Work, milliseconds, side_by_side
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.repository.store import Store
from kinso.services.customers.editing import get_customer, list_customers
from kinso.services.customers.finding import SHOWN, find_customers
from kinso.services.insights import MONTHS, get_overview, get_sales_months, get_statistics, month_starts
from kinso.services.membership.activation import count_below, count_eligible, preview_activation
from kinso.services.membership.eligibility import (
    compare_thresholds,
    count_members_at,
    get_curve,
    get_spending_distribution,
)
from kinso.services.purchases.recording import list_entries
from kinso.services.transfer.exports import export_customers

PAGE = 50
SORTS = ("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus", "createdAt", "updatedAt")
MEMBERSHIPS = (None, True, False)
ORDERS = {"asc": 1, "desc": -1}
OTHER_THRESHOLD = THRESHOLD * 2
_SUM_AT_LEAST = {10_000: 5.0, 100_000: 15.0}
"""How many times quicker all reads together have to be in a smaller shop."""


@dataclass(frozen=True)
class Read:
    """`specified` is None where the original application has nothing of the kind."""

    name: str
    ours: Work
    specified: Work | None = None

    def measured(self) -> dict[str, float]:
        works = {"ours": self.ours, "specified": self.specified}
        return side_by_side({name: work for name, work in works.items() if work})


class Reads:
    """All reads of a shop of `count` customers; nothing is changed by them."""

    def __init__(self, store: Store, specified: Specified, count: int) -> None:
        self._store = store
        self._specified = specified
        self._count = count
        self._compared: dict[str, dict[str, float]] = {}

    def measure(self) -> Iterator[Figure]:
        """The figures, in the order in which people would ask for them."""
        self._demand_same_people()
        yield from self._searches()
        yield from self._first_pages()
        yield from self._deep_pages()
        yield from self._figures()
        yield from self._ledger()
        yield self._one_customer()
        yield from self._export()
        yield from self._all_together()

    def _demand_same_people(self) -> None:
        found, customers = get_statistics(self._store, COMMAND_LINE), self._specified.customers
        counted = [customers.count_documents({"membershipStatus": status}) for status in (True, False)]
        assert [found.members, found.non_members] == counted, "both sides must have the same customers"

    def _searches(self) -> Iterator[Figure]:
        reads = [
            self._page(f"search “{text}”", {"search": text}, searching(text)) for text in searched_texts(self._count)
        ]
        total, slowest = self._group(f"search, {len(reads)} texts, page and total", reads)
        if self._count >= MILLION:
            total.quicker(20)
            slowest.quicker(30)
        yield from (total, slowest.at_most(80))
        typed = [self._typing(text) for text in TYPED]
        yield from self._group(f"finding somebody as one types, {len(typed)} texts", typed)

    def _first_pages(self) -> Iterator[Figure]:
        reads = [self._list(by, order, member, 1) for by in SORTS for order in ORDERS for member in MEMBERSHIPS]
        total, slowest = self._group(f"first page, {len(reads)} orders and filters, with total", reads)
        yield total.quicker(20) if self._count >= MILLION else total
        yield slowest.at_most(10)

    def _deep_pages(self) -> Iterator[Figure]:
        customers = self._specified.customers
        sizes = {None: self._count, True: customers.count_documents({"membershipStatus": True})}
        reads = [
            self._list(by, "asc", member, max(1, size * 9 // 10 // PAGE))
            for by in SORTS
            for member, size in sizes.items()
        ]
        total, slowest = self._group(f"page at 90 %, {len(reads)} orders and filters, with total", reads)
        yield from (total, slowest.at_most(150))

    def _figures(self) -> Iterator[Figure]:
        store, actor, specified = self._store, COMMAND_LINE, self._specified
        shown = 1000
        bars: dict[Read, float] = {
            Read("statistics", lambda: get_statistics(store, actor), specified.statistics): 25,
            Read("Overview's figures, all of them", lambda: ask_overview(store)): 400,
            Read(
                "preview at a threshold, with the first 1,000",
                lambda: preview_activation(store, actor, THRESHOLD, shown=shown),
                lambda: specified.preview(THRESHOLD, shown),
            ): 15,
            Read(
                "how many an activation would be about",
                lambda: count_eligible(store, actor, THRESHOLD),
                lambda: specified.find_eligible(THRESHOLD),
            ): 15,
            Read("what-if curve", lambda: get_curve(store, actor)): 100,
            Read("what another threshold would mean", lambda: compare_thresholds(store, actor, OTHER_THRESHOLD)): 100,
            self._page(
                "eligible, page and total",
                {"eligible": True},
                {"membershipStatus": False, "purchaseAmount": {"$gte": float(THRESHOLD)}},
            ): 250,
        }
        for read, most in bars.items():
            yield self._single(read).at_most(most)

    def _ledger(self) -> Iterator[Figure]:
        def reading(page: int) -> Work:
            return lambda: list_entries(self._store, COMMAND_LINE, LedgerQuery(), page=page, limit=PAGE)

        last = list_entries(self._store, COMMAND_LINE, LedgerQuery(), page=1, limit=1).total * 9 // 10 // PAGE
        yield self._single(Read("all purchases, page 1 with total", reading(1))).at_most(20)
        yield self._single(Read("all purchases, page at 90 % with total", reading(max(1, last)))).at_most(100)

    def _one_customer(self) -> Figure:
        key = self._specified.customers.find_one({}, {"_id": True}, skip=self._count // 2)["_id"]
        read = Read(
            "one customer by _id",
            lambda: get_customer(self._store, COMMAND_LINE, str(key)),
            lambda: self._specified.customers.find_one({"_id": key}),
        )
        # What makes it one customer of Kinso's is paid for each; it is to be quick, not quicker than the bare document.
        return Figure(read.name, **read.measured()).at_most(1)

    def _export(self) -> Iterator[Figure]:
        def everything() -> int:
            return sum(map(len, export_customers(self._store, COMMAND_LINE, CustomerQuery(), "excel")))

        taken = side_by_side({"ours": everything, "limit": self._specified.export}, rounds=3)
        figure = Figure("everybody as CSV; limit: by way of Arrow", **taken)
        yield figure.within(0.5, figure.limit, "Arrow") if self._count in (100_000, MILLION) else figure
        first = milliseconds(lambda: next(export_customers(self._store, COMMAND_LINE, CustomerQuery(), "excel")))
        yield Figure("everybody as CSV, first byte", first).at_most(300)

    def _all_together(self) -> Iterator[Figure]:
        names = {"ours", "specified"}
        total = Figure(
            f"all {len(self._compared)} reads that there are both ways",
            **{name: sum(each[name] for each in self._compared.values()) for name in names},
        )
        yield total.quicker(_SUM_AT_LEAST[self._count]) if self._count in _SUM_AT_LEAST else total
        worst = min(self._compared, key=lambda name: self._ratio(name))
        figure = Figure(f"the one that gains least: {worst}"[:63], **self._compared[worst], parts=self._compared)
        yield figure.quicker(1) if self._count in _SUM_AT_LEAST else figure

    def _ratio(self, name: str) -> float:
        return self._compared[name]["specified"] / self._compared[name]["ours"]

    def _single(self, read: Read) -> Figure:
        taken = read.measured()
        if "specified" in taken:
            self._compared[read.name] = taken
        return Figure(read.name, **taken)

    def _group(self, name: str, reads: list[Read]) -> tuple[Figure, Figure]:
        """All of them in sum, and the slowest of each side."""
        parts = {read.name: read.measured() for read in reads}
        self._compared |= parts

        def of_both(of: Callable[..., float]) -> dict[str, float]:
            return {side: of(each[side] for each in parts.values()) for side in ("ours", "specified")}

        return Figure(f"{name}, sum", **of_both(sum), parts=parts), Figure(f"{name}, slowest", **of_both(max))

    def _list(self, by: str, order: str, member: bool | None, page: int) -> Read:
        query = {"sort_by": by, "sort_order": order, "membership_status": member}
        match = {} if member is None else {"membershipStatus": member}
        name = f"page {page:,} by {by}, {order}, {'all' if member is None else 'members' if member else 'non-members'}"
        return self._page(name, query, match, by=by, direction=ORDERS[order], page=page)

    def _page(
        self, name: str, query: dict, match: dict, *, by: str = "createdAt", direction: int = -1, page: int = 1
    ) -> Read:
        asked = CustomerQuery(**query)
        return Read(
            name,
            lambda: list_customers(self._store, COMMAND_LINE, asked, page=page, limit=PAGE),
            lambda: self._specified.page(match, by, direction, page=page, limit=PAGE),
        )

    def _typing(self, text: str) -> Read:
        return Read(
            f"typing “{text}”",
            lambda: find_customers(self._store, COMMAND_LINE, text),
            # It has nothing else to find somebody with than its list.
            lambda: self._specified.page(searching(text), "createdAt", -1, limit=SHOWN),
        )


def ask_overview(store: Store) -> None:
    """Every figure that the page draws."""
    actor, zone = COMMAND_LINE, store.shop.get().zone
    overview = get_overview(store, actor)
    get_spending_distribution(store, actor)
    get_sales_months(store, actor, month_starts(datetime.now(zone), MONTHS))
    count_members_at(store, actor, [datetime.combine(each.month, time.min, zone) for each in overview.months])
    count_below(store, actor)
    list_customers(store, actor, CustomerQuery(sort_by="purchaseAmount", sort_order="desc"), page=1, limit=10)
