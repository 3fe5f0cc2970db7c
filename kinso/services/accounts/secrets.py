"""Secrets: what the database keeps of them, proof that a form is ours, and the log of who got in."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging


def csrf_token(session_id: str) -> str:
    """The hidden field `csrf` of forms that a signed-in person submits, such as the one for POST /sign-out."""
    return _derive(session_id, "session")


def is_csrf_token(session_id: str, token: str) -> bool:
    """Whether the token belongs to the session."""
    return _equal(csrf_token(session_id), token)


def form_token(nonce: str) -> str:
    """The hidden field `csrf` of a form that is shown before there is a session."""
    return _derive(nonce, "form")


def is_form_token(nonce: str | None, token: str) -> bool:
    """Whether the token belongs to the nonce that the browser keeps in its cookie."""
    return bool(nonce) and _equal(form_token(nonce or ""), token)


def is_same_origin(*, origin: str | None, fetch_site: str | None, host: str | None, secure: bool) -> bool | None:
    """Whether a request comes from one of our own pages, by its headers of these names; None when it does not say.

    Browsers send `Origin` or `Sec-Fetch-Site` with whatever may change something. Who says nothing is a program, or a
    browser so old that only a token can tell whether its person meant it. `secure` means that the browser speaks https,
    as far as that can be told: behind a proxy that does not tell, a browser that says `same-origin` is believed.
    """
    if fetch_site is not None and fetch_site not in {"same-origin", "none"}:
        return False
    if origin is not None:
        scheme, _, place = origin.lower().partition("://")
        is_our_scheme = fetch_site == "same-origin" or scheme == ("https" if secure else "http")
        return bool(host) and place == (host or "").lower() and is_our_scheme
    return None if fetch_site is None else True


def _derive(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode("utf-8", "surrogatepass"), f"kinso {purpose}".encode(), hashlib.sha256).hexdigest()


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def hash_of(secret: str) -> str:
    """Enough to know a secret again; plain SHA-256 will do, because secrets are random and long."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_log = logging.getLogger("kinso.security")


def note(event: str, **facts: str | int | None) -> None:
    """Write one event down; text that came from outside cannot begin a line of its own."""
    _log.info("%s", json.dumps({"event": event, **facts}))
