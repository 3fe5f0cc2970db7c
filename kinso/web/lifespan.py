"""What is open while the server runs, and what ends it when it cannot start."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn, TextIO

import streamlit as st

from kinso.config import load_settings
from kinso.errors import KinsoError
from kinso.services.application import close_application, open_application
from kinso.services.transfer.daily_backups import DailyBackups
from kinso.web.addresses import (
    AT_THE_ROOT,
    HOW_INSTEAD,
    SET_UP,
    refuse_prefix,
)
from kinso.web.uploads import release_files

_LOG_OF_SCRIPTS = "streamlit.error_util"

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Open the shop's data before the first request and close it after the last one.

    What cannot start ends the process with exit code 1 and one sentence on the console.
    """
    _write_log()
    try:
        refuse_prefix(st.get_option("server.baseUrlPath") or "")
        context = open_application(load_settings(), _announce)
    except KinsoError as error:
        _give_up(error.message)
    context.start_mirror()
    logger.info("%s: %s.", AT_THE_ROOT, HOW_INSTEAD)
    releasing = asyncio.create_task(release_files())
    backups = DailyBackups(lambda: context.store, context.settings)
    backups.start()
    try:
        yield
    finally:
        backups.stop()
        releasing.cancel()
        close_application()


def _write_log() -> None:
    """Everything that Kinso has to say goes to the console, with the time in UTC."""
    log = logging.getLogger("kinso")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
        log.addHandler(handler)
    log.setLevel(logging.INFO)
    logging.getLogger(_LOG_OF_SCRIPTS).addFilter(_is_unexpected)


def _is_unexpected(record: logging.LogRecord) -> bool:
    """Streamlit logs every exception of a page with its traceback, also what the page then says in a sentence."""
    return not (record.exc_info and isinstance(record.exc_info[1], KinsoError))


class _Lines(logging.Formatter):
    converter = staticmethod(time.gmtime)


def _announce(code: str) -> None:
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    address = f"{scheme}://localhost:{st.get_option('server.port')}{SET_UP}"
    _write(
        sys.stdout,
        "\n  Nobody can sign in yet. To create the first administrator, open\n\n"
        f"      {address}\n\n"
        f"  and enter this one-time code:  {code}\n\n",
    )


def _give_up(sentence: str) -> NoReturn:
    _write(sys.stderr, f"\nKinso cannot start: {sentence}\n")
    close_application()
    # An exception here would be printed as a traceback by the server, and its exit code would be 3.
    os._exit(1)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
