"""What happened that matters to the safety of the shop: who got in, who did not, who was let do what.

One line of JSON per event on the logger `kinso.security`. It names accounts and addresses, never what was typed.
"""

from __future__ import annotations

import json
import logging

_log = logging.getLogger("kinso.security")


def note(event: str, **facts: str | int | None) -> None:
    """Write one event down; text that came from outside cannot begin a line of its own."""
    _log.info("%s", json.dumps({"event": event, **facts}))
