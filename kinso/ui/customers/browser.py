"""The few things that only the browser can do, by scripts that hold no data of people."""

from __future__ import annotations

import json

import streamlit as st


def focus_on(key: str) -> None:
    """Put the cursor into the text input with this widget key, as soon as it is there."""
    selector = json.dumps(f".st-key-{key} input")
    _run(
        f"let left = 40; const look = () => {{ const input = document.querySelector({selector});"
        " if (input) input.focus(); else if (left--) setTimeout(look, 50); }; look();"
    )


def warn_before_closing(pending: int) -> None:
    """While there are unsaved changes, have the browser ask before its tab is closed or reloaded."""
    ask = "event => event.preventDefault()" if pending else "null"
    _run(f"window.onbeforeunload = {ask};")


def _run(script: str) -> None:
    st.html(f"<script>(() => {{ {script} }})()</script>", unsafe_allow_javascript=True, width="content")
