"""Where things are, which of them are open to everyone, and which addresses a person may be sent on to."""

from __future__ import annotations

import re

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
SET_UP = "/set-up"
FIRST_PAGE = "/"
OVERVIEW = "/overview"
"""Streamlit serves its first page at the root alone, but people type or keep the address that fits the others."""
DOWNLOAD_CUSTOMERS = "/download/customers.csv"
DOWNLOAD_HISTORY = "/download/history.csv"
DOWNLOAD_LEDGER = "/download/ledger.csv"
DOWNLOAD_PURCHASES = "/download/purchases.csv"
DRAFT = "/draft"
API = "/api"

_OPEN = frozenset({SIGN_IN, SIGN_OUT, SET_UP, API, "/_stcore/health"})
"""None of them tells anything or does anything without a proof of its own."""
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_LONGEST = 2000


def is_open(path: str) -> bool:
    """Whether an unsigned visitor may ask for this; the API checks every one of its calls itself."""
    return path in _OPEN or path.startswith(f"{API}/")


def safe_next(address: str | None) -> str:
    """The address when it is one of our own pages, otherwise the first page.

    A second slash, a backslash or a control character at the right place makes browsers leave for another site.
    """
    if not address or len(address) > _LONGEST or not _LOCAL.fullmatch(address):
        return "/"
    path = address.partition("?")[0].rstrip("/")
    return "/" if path in {SIGN_IN, SIGN_OUT, SET_UP} else address
