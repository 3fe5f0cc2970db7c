"""Runs over very many customers, undone exactly: hashes of the collection before and after, and the times.

The hash is over every stored field of every customer, in the order of `_id`, but for `version` and `updatedAt`, which
every write moves on, and for customers whom an undo brought to the trash.
"""

import argparse
import hashlib
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bson import json_util

from kinso.config import Settings
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerQuery
from kinso.models.history import Run
from kinso.repository.store import Store
from kinso.services.application import close_application, open_application
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import activate_at_threshold, set_membership_of_matching
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.exports import export_customers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.undo", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kinso-bench-") as folder:
        store = open_application(Settings(data_dir=Path(folder))).store
        try:
            run(store, options.customers)
        finally:
            close_application()


def run(store: Store, count: int) -> None:
    timed("seed", lambda: load_samples(store, COMMAND_LINE, count))
    everyone = CustomerQuery()
    there_and_back(
        store,
        "membership of everyone",
        lambda: set_membership_of_matching(store, COMMAND_LINE, everyone, membership_status=True),
    )
    there_and_back(store, "activation", lambda: activate_at_threshold(store, COMMAND_LINE, 1))
    file = renamed(b"".join(export_customers(store, COMMAND_LINE, everyone, "raw")), count)
    there_and_back(store, "import of changes and new ones", lambda: import_customers(store, COMMAND_LINE, file).run)
    report = timed("check", lambda: check_database(store, COMMAND_LINE))
    print(f"{report.finding_count} findings in {report.customers:,} customers and {report.changes:,} changes")
    for finding in report.findings[:20]:
        print(finding.sentence)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB of memory at most")


def there_and_back(store: Store, name: str, do: Callable[[], Run | None]) -> None:
    """Do something, undo it, undo that, and undo it for good."""
    before = digest(store)
    run = timed(name, do)
    assert run is not None
    after = digest(store)
    undo = timed(f"undo of it ({run.changed:,})", lambda: undo_run(store, COMMAND_LINE, run.id))
    say("as before", digest(store) == before and before != after)
    again = timed("undo of the undo", lambda: undo_run(store, COMMAND_LINE, undo.id))
    say("as after", digest(store) == after)
    last = timed("undo of that", lambda: undo_run(store, COMMAND_LINE, again.id))
    say("as before", digest(store) == before)
    exceptions = undo.exception_count + again.exception_count + last.exception_count
    print(f"{exceptions:10} exceptions")


def digest(store: Store) -> str:
    """The hash of the collection."""
    found = hashlib.sha256()
    for document in store.connection.database["customers"].find({}, {"version": False, "updatedAt": False}).sort("_id"):
        found.update(json.dumps(document, default=json_util.default, sort_keys=True, ensure_ascii=False).encode())
    return found.hexdigest()


def renamed(file: bytes, count: int) -> bytes:
    """The same customers with other names, and a tenth as many new ones."""
    header, *rows = file.decode().splitlines(keepends=True)
    name = header.strip().split(",").index("customerName")
    assert name == 1
    changed = [f"{row.split(',', 1)[0]},Renamed {row.split(',', 1)[0]}" for row in rows]
    new = [f"NEW-{number},New {number}" for number in range(count // 10)]
    return "".join(
        ["customerId,customerName,contactInfo\n"]
        + [f"{row},\n" for row in changed]
        + [f"{row},new{number}@example.com\n" for number, row in enumerate(new)]
    ).encode()


def timed(name: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    print(f"{time.perf_counter() - start:10.1f} s  {name}", flush=True)
    return result


def say(name: str, holds: bool) -> None:
    print(f"{'yes' if holds else 'NO':>10}    {name}", flush=True)


if __name__ == "__main__":
    main()
