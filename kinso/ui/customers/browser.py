"""The few things that only the browser can do, by scripts that hold no data of people."""

from __future__ import annotations

from kinso.ui.scripts import ASK_BEFORE_CLOSING, CLOSE_FREELY, FOCUS, run_script


def focus_on(key: str) -> None:
    """Put the cursor into the text input with this widget key, as soon as it is there."""
    run_script(FOCUS, selector=f".st-key-{key} input")


def warn_before_closing(pending: int) -> None:
    """While there are unsaved changes, have the browser ask before its tab is closed or reloaded."""
    run_script(ASK_BEFORE_CLOSING if pending else CLOSE_FREELY)
