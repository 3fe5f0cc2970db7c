"""Keeps one embedded server for a whole test run, whichever processes take part in it, and ends with that run.

Run as `python -m tests.support.keeper FOLDER PROCESS_ID`: serves from FOLDER, prints the URI, and stops and removes
everything when told to (SIGTERM) or when the process with that id is gone, also when that one was killed.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from kinso.database.embedded.server import EmbeddedServer


def main(folder: Path, watched: int) -> None:
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_end, args=(watched, over), daemon=True).start()
    server = EmbeddedServer(folder / "data", os.environ.get("KINSO_MONGOD"), patience=60)
    try:
        sys.stdout.write(server.start() + "\n")
        sys.stdout.close()
        over.wait()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_end(process_id: int, over: threading.Event) -> None:
    while not over.wait(0.3):
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            over.set()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
