"""Content-security-policies: what a page may load and run, whatever else may find its way into it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import streamlit as st

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def source_of(text: str) -> str:
    """What allows an inline script or style of exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy_of_pages(scripts: Iterable[str]) -> str:
    """The policy of the pages that Streamlit serves, with these inline scripts.

    Streamlit needs styles in elements and attributes, and keeps a few images and a font in its scripts as data. It
    needs neither `eval` nor anything from elsewhere, and does without the WebAssembly that it tries first.
    """
    allowed = " ".join(map(source_of, (*_scripts_of_streamlit(), *scripts)))
    return (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none';"
        " base-uri 'none'; object-src 'none'"
    )


@cache
def _scripts_of_streamlit() -> tuple[str, ...]:
    page = Path(st.__file__).parent / "static" / "index.html"
    return tuple(_SCRIPT.findall(page.read_text(encoding="utf-8")))
