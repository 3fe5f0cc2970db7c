"""How long the daily work takes, next to what a plain application would do on the same data.

The plain application keeps the same customers in a collection without indexes and searches them with a
case-insensitive regular expression over three fields. Both run on the same server, one after the other in every round,
so that a busy machine slows both of them. Figures are medians.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from kinso.config import Settings
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerPatch, CustomerQuery
from kinso.repository.store import Store
from kinso.services.application import close_application, open_application
from kinso.services.customers.editing import get_customer, list_customers, update_customer
from kinso.services.insights import get_overview, get_statistics
from kinso.services.membership.activation import preview_activation
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import import_customers, preview_import
from kinso.services.transfer.exports import export_customers

PAGE = 50
Work = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.customers", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kinso-bench-") as folder:
        store = open_application(Settings(data_dir=Path(folder))).store
        try:
            run(store, options.customers, options.rounds)
        finally:
            close_application()


def run(store: Store, count: int, rounds: int) -> None:
    print(f"{count:,} customers, median of {rounds}\n")
    print(f"{'bulk work':32}{'seconds':>10}{'customers/s':>14}{'MB/s':>8}")
    bulk("seed", count, lambda: load_samples(store, COMMAND_LINE, count))
    plain = Plain(store)
    for flavour in ("excel", "raw"):
        bulk(f"export, {flavour} flavour", count, lambda flavour=flavour: sum(map(len, exported(store, flavour))))
    file = b"".join(exported(store, "raw"))
    bulk("rehearsal of an unchanged file", count, lambda: preview_import(store, COMMAND_LINE, file) and len(file))
    raised = file.replace(b",false,", b",true,")
    bulk("import, non-members to members", count, lambda: import_customers(store, COMMAND_LINE, raised) and len(file))
    import_customers(store, COMMAND_LINE, file)

    print(f"\n{'work of a person':32}{'Kinso ms':>10}{'plain ms':>14}{'ratio':>8}")
    last = max(1, count * 9 // 10 // PAGE)
    some_id = f"C-{count // 2:06}"
    compare(rounds, "list, newest first", lister(store), plain.lister("createdAt", -1))
    by_name = {"sort_by": "customerName", "sort_order": "asc"}
    compare(rounds, "list by name", lister(store, **by_name), plain.lister("customerName"))
    compare(rounds, "list by name, at 90 %", lister(store, last, **by_name), plain.lister("customerName", page=last))
    members = lister(store, membership_status=True, **by_name)
    compare(rounds, "list members by name", members, plain.lister("customerName", query={"membershipStatus": True}))
    for kind, text in (("dense", "example"), ("rare", some_id), ("absent", "no such text")):
        search = lister(store, search=text, **by_name)
        compare(rounds, f"search, {kind} text", search, plain.lister("customerName", query=plain.search(text)))
    compare(rounds, "activation preview", lambda: preview_activation(store, COMMAND_LINE, Decimal(1000)))
    compare(rounds, "six statistics", lambda: get_statistics(store, COMMAND_LINE))
    compare(rounds, "overview", lambda: get_overview(store, COMMAND_LINE))
    compare(rounds, "save one customer", saver(store, some_id))


class Plain:
    """The same customers as an application without our helper fields and indexes keeps them."""

    def __init__(self, store: Store) -> None:
        database = store.connection.database
        specified = ("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus", "createdAt")
        database["customers"].aggregate([{"$project": dict.fromkeys(specified, 1)}, {"$out": "plain"}])
        self._customers = database["plain"]

    def search(self, text: str) -> dict[str, object]:
        pattern = {"$regex": re.escape(text), "$options": "i"}
        return {"$or": [{field: pattern} for field in ("customerId", "customerName", "contactInfo")]}

    def lister(self, by: str, direction: int = 1, *, page: int = 1, query: dict[str, object] | None = None) -> Work:
        def work() -> None:
            self._customers.count_documents(query or {})
            list(self._customers.find(query or {}).sort(by, direction).skip((page - 1) * PAGE).limit(PAGE))

        return work


def lister(store: Store, page: int = 1, **query: object) -> Work:
    return lambda: list_customers(store, COMMAND_LINE, CustomerQuery(**query), page=page, limit=PAGE)


def saver(store: Store, customer_id: str) -> Work:
    id = store.customers.get_by_customer_id(customer_id).id
    amounts = iter(range(1, 1_000_000))

    def work() -> None:
        version = get_customer(store, COMMAND_LINE, id).version
        patch = CustomerPatch(purchase_amount=next(amounts))
        update_customer(store, COMMAND_LINE, id, patch, version=version)

    return work


def exported(store: Store, flavour: str):
    return export_customers(store, COMMAND_LINE, CustomerQuery(), flavour)


def bulk(name: str, count: int, work: Callable[[], int]) -> None:
    start = time.perf_counter()
    size = work()
    seconds = time.perf_counter() - start
    rate = f"{size / seconds / 1e6:8.1f}" if size != count else ""
    print(f"{name:32}{seconds:10.2f}{count / seconds:14,.0f}{rate}", flush=True)


def compare(rounds: int, name: str, ours: Work, plain: Work | None = None) -> None:
    ours()
    times: tuple[list[float], list[float]] = ([], [])
    for _round in range(rounds):
        for work, taken in zip((ours, plain), times, strict=True):
            if work:
                start = time.perf_counter()
                work()
                taken.append((time.perf_counter() - start) * 1000)
    own = statistics.median(times[0])
    beside = f"{(theirs := statistics.median(times[1])):14.1f}{theirs / own:7.1f}x" if plain else ""
    print(f"{name:32}{own:10.1f}{beside}", flush=True)


if __name__ == "__main__":
    main()
