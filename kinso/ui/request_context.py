"""Who is looking at the page, checked on the server every time it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from kinso.errors import NotSignedIn
from kinso.models.accounts import Actor, User
from kinso.models.shop import ShopSettings
from kinso.repository.store import Store
from kinso.services.accounts.sign_in import resume
from kinso.services.application import current_application
from kinso.services.permissions import may
from kinso.services.shop.settings import get_shop_settings


@dataclass(frozen=True)
class RequestContext:
    """A signed-in person and what is needed to serve them."""

    store: Store
    user: User
    actor: Actor
    session_id: str
    shop: ShopSettings

    def may(self, use_case: Callable[..., Any]) -> bool:
        """Whether to offer what the use case does."""
        return may(self.actor, use_case)


def current_context(*, in_use: bool = True) -> RequestContext:
    """The context of this rerun; raises `NotSignedIn` as soon as the session has ended or the account is switched off.

    Fragments, dialogs and callbacks run without the rest of the page, so each asks again; those that run by the clock
    are not `in_use`, so that a page left open does not keep its session alive.
    """
    session_id = st.user.get("session")
    if not isinstance(session_id, str):
        raise NotSignedIn()
    store = current_application().store
    user = resume(store, session_id, in_use=in_use)
    actor = user.acting("app")
    return RequestContext(store, user, actor, session_id, get_shop_settings(store, actor))
