"""A process that uses the embedded server as the app does: `python -m tests.support.holder FOLDER`.

Prints one line of JSON when the server answers, and stops cleanly at SIGTERM.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from kinso.database.embedded.server import EmbeddedServer
from kinso.errors import StartupError


def main(folder: Path) -> int:
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    server = EmbeddedServer(folder, patience=60)
    try:
        uri = server.start()
    except StartupError as error:
        _say({"error": error.message})
        return 1
    _say({"uri": uri, "mongod": server.process_id})
    over.wait()
    server.stop()
    return 0


def _say(facts: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
