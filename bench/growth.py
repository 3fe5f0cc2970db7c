"""How the work grows with the shop: Kinso, the way that was specified and the least there is, side by side.

Shops of 1,000 to 1,000,000 customers with five purchases each are built; every call is measured from the call to its
answer, in turn with the same work of the other two on the same server. Ratios hold on any machine, milliseconds on a
quiet one with two cores. Exits with 1 when a ratio is lost.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pymongo.database import Database

from bench.adopting import adopt
from bench.chart import draw
from bench.figures import MILLION, Figure, Size, load, save, table
from bench.pages import Pages
from bench.reads import Reads
from bench.shop import built
from bench.specified import Document, Specified
from bench.startup import Start, answer_everything, start
from bench.timing import scratch
from bench.writes import Writes
from kinso.config import Settings
from kinso.services.application import close_application, open_application

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES, help="which sizes; all of them by default")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} customers only")
    parser.add_argument("--folder", type=Path, help="keep the shops here as they were built, for the next time")
    parser.add_argument("--json", type=Path, help="write all figures there; sizes not measured now are left in it")
    parser.add_argument("--chart", type=Path, help="draw how the work grows, as SVG, with all sizes of --json")
    options = parser.parse_args()
    sizes = load(options.json) if options.json else {}
    measured: list[Size] = []
    for count in sorted((QUICK,) if options.quick else options.customers):
        measured.append(_measured(count, options.folder, measured[0].figures if measured else ()))
    sizes |= {size.customers: size for size in measured}
    if options.json:
        save(options.json, sizes)
    if options.chart:
        draw(options.chart, sizes)
    lost = [f"{size.customers:,} customers, {bar}" for size in measured for bar in size.lost]
    for one in lost:
        print(f"LOST: {one}")
    sys.exit(1 if lost else 0)


def _measured(count: int, folder: Path | None, smallest: Sequence[Figure]) -> Size:
    size = Size(count)
    began = time.monotonic()
    for figure in _figures(count, folder, smallest):
        size.figures.append(figure)
        print(f"{time.monotonic() - began:8.0f} s  {figure.work}", file=sys.stderr, flush=True)
    print(table(size), end="\n\n", flush=True)
    return size


def _figures(count: int, folder: Path | None, smallest: Sequence[Figure]) -> Iterator[Figure]:
    with built(folder, count) as shop:
        yield from _starts(start(shop), start(shop))
        application = open_application(Settings(data_dir=shop))
        try:
            answer_everything(application)
            specified = Specified(application.store.connection.client)
            yield from _disk(application.store.connection.database, specified, count)
            yield from Reads(application.store, specified, count).measure()
            yield from Pages(application.store, smallest).measure()
            yield from Writes(application.store, specified, count).measure()
        finally:
            close_application()
        with scratch() as other:
            yield from adopt(other, shop, count)


def _starts(first: Start, again: Start) -> Iterator[Figure]:
    yield Figure("first start until everything answers, seconds", first.seconds).at_most(30)
    yield Figure("restart until everything answers, seconds", again.seconds).at_most(3)
    yield Figure("memory of the process, MB", max(first.megabytes, again.megabytes)).at_most(1024)


def _disk(database: Database[Document], specified: Specified, count: int) -> Iterator[Figure]:
    taken = {name: _megabytes(database, name) for name in database.list_collection_names()}
    bare = _megabytes(specified.database, "customers")
    parts = {name: {"ours": each} for name, each in taken.items()}
    everything = Figure("disk, MB; specified: bare customers", sum(taken.values()), bare, parts=parts)
    yield everything.within(4, bare, "bare") if count >= MILLION else everything
    yield Figure("disk of the customers alone, MB", taken["customers"], bare)


def _megabytes(database: Database[Document], collection: str) -> float:
    """With its indexes."""
    told = database.command("collStats", collection)
    return (told["storageSize"] + told["totalIndexSize"]) / 2**20


if __name__ == "__main__":
    main()
