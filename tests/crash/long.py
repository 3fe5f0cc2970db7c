"""Kills Kinso and its database again and again while people write: `python -m tests.crash.long --kills 200`.

Prints the counts, and ends with 1 when anything was lost, half done or not recorded.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.ledger import PROMISES
from tests.crash.shop import Shop

_VERIFY_EVERY = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.long", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    say(f"{options.kills} kills, seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="kinso-") as folder:
        shop = Shop(Path(folder) / "data", options.seed)
        try:
            return 0 if run(shop, options.kills, random.Random(options.seed)) else 1
        finally:
            shop.close()


def run(shop: Shop, kills: int, chance: random.Random) -> bool:
    """Kill at random instants; True when every promise was kept."""
    start, killed, generation = time.monotonic(), 0, 0
    outages: list[float] = []
    while killed < kills:
        generation += 1
        shop.open()
        if generation % _VERIFY_EVERY == 0:
            shop.verify()
            say(f"{killed:5} kills, {time.monotonic() - start:6.0f} s: {counted(shop)}")
        killed += kill_once(shop, chance, outages)
    shop.open()
    shop.verify()
    report = shop.check()
    tell(shop, killed, time.monotonic() - start, outages)
    for problem in [*shop.ledger.problems, *(finding.sentence for finding in report.findings)][:100]:
        say(problem)
    say(f"check: {report.finding_count} findings in {report.customers} customers and {report.changes} changes")
    return report.is_clean and not shop.ledger.problems


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


def counted(shop: Shop) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(shop.ledger.counts.items()))


def tell(shop: Shop, kills: int, seconds: float, outages: list[float]) -> None:
    say(f"\n{kills} kills in {seconds:.0f} s")
    if outages:
        middle = sorted(outages)[len(outages) // 2]
        say(f"seconds from a killed database to the next confirmed write: median {middle:.1f}, most {max(outages):.1f}")
    for name in sorted(shop.ledger.counts.keys() | set(PROMISES)):
        say(f"{shop.ledger.counts[name]:8} {name}")


if __name__ == "__main__":
    sys.exit(main())
