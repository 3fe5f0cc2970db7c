"""How the work grows with the shop: Kinso, the way that was specified and the least there is, side by side.

Shops of 1,000 to 1,000,000 customers with five purchases each are built; every call is measured from the call to its
answer, in turn with the same work of the other two on the same server. Ratios hold on any machine, milliseconds on a
quiet one with two cores. Exits with 1 when a ratio is lost.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
PARTS = ("starts", "disk", "reads", "pages", "writes", "adoption")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES, help="which sizes; all of them by default")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} customers only")
    parser.add_argument("--folder", type=Path, help="keep the shops here as they were built, for the next time")
    parser.add_argument("--json", type=Path, help="write all figures there; sizes not measured now are left in it")
    parser.add_argument("--chart", type=Path, help="draw how the work grows, as SVG, with all sizes of --json")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure only these parts")
    options = parser.parse_args()
    sizes = load(options.json) if options.json else {}
    measured: list[Size] = []
    for count in sorted((QUICK,) if options.quick else options.customers):
        size = _measured(count, options.folder, options.only, measured[0].figures if measured else ())
        measured.append(size)
        sizes[count] = sizes[count].replaced_by(size) if count in sizes else size
        if options.json:
            save(options.json, sizes)
        if options.chart:
            draw(options.chart, sizes)
    lost = [f"{size.customers:,} customers, {bar}" for size in measured for bar in size.lost]
    for one in lost:
        print(f"LOST: {one}")
    sys.exit(1 if lost else 0)


def _measured(count: int, folder: Path | None, parts: Sequence[str], smallest: Sequence[Figure]) -> Size:
    size = Size(count)
    began = time.monotonic()
    with built(folder, count) as shop:
        for figure in _figures(shop, count, parts, smallest):
            size.figures.append(figure)
            print(f"{time.monotonic() - began:8.0f} s  {figure.work}", file=sys.stderr, flush=True)
    print(table(size), end="\n\n", flush=True)
    return size


def _figures(shop: Path, count: int, parts: Sequence[str], smallest: Sequence[Figure]) -> Iterator[Figure]:
    if "starts" in parts:
        yield from _starts(start(shop), start(shop))
    application = open_application(Settings(data_dir=shop))
    try:
        answer_everything(application)
        store, specified = application.store, Specified(application.store.connection.client)
        measuring: dict[str, Callable[[], Iterator[Figure]]] = {
            "disk": lambda: _disk(store.connection.database, specified, count),
            "reads": Reads(store, specified, count).measure,
            "pages": Pages(store, smallest).measure,
            "writes": Writes(store, specified, count).measure,
        }
        for part, measure in measuring.items():
            if part in parts:
                yield from measure()
    finally:
        close_application()
    if "adoption" in parts:
        with scratch() as other:
            yield from adopt(other, shop, count)


def _starts(first: Start, again: Start) -> Iterator[Figure]:
    yield Figure("first start until everything answers, seconds", first.seconds).at_most(30)
    yield Figure("restart until everything answers, seconds", again.seconds).at_most(3)
    yield Figure("memory of the process at rest, MB", max(first.megabytes, again.megabytes)).at_most(1024)


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
