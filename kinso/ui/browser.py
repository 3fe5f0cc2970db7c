"""What only the browser can do: scripts, the tab's title, and ways to a file or another page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from jinja2 import Template

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
    " if (!form.typed) continue; if (!boxes(form).length) { form.missed = (form.missed ?? 0) + 1;"
    " if (form.missed > 5) delete all[form.draft]; else again(300); continue; }"
    " form.typed = false; form.missed = 0;"
    " const body = JSON.stringify({id: form.draft, place: form.place, seen: form.seen, values: values(form)});"
    " fetch('/draft', {method: 'POST', body, headers: {'Content-Type': 'application/json'}, keepalive: true})"
    " .then(answer => { if (answer.status >= 500) throw answer; })"
    " .catch(() => { form.typed = true; again(3000); }); } };"
    " const note = event => { for (const form of Object.values(all))"
    " if (boxes(form).some(box => box.contains(event.target))) { form.typed = true; again(300); } };"
    " for (const kind of ['input', 'change', 'click']) document.addEventListener(kind, note, true); return all; })();"
    " for (const form of Object.values(forms))"
    " if (form.prefix === own.prefix && form.draft !== own.draft)"
    " { own.typed ||= form.typed; delete forms[form.draft]; }"
    " forms[own.draft] = {...forms[own.draft], ...own}; })()"
)
"""Send what is typed into inputs whose keys begin with `data-prefix`, shortly after it is typed, until it arrives.

Inputs belong to the draft that was named last: a form into which an earlier draft was put goes on with that one. A form
whose inputs are away for a moment is being redrawn; one that stays away is closed.
"""

COMMA_AS_POINT = (
    "(() => { if (window.kinsoPoints) return; const points = window.kinsoPoints = new WeakSet();"
    " const isNumber = input => input instanceof HTMLInputElement"
    " && input.matches('[data-testid=stNumberInputField], #portal input.gdg-input[inputmode=numeric]');"
    " const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;"
    " const put = (input, text) => { native.call(input, text);"
    " input.dispatchEvent(new Event('input', {bubbles: true})); };"
    " const withoutThousands = input => {"
    " const [, whole, three] = input.value.match(/^(-?[\\d,]+)\\.(\\d{3})$/) ?? [];"
    " if (three) put(input, whole + three); };"
    " const settle = input => { if (points.delete(input)) withoutThousands(input); };"
    " document.addEventListener('keydown', event => { const input = event.target;"
    " if (!isNumber(input)) return;"
    " if (event.key === ',') { event.preventDefault(); withoutThousands(input);"
    " if (!input.value.includes('.')) { points.add(input); document.execCommand('insertText', false, '.'); } }"
    " else if (['.', 'Enter', 'Tab'].includes(event.key)) settle(input); }, true);"
    " document.addEventListener('focusout', event => settle(event.target), true); })()"
)
"""Have a comma that is typed into a number show as a point; a browser and the grid leave it out and make 84,5 into 845.

Three digits after it were thousands: the point goes again. A point that was typed is one, unless a comma follows it.
"""

FINDER = (
    "(() => { if (window.kinsoFinder) return; window.kinsoFinder = true;"
    " const box = () => document.querySelector('.st-key-finder');"
    " const input = () => box()?.querySelector('input');"
    " const links = () => [...box().querySelectorAll('.st-key-found_customers a[href]')]"
    ".filter(link => link.offsetParent);"
    " const put = text => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set"
    ".call(input(), text); input().dispatchEvent(new Event('input', {bubbles: true})); };"
    " const typedElsewhere = target => target.closest?."
    "('input, textarea, select, canvas, [contenteditable], [role=grid], [role=textbox], [role=combobox]');"
    " const begin = event => { if (!input() || document.querySelector('[role=dialog]')) return;"
    " event.preventDefault(); event.stopPropagation(); input().focus(); input().select(); };"
    " const onceAnswered = (wanted, act, left) => { if (!input() || input().value.trim() !== wanted) return;"
    " const answered = box().querySelector('.kinso-answered')?.dataset.typed;"
    " if (answered === wanted) act();"
    " else if (left) setTimeout(onceAnswered, 50, wanted, act, left - 1); };"
    " const move = step => onceAnswered(input().value.trim(), () => { const all = [input(), ...links()];"
    " all[all.indexOf(document.activeElement) + step]?.focus(); }, 100);"
    " document.addEventListener('keydown', event => { if (event.isComposing) return;"
    " const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;"
    " if (isCommand && event.key.toLowerCase() === 'k') begin(event);"
    " else if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey"
    " && !typedElsewhere(event.target)) begin(event);"
    " else if (!box()?.contains(event.target)) return;"
    " else if (event.key === 'ArrowDown') { event.preventDefault(); move(1); }"
    " else if (event.key === 'ArrowUp') { event.preventDefault(); move(-1); }"
    " else if (event.key === 'Escape') { event.preventDefault(); if (!input().value) document.activeElement.blur();"
    " else { put(''); input().focus(); } }"
    " else if (event.key === 'Enter' && event.target === input() && input().value.trim())"
    " onceAnswered(input().value.trim(), () => links()[0]?.click(), 100); }, true);"
    " const isFound = event => event.target.closest?.('.st-key-found_customers');"
    " document.addEventListener('mousedown', event => { if (isFound(event)) event.preventDefault(); }, true);"
    " document.addEventListener('click', event => { if (isFound(event) && event.target.closest('a'))"
    " setTimeout(() => document.activeElement?.blur()); }, true); })()"
)
"""What the keyboard does with the finder: `/` and Ctrl+K begin, Enter opens the first of whom was asked for, arrows go
through all, Escape empties.

A click leaves the cursor where it is, because the list is only shown while it is in the finder; some browsers would
otherwise take the list away before the click arrives.
"""

OPEN_BESIDE = (
    "(() => { if (window.kinsoOpening) return; window.kinsoOpening = true;"
    " const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;"
    " const open = id => { const input = document.querySelector('.st-key-open_customer input');"
    " if (input) { native.call(input, id); input.dispatchEvent(new Event('input', {bubbles: true})); }"
    " return Boolean(input); };"
    " document.addEventListener('click', event => { const link = event.target.closest?.('a[data-open]');"
    " if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;"
    " if (open(link.dataset.open)) event.preventDefault(); }, true);"
    " document.addEventListener('keydown', event => { const cell = event.target;"
    " if (event.key !== 'Enter' || !cell.closest?.('.st-key-customers_table table[role=grid]')) return;"
    " const heads = [...cell.closest('table').querySelectorAll('th')];"
    " const place = name => heads.find(head => head.textContent.replace(/^[↑↓ ]+/, '') === name)?.ariaColIndex;"
    " if (cell.ariaColIndex !== place('Name')) return;"
    " const number = cell.closest('tr').querySelector(`td[aria-colindex='${place('Customer ID')}']`)?.textContent;"
    " const link = [...document.querySelectorAll('a[data-open]')].find(each =>"
    " each.querySelector('small')?.textContent === number);"
    " if (link) { event.preventDefault(); event.stopPropagation(); open(link.dataset.open); } }, true); })()"
)
"""Have a link with `data-open`, and Enter on a name, write a customer into the input that opens one beside the list.

The grid is drawn on a canvas, and its hidden table knows no customers but by what its cells show.
"""

SCRIPTS = (FOCUS, ASK_BEFORE_CLOSING, CLOSE_FREELY, GO_TO_SIGN_IN, KEEP_TYPED, COMMA_AS_POINT, FINDER, OPEN_BESIDE)
"""All of them; what is not listed here does not run."""
_SCRIPT = Template(
    '<script{% for name, value in data.items() %} data-{{ name }}="{{ value }}"{% endfor %}>'
    "{{ script | safe }}</script>",
    autoescape=True,
)


def run_script(script: str, **data: str) -> None:
    """Run one of `SCRIPTS` in the browser; `data` become its `data-` attributes."""
    st.html(_SCRIPT.render(script=script, data=data), unsafe_allow_javascript=True, width="content")


def show_in_tab(title: str) -> None:
    """Name what the page shows, such as a page or a customer."""
    st.set_page_config(page_title=f"{title} · Kinso")


_WANTED = "page_to_go_to"
_PAGES = Path(__file__).parents[2] / "pages"
_CUSTOMER, _CUSTOMERS, _REGISTER = (_PAGES / f"{name}.py" for name in ("customer", "customers", "register"))
CUSTOMER_ID = "id"
"""In the address of a customer's page: the `_id`."""

SEARCH = "q"
"""In the address of the list: what is searched for."""
TYPED = "typed"
"""In the address of the registration: what is known of the new customer."""

_LINK = Template(
    '<a href="{{ address }}" download style="display:block;padding:.5rem .75rem;border-radius:.5rem;color:inherit;'
    'text-decoration:none;border:1px solid color-mix(in srgb, currentColor 22%, transparent)">'
    '<span style="font-weight:600">{{ title }}</span><br>'
    '<span style="font-size:.85rem;opacity:.75">{{ text }}</span></a>',
    autoescape=True,
)
_SIGN_OUT = Template(
    '<form method="post" action="/sign-out" target="_top"><input type="hidden" name="csrf" value="{{ token }}">'
    '<button type="submit" style="all:unset;cursor:pointer;font-size:.9rem;text-decoration:underline;'
    'text-underline-offset:3px">Sign out</button></form>',
    autoescape=True,
)


def download_link(address: str, title: str, text: str) -> None:
    """A link to a file of our own, with a line about what is in it."""
    st.html(_LINK.render(address=address, title=title, text=text))


def sign_out_button(token: str) -> None:
    """What ends the session that this token is of."""
    st.html(_SIGN_OUT.render(token=token))


def go_to(page: Path, **query: str) -> None:
    """From a callback: have the next run leave for another page, at an address with this query."""
    st.session_state[_WANTED] = (page, query)


def open_customer(id: str) -> None:
    """From a callback: have the next run show the page of the customer with this `_id`."""
    go_to(_CUSTOMER, **{CUSTOMER_ID: id})


def link_to_customer(id: str, label: str, *, icon: str | None = None) -> None:
    """A link to the page of the customer with this `_id`; `label` is read as Markdown."""
    st.page_link(_CUSTOMER, label=label, icon=icon, query_params={CUSTOMER_ID: id})


def link_to_registration(typed: str, label: str) -> None:
    """A link to the form for a new customer who is known by what was typed; `label` is read as Markdown."""
    with st.container(key="register_typed"):
        st.page_link(_REGISTER, label=label, icon=":material/person_add:", query_params={TYPED: typed})


def link_to_customers() -> None:
    """The way to the list of all customers."""
    st.page_link(_CUSTOMERS, label="All customers", icon=":material/group:")


def leave_if_asked() -> None:
    """Leave, when a callback asked for it; as soon as Streamlit knows the pages."""
    page, query = st.session_state.pop(_WANTED, (None, {}))
    if page is not None:
        st.switch_page(page, query_params=query)
