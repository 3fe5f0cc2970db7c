"""A Kinso process that writes without a pause, and tells on its output what it is about to do and what was done.

`python -m tests.crash.worker '{"name": …, "seed": …, "threads": …, "data_dir": … or "mongodb_uri": …}'`. Each line of
output is a JSON object. It begins to write when it is told to on its input, and ends when that is closed.
"""

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from kinso.config import Settings
from kinso.errors import KinsoError
from kinso.services.application import ApplicationContext, open_application
from kinso.services.history import runs
from tests.crash.work import Unexpected, Writer

_BATCH = 20
"""Small, so that runs have many instants at which they can be cut off."""
_lock = threading.Lock()


def say(**facts: Any) -> None:
    with _lock:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


def main(options: dict[str, Any]) -> None:
    logging.disable(logging.CRITICAL)
    runs.BATCH = _BATCH
    data_dir = Path(options.get("data_dir", ".kinso"))
    application = open_application(Settings(mongodb_uri=options.get("mongodb_uri"), data_dir=data_dir))
    say(ready=True)
    if sys.stdin.readline().strip() != "go":
        os._exit(1)
    for number in range(options.get("threads", 3)):
        threading.Thread(target=write, args=(application, f"{options['name']}-{number}", options), daemon=True).start()
    sys.stdin.read()
    os._exit(0)


def write(application: ApplicationContext, name: str, options: dict[str, Any]) -> None:
    writer = Writer(
        application.store,
        name,
        options["seed"],
        announce=lambda op, kind, after: say(op=op, kind=kind, after=after),
        finished=lambda op: say(op=op, done=True),
        shared=options.get("shared", []),
    )
    while True:
        try:
            writer.step()
        except KinsoError as error:
            say(op=writer.op, failed=type(error).__name__, sentence=error.message)
            threading.Event().wait(0.05)
        except Unexpected:
            say(op=writer.op, failed="Unexpected", sentence="")
        except Exception as error:
            say(op=writer.op, failed="leaked", sentence=f"{type(error).__name__}: {error}")
            threading.Event().wait(0.05)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
