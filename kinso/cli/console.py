"""What the command line writes: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
import time

_PAUSE = 0.1
_CLEAR_LINE = "\r\x1b[K"


def say(sentence: str) -> None:
    """Write a result."""
    sys.stdout.write(f"{sentence}\n")


def remark(sentence: str) -> None:
    """Write what is not the result itself: a failure, a notice."""
    sys.stdout.flush()
    sys.stderr.write(f"{sentence}\n")


def let_go_of_closed_output() -> None:
    """After whoever read our standard output has gone: nothing more can fail there, also not when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def counted(number: int, noun: str) -> str:
    """`1 customer`, `2,000 customers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class ProgressLine:
    """One line on a terminal that says how far a long work is; nothing where standard error is no terminal."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._shown = sys.stderr.isatty()
        self._next = 0.0

    def __enter__(self) -> ProgressLine:
        self._write(f"{self._doing} …")
        return self

    def __exit__(self, *_: object) -> None:
        self._write("")

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` are done."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PAUSE
            self._write(f"{self._doing} {done:,} of {total:,} …")

    def _write(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(_CLEAR_LINE + text)
            sys.stderr.flush()
