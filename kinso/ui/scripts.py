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
GO_TO_SIGN_IN = (
    "(() => { window.onbeforeunload = null; const here = location.pathname + location.search;"
    " location.replace('/sign-in?ended=1&next=' + encodeURIComponent(here)); })()"
)
"""Leave for the sign-in page, which leads back here."""
KEEP_TYPED = (
    "(() => { const own = {...document.currentScript.dataset}; const forms = window.kinsoForms ??= (() => {"
    " const all = {}; let timer; const boxes = form => ["
    '...document.querySelectorAll(`.stElementContainer[class*="st-key-${form.prefix}"]`)];'
    " const values = form => Object.fromEntries(boxes(form).flatMap(box => {"
    " const start = `st-key-${form.prefix}`;"
    " const name = [...box.classList].find(each => each.startsWith(start)).slice(start.length);"
    " const chosen = box.querySelector('[role=radio][aria-checked=true]');"
    " const input = box.querySelector('input, textarea');"
    " return chosen ? [[name, chosen.innerText]] : !input ? []"
    " : [[name, input.type === 'checkbox' ? input.checked : input.value]]; }));"
    " const again = wait => { clearTimeout(timer); timer = setTimeout(send, wait); };"
    " const send = () => { for (const form of Object.values(all)) {"
    " if (!form.typed) continue; if (!boxes(form).length) { delete all[form.draft]; continue; } form.typed = false;"
    " const body = JSON.stringify({id: form.draft, place: form.place, seen: form.seen, values: values(form)});"
    " fetch('/draft', {method: 'POST', body, headers: {'Content-Type': 'application/json'}, keepalive: true})"
    " .then(answer => { if (answer.status >= 500) throw answer; })"
    " .catch(() => { form.typed = true; again(3000); }); } };"
    " const note = event => { for (const form of Object.values(all))"
    " if (boxes(form).some(box => box.contains(event.target))) { form.typed = true; again(300); } };"
    " for (const kind of ['input', 'change', 'click']) document.addEventListener(kind, note, true); return all; })();"
    " forms[own.draft] = {...forms[own.draft], ...own}; })()"
)
"""Send what is typed into inputs whose keys begin with `data-prefix`, shortly after it is typed, until it arrives."""

SCRIPTS = (FOCUS, ASK_BEFORE_CLOSING, CLOSE_FREELY, GO_TO_SIGN_IN, KEEP_TYPED)
"""All of them; what is not listed here does not run."""


def run_script(script: str, **data: str) -> None:
    """Run one of `SCRIPTS` in the browser; `data` become its `data-` attributes."""
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    st.html(f"<script{attributes}>{script}</script>", unsafe_allow_javascript=True, width="content")
