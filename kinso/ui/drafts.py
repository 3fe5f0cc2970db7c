"""What was typed and not saved: kept while it is typed, offered when its person comes back, gone once it is saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Protocol

import streamlit as st

from kinso.errors import KinsoError
from kinso.models.accounts import Actor
from kinso.models.customers import Draft
from kinso.services.application import current_application
from kinso.services.customers.editing import end_draft, find_drafts, keep_draft
from kinso.ui.browser import KEEP_TYPED, run_script
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted

_OWNER, _FORMS = "draft_owner", "forms_on_screen"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400

Values = Mapping[str, Any]
"""What is in the inputs of a form by their names: texts as they stand there, and truth values."""


class Form(Protocol):
    """What is typed into inputs whose keys all begin with `key("")`."""

    @property
    def draft_id(self) -> str:
        """Its draft; another form has another one."""

    def key(self, name: str) -> str:
        """The widget key of a field."""


def place_at(customer: str, what: str) -> str:
    """Where something is typed about one customer, by `_id`."""
    return f"customer/{customer}/{what}"


def keep_while_typed(form: Form, place: str, *, seen: str = "") -> None:
    """Have the browser send what is typed into this form, as it is typed; `seen` goes with it, for whoever restores it.

    A form keeps its values in the browser until it is submitted, so the server alone would know of nothing.
    """
    st.session_state.setdefault(_FORMS, {})[place] = (form, seen)
    run_script(KEEP_TYPED, prefix=form.key(""), draft=form.draft_id, place=place, seen=seen)


def forget_draft(form: object, *, id: str | None = None) -> None:
    """From a callback: this was saved or given up, so nobody has to be offered it; other things have no draft.

    `id` is that of the draft where the form has begun another one already.
    """
    id = id or getattr(form, "draft_id", None)
    if id is None:
        return
    forms: dict[str, tuple[Form, str]] = st.session_state.get(_FORMS, {})
    for place in [place for place, (each, _) in forms.items() if each is form]:
        del forms[place]
    context = current_context()
    end_draft(context.store, context.actor, id)


def offer_drafts(
    context: RequestContext,
    names: Mapping[str, str],
    on_continue: Callable[[Draft], None],
    *,
    present: str | None = None,
) -> None:
    """Offer the latest draft of these places, each with what was typed there in words, but not the `present` one.

    `on_continue` puts it back from a callback.
    """
    if not context.may(keep_draft):
        return
    drafts = [
        each for each in find_drafts(context.store, context.actor, *names) if each.id != present and _has_text(each)
    ]
    if not drafts:
        return
    draft = drafts[0]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="draft_offer"):
        st.markdown(
            f":orange[:material/edit_note:] **{names[draft.place]}**, typed {_age(draft.updated_at)}.",
            width="stretch",
        )
        st.button("Discard draft", key="draft_discard", on_click=_discard, args=(draft.id,))
        st.button("Continue", key="draft_continue", type="primary", on_click=on_continue, args=(draft,))


def note_owner(context: RequestContext) -> None:
    """Remember whose page this is, for `keep_for_owner`."""
    if context.may(keep_draft):
        st.session_state[_OWNER] = context.actor


def keep_for_owner(keep: Callable[[Actor], None]) -> None:
    """When the session has ended: what is on the page is still kept for the person who typed it, and for nobody else.

    `keep` does this for what is no form.
    """
    owner: Actor | None = st.session_state.get(_OWNER)
    if owner is None:
        return
    # The person is told that they are signed out, and not that there was something else as well.
    with suppress(KinsoError):
        keep(owner)
        for place, (form, seen) in st.session_state.get(_FORMS, {}).items():
            values = values_of(form)
            if _has_any_text(values):
                keep_draft(
                    current_application().store,
                    owner,
                    form.draft_id,
                    place,
                    {"values": values, "seen": seen},
                    customers=customers_at(place),
                )


def customers_at(place: str) -> list[str]:
    """The `_id` of the customer whom something typed at this place is about."""
    kind, _, rest = place.partition("/")
    return [rest.partition("/")[0]] if kind == "customer" and rest else []


def values_of(form: Form) -> dict[str, Any]:
    """What is in a form as far as it has reached the server."""
    start = form.key("")
    values = {
        str(key).removeprefix(start): value for key, value in st.session_state.items() if str(key).startswith(start)
    }
    return {name: _as_text(value) for name, value in values.items() if value is not None and name != "form"}


def number_in(values: Values, name: str) -> float | None:
    """A number that was typed; None for none."""
    with suppress(ValueError):
        return float(str(values.get(name, "")).replace(",", ""))
    return None


def day_in(values: Values, name: str) -> date | None:
    """A day that was typed; None for none."""
    with suppress(ValueError):
        return date.fromisoformat(str(values.get(name, "")))
    return None


def text_in(values: Values, name: str) -> str:
    """A text that was typed."""
    return str(values.get(name) or "")


def seen_in(draft: Draft) -> Any:
    """What was put beside the typed values as JSON."""
    return json.loads(draft.content.get("seen") or "null")


def _discard(id: str) -> None:
    context = current_context()
    end_draft(context.store, context.actor, id)


def _has_text(draft: Draft) -> bool:
    return "values" not in draft.content or _has_any_text(draft.content["values"])


def _has_any_text(values: Values) -> bool:
    given = {
        name: value
        for name, value in values.items()
        if name.rpartition("_")[2] not in {"soldAt", "quantity", "customerId"}
    }
    return any(value.strip() if isinstance(value, str) else bool(value) for value in given.values())


def _as_text(value: Any) -> Any:
    if isinstance(value, bool | str | list):
        return value
    return value.isoformat() if isinstance(value, date) else f"{value}"


def _age(moment: datetime) -> str:
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    if seconds < _MINUTE:
        return "just now"
    for unit, noun in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            return f"{counted(seconds // unit, noun)} ago"
    raise AssertionError
