"""The few scripts that run in the browser.

The content-security-policy lets exactly these run, and nothing else that may find its way into a page. So each is the
same text every time, and what varies is in the attributes of its element.
"""

from __future__ import annotations

from html import escape

import streamlit as st

FOCUS = (
    "(() => { const selector = document.currentScript.dataset.selector; let left = 40; const look = () => {"
    " const input = document.querySelector(selector);"
    " if (input) input.focus(); else if (left--) setTimeout(look, 50); }; look(); })()"
)
"""Put the cursor into what matches `data-selector`, as soon as it is there."""
ASK_BEFORE_CLOSING = "window.onbeforeunload = event => event.preventDefault()"
CLOSE_FREELY = "window.onbeforeunload = null"
GO_TO_SIGN_IN = "window.location.replace('/sign-in')"

SCRIPTS = (FOCUS, ASK_BEFORE_CLOSING, CLOSE_FREELY, GO_TO_SIGN_IN)
"""All of them; what is not listed here does not run."""


def run_script(script: str, **data: str) -> None:
    """Run one of `SCRIPTS` in the browser; `data` become its `data-` attributes."""
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    st.html(f"<script{attributes}>{script}</script>", unsafe_allow_javascript=True, width="content")
