"""What is typed into a form and not saved, sent by the page while it is typed."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kinso.errors import DatabaseUnavailable, InvalidInput
from kinso.models.accounts import Actor
from kinso.services.application import current_application
from kinso.services.customers.editing import keep_draft
from kinso.services.permissions import may
from kinso.web.error_pages import short
from kinso.web.threads import look_up

_LARGEST_BODY = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_PLACE = re.compile(r"register|adding|customer/([0-9a-fA-F]{24})/(purchase|refund|edit)")
_LONGEST_NAME = 80
_UNREADABLE = "This is no draft of a form."


async def save_draft(request: Request) -> Response:
    """POST /draft `{id, place, seen, values}`: instead of what was kept of this form; 409 when the form is done."""
    actor: Actor = request.state.user.acting("app")
    if not may(actor, keep_draft):
        return short("Your role does not allow this.", status=403)
    sent = await _read(request)
    if sent is None:
        return short(_UNREADABLE, status=400)
    try:
        is_kept = await look_up(_keep, actor, sent)
    except InvalidInput as error:
        return short(error.message, status=413)
    except DatabaseUnavailable as error:
        return short(error.message, status=503)
    return Response(status_code=204 if is_kept else 409, headers={"Cache-Control": "no-store"})


def _keep(actor: Actor, sent: dict[str, Any]) -> bool:
    about = _PLACE.fullmatch(sent["place"])
    customers = [about[1]] if about and about[1] else []
    content = {"values": sent["values"], "seen": sent["seen"]}
    return keep_draft(current_application().store, actor, sent["id"], sent["place"], content, customers=customers)


async def _read(request: Request) -> dict[str, Any] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    try:
        sent = json.loads(body)
    except ValueError:
        return None
    return sent if _is_draft(sent) else None


def _is_draft(sent: Any) -> bool:
    return (
        isinstance(sent, dict)
        and sent.keys() == {"id", "place", "seen", "values"}
        and all(isinstance(sent[name], str) for name in ("id", "place", "seen"))
        and bool(_ID.fullmatch(sent["id"]) and _PLACE.fullmatch(sent["place"]))
        and isinstance(sent["values"], dict)
        and all(len(name) <= _LONGEST_NAME and isinstance(value, str | bool) for name, value in sent["values"].items())
    )
