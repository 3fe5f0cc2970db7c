"""Kills Kinso and its database again and again while people write: `python -m tests.crash.long --kills 200`.

With `--apart` only Kinso's processes are killed, each with its process group, and the database lives on: a replica set
of three servers, or `--servers 1`. Prints the counts, and ends with 1 when anything was lost, half done or not
recorded.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinso.database.embedded.server import EmbeddedServer
from kinso.models.shop import CheckReport
from tests.crash.apart import ApartShop, kill_one_by_one
from tests.crash.ledger import PROMISES, Ledger
from tests.crash.replica_set import ReplicaSet
from tests.crash.shop import Shop

_VERIFY_EVERY = 5
_SERVE_EVERY = 3
"""The app takes several seconds to start, the other processes one."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.long", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--apart", action="store_true", help="kill no database")
    parser.add_argument("--servers", type=int, choices=(1, 3), default=3, help="with --apart")
    options = parser.parse_args()
    say(f"{options.kills} kills, seed {options.seed}")
    if options.apart:
        return 0 if run_apart(options.kills, options.servers, options.seed) else 1
    with tempfile.TemporaryDirectory(prefix="kinso-") as folder:
        shop = Shop(Path(folder) / "data", options.seed)
        try:
            return 0 if run(shop, options.kills, random.Random(options.seed)) else 1
        finally:
            shop.close()


def run_apart(kills: int, servers: int, seed: int) -> bool:
    """Kill processes at random instants while their database lives on; True when every promise was kept."""
    start, killed, generation, chance = time.monotonic(), 0, 0, random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="kinso-") as name, database(Path(name) / "servers", servers) as uri:
        shop = ApartShop(uri, Path(name), seed)
        while killed < kills:
            generation += 1
            killed += kill_one_by_one(shop, chance, serve=generation % _SERVE_EVERY == 1)
            if generation % _VERIFY_EVERY == 0:
                shop.verify()
                say(f"{killed:5} kills, {time.monotonic() - start:6.0f} s: {counted(shop.ledger)}")
        shop.verify()
        return conclude(shop.ledger, shop.check(), killed, time.monotonic() - start, [])


@contextmanager
def database(folder: Path, servers: int) -> Iterator[str]:
    """The address of a database that nobody kills."""
    folder.mkdir()
    if servers == 1:
        server = EmbeddedServer(folder, patience=60)
        try:
            yield server.start()
        finally:
            server.stop()
        return
    replica_set = ReplicaSet(folder)
    try:
        yield replica_set.uri
    finally:
        replica_set.close()


def run(shop: Shop, kills: int, chance: random.Random) -> bool:
    """Kill at random instants; True when every promise was kept."""
    start, killed, generation = time.monotonic(), 0, 0
    outages: list[float] = []
    while killed < kills:
        generation += 1
        shop.open()
        if generation % _VERIFY_EVERY == 0:
            shop.verify()
            say(f"{killed:5} kills, {time.monotonic() - start:6.0f} s: {counted(shop.ledger)}")
        killed += kill_once(shop, chance, outages)
    shop.open()
    shop.verify()
    return conclude(shop.ledger, shop.check(), killed, time.monotonic() - start, outages)


def conclude(ledger: Ledger, report: CheckReport, kills: int, seconds: float, outages: list[float]) -> bool:
    """Print everything; True when every promise was kept."""
    tell(ledger, kills, seconds, outages)
    for problem in [*ledger.problems, *(finding.sentence for finding in report.findings)][:100]:
        say(problem)
    say(f"check: {report.finding_count} findings in {report.customers} customers and {report.changes} changes")
    return report.is_clean and not ledger.problems


def kill_once(shop: Shop, chance: random.Random, outages: list[float]) -> int:
    """Let one generation of processes write until it is killed, perhaps after its database was; returns the kills."""
    kills = 0
    shop.go()
    for _ in range(chance.choice((0, 1, 1, 2))):
        time.sleep(chance.uniform(0.05, 1.5))
        kills += shop.kill_mongod()
        if chance.random() < 0.7:
            outages.append(shop.wait_for_confirmations())
    time.sleep(chance.uniform(0.05, 2))
    if chance.random() < 0.5:
        shop.kill_kinso()
    else:
        shop.kill_both()
        kills += 1
    return kills + 1


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def counted(ledger: Ledger) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(ledger.counts.items()))


def tell(ledger: Ledger, kills: int, seconds: float, outages: list[float]) -> None:
    say(f"\n{kills} kills in {seconds:.0f} s")
    if outages:
        middle = sorted(outages)[len(outages) // 2]
        say(f"seconds from a killed database to the next confirmed write: median {middle:.1f}, most {max(outages):.1f}")
    for name in sorted(ledger.counts.keys() | set(PROMISES)):
        say(f"{ledger.counts[name]:8} {name}")


if __name__ == "__main__":
    sys.exit(main())
