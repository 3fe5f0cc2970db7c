"""One start of Kinso on a data folder, in a process of its own: `python -m bench.startup FOLDER`.

Prints, as JSON, the seconds until everything answers, and the megabytes that the process holds at rest after it has
answered everything, CSV of everybody included.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.shop import THRESHOLD
from bench.timing import memory_of
from kinso.config import Settings
from kinso.errors import KinsoError
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.repository.store import Store
from kinso.services.application import ApplicationContext, close_application, open_application
from kinso.services.customers.editing import list_customers
from kinso.services.insights import get_overview, get_statistics
from kinso.services.membership.activation import preview_activation
from kinso.services.membership.eligibility import get_curve
from kinso.services.purchases.recording import list_entries
from kinso.services.transfer.exports import export_customers

PATIENCE = 3600.0
"""Seconds."""
_PAUSE = 0.02
_REST = 6.0


@dataclass(frozen=True)
class Start:
    """What a start took."""

    seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description=__doc__)
    parser.add_argument("folder", type=Path)
    started = time.perf_counter()
    # Only what announces the one-time code keeps snapshots.
    application = open_application(Settings(data_dir=parser.parse_args().folder), announce=lambda code: None)
    try:
        answer_everything(application)
        seconds = time.perf_counter() - started
        for _ in export_customers(application.store, COMMAND_LINE, CustomerQuery()):
            pass
        # What it holds is packed in the next quiet moment.
        time.sleep(_REST)
        print(json.dumps({"seconds": seconds, "megabytes": memory_of()}))
    finally:
        close_application()


def start(folder: Path) -> Start:
    """The same for a caller in another process."""
    command = [sys.executable, "-m", "bench.startup", str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE, text=True)
    return Start(**json.loads(done.stdout))


def answer_everything(application: ApplicationContext) -> None:
    """Ask for a list, a search, the figures and the ledger, each until it answers."""
    questions: list[Callable[[Store], object]] = [
        lambda store: list_customers(store, COMMAND_LINE, CustomerQuery(), page=1, limit=50),
        lambda store: list_customers(store, COMMAND_LINE, CustomerQuery(search="zzqx"), page=1, limit=50),
        lambda store: get_statistics(store, COMMAND_LINE),
        lambda store: get_overview(store, COMMAND_LINE),
        lambda store: preview_activation(store, COMMAND_LINE, THRESHOLD),
        lambda store: get_curve(store, COMMAND_LINE),
        lambda store: list_entries(store, COMMAND_LINE, LedgerQuery(), page=1, limit=50),
    ]
    for question in questions:
        until_it_answers(lambda question=question: question(application.store))


def until_it_answers(question: Callable[[], object]) -> None:
    """Ask again while there is a reason why there is no answer yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            question()
            return
        except KinsoError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


if __name__ == "__main__":
    main()
