"""What the command line writes: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

STANDARD = "-"
"""Stands for standard input or output where a file may be named."""


def say(sentence: str) -> None:
    """Write a result."""
    typer.echo(sentence)


def remark(sentence: str) -> None:
    """Write what is not the result itself: a failure, a notice."""
    typer.echo(sentence, err=True)


def let_go_of_closed_output() -> None:
    """After whoever read our standard output has gone: nothing more can fail there, also not when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def counted(number: int, noun: str) -> str:
    """`1 customer`, `2,000 customers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """What is told `(done, total)` of a long work; shown only where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description} …"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as shown:
        task = shown.add_task(doing, total=None)

        def tell(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, description=f"{doing} {done:,} of {total:,}")

        yield tell
