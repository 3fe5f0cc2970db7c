"""How long a backup takes, next to reading the same documents without writing them; how long it takes to examine and to
restore one; and how much memory the commands need, which must not grow with the shop.

The commands run as a shop runs them, while the shop is open in this process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.server import EmbeddedServer
from kinso.services.application import close_application, open_application

_AT_ONCE = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.backups", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kinso-bench-") as folder:
        settings = Settings(data_dir=Path(folder, "shop"))
        fill(settings, options.customers)
        store = open_application(settings).store
        try:
            started = time.perf_counter()
            size = sum(len(document.raw) for document in customers(store.connection.database))
            reading = time.perf_counter() - started
            print(f"{options.customers:,} customers, {size / 1e6:,.0f} MB of documents, read in {reading:.1f} s\n")
            file = Path(folder, "kinso.backup")
            print(f"{'command':12}{'seconds':>10}{'of reading':>12}{'MB of memory':>14}")
            run("backup", reading, settings.data_dir, "backup", str(file))
            run("check", reading, settings.data_dir, "check", "--backup", str(file))
            run("restore", reading, Path(folder, "restored"), "restore", str(file))
            print(f"\nThe file has {file.stat().st_size / 1e6:,.0f} MB.")
        finally:
            close_application()


def fill(settings: Settings, count: int) -> None:
    """Customers as another application left them; Kinso adopts them at its start."""
    server = EmbeddedServer(settings.data_dir, settings.mongod)
    connection = connect(settings, server.start())
    try:
        now = datetime.now(UTC)
        for start in range(0, count, _AT_ONCE):
            connection.database["customers"].insert_many(
                {
                    "customerId": f"C-{number:07}",
                    "customerName": f"Customer Number {number}",
                    "contactInfo": f"customer{number}@example.com",
                    "purchaseAmount": number % 5000 / 4,
                    "membershipStatus": number % 7 == 0,
                    "createdAt": now,
                    "updatedAt": now,
                }
                for number in range(start, min(count, start + _AT_ONCE))
            )
    finally:
        connection.close()
        server.stop()


def customers(database) -> Iterator[RawBSONDocument]:
    as_it_is = CodecOptions(document_class=RawBSONDocument)
    for name in ("customers", "memberships", "changes", "sales"):
        yield from database.get_collection(name, codec_options=as_it_is).find()


def run(name: str, reading: float, folder: Path, *arguments: str) -> None:
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "kinso", *arguments],
        env={**os.environ, "KINSO_DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    most = 0
    while process.poll() is None:
        most = max(most, memory_of(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    seconds = time.perf_counter() - started
    print(f"{name:12}{seconds:>10.1f}{seconds / reading:>12.1f}{most / 1024:>14,.0f}")


def memory_of(process: int) -> int:
    """In kB; nothing of one that has just ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


if __name__ == "__main__":
    main()
