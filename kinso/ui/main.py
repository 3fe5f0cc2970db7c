"""The Streamlit script behind every page: who is there, where they can go, then the page itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from kinso.errors import NotSignedIn
from kinso.models.accounts import Role, lowest_role
from kinso.services.accounts.secrets import csrf_token
from kinso.services.accounts.users import list_users
from kinso.services.application import current_application
from kinso.services.customers.editing import create_customer, keep_draft
from kinso.services.history.trash import list_trash
from kinso.services.permissions import permission_of
from kinso.services.shop.settings import save_shop_settings
from kinso.services.transfer.customer_imports import import_customers
from kinso.ui.browser import COMMA_AS_POINT, leave_if_asked, run_script, show_in_tab, sign_out_button
from kinso.ui.customers.page_state import close_panel, keep_typed_cells
from kinso.ui.drafts import keep_for_owner, note_owner
from kinso.ui.feedback import forget_shown_toasts, show_lost_toasts
from kinso.ui.finder import show_finder
from kinso.ui.history.run_panel import forget_reports
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import plain

ASSETS = Path(__file__).parent / "assets"
_ONLY_FOR = {Role.STAFF: "staff", Role.MANAGER: "managers", Role.ADMIN: "administrators"}
_SHOWN = "page_shown"
_PAGES = Path(__file__).parents[2] / "pages"


def main() -> None:
    """Draw the page that was asked for."""
    st.set_page_config(page_title="Kinso", page_icon=str(ASSETS / "icon.svg"), layout="wide")
    context = _context_or_keep_typed()
    st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
    st.html(ASSETS / "page.css")
    if st.context.theme.type == "dark":
        st.html(ASSETS / "dark.css")
    page = st.navigation(_pages(context))
    _note_page(page.url_path)
    show_in_tab(page.title)
    leave_if_asked()
    show_finder(page.url_path)
    _show_account(context)
    if current_application().settings.in_memory:
        st.warning("Nothing is saved: this is a look at Kinso without a database.", icon=":material/warning:")
    show_lost_toasts()
    page.run()
    # At the end, where the place that it takes is not seen.
    run_script(COMMA_AS_POINT)
    forget_shown_toasts()


def _note_page(path: str) -> None:
    if st.session_state.get(_SHOWN) != path:
        st.session_state[_SHOWN] = path
        forget_reports()
        close_panel()


def _context_or_keep_typed() -> RequestContext:
    """The request context; what is in the grid is kept first, also for somebody whose session has just ended."""
    try:
        context = current_context()
    except NotSignedIn:
        keep_for_owner(keep_typed_cells)
        raise
    note_owner(context)
    if context.may(keep_draft):
        keep_typed_cells(context.actor)
    return context


def _pages(context: RequestContext) -> dict[str, list[st.Page]]:
    page = partial(_page, context)
    shop = [
        page("overview", "Overview", ":material/dashboard:", "The shop at a glance.", default=True),
        page("customers", "Customers", ":material/group:", "Find, edit, select and download customers."),
        page("customer", "Customer", ":material/person:", "One customer.", hidden=True),
        page("register", "Register", ":material/person_add:", "Register a new customer.", create_customer),
        page("imports", "Import", ":material/upload_file:", "Files of customers or purchases.", import_customers),
        page("duplicates", "Duplicates", ":material/people:", "Customers who may be the same person."),
        page("membership", "Membership", ":material/loyalty:", "Decide the threshold and see whom it activates."),
        page("history", "History", ":material/history:", "Who changed which customer; undo it here."),
        page("trash", "Trash", ":material/delete:", "Who was deleted can be restored.", list_trash),
    ]
    place = [
        page("account", "My account", ":material/account_circle:", "Your name, password and sessions."),
        page("users", "Users", ":material/manage_accounts:", "Who may work with Kinso.", list_users),
        page(
            "settings",
            "Settings",
            ":material/settings:",
            "Country, currency, time zone, trash and backups.",
            save_shop_settings,
        ),
    ]
    # A shop's name has no space at its end, so a shop that is called Account does not lose its pages.
    return {plain(context.shop.shop_name): shop, "Account ": place}


def _page(
    context: RequestContext,
    name: str,
    title: str,
    icon: str,
    help_text: str,
    needed: Callable[..., Any] | None = None,
    *,
    default: bool = False,
    hidden: bool = False,
) -> st.Page:
    """A page; of one for which the role may not do `needed`, only what a colleague's link leads to."""
    is_allowed = needed is None or context.may(needed)
    only_for = f"Only for {_ONLY_FOR[lowest_role(permission_of(needed))]}" if needed else ""
    return st.Page(
        _PAGES / f"{name}.py" if is_allowed else _refusal(only_for),
        title=title if is_allowed else only_for,
        icon=icon,
        url_path=name,
        help=help_text if is_allowed else None,
        default=default,
        visibility="visible" if is_allowed and not hidden else "hidden",
    )


def _refusal(title: str) -> Callable[[], None]:
    def refuse() -> None:
        st.title(title, anchor=False)
        role = current_context().user.role
        st.warning(
            f"The role {role} may not open this page; ask an administrator for the permission.", icon=":material/lock:"
        )

    return refuse


def _show_account(context: RequestContext) -> None:
    with st.sidebar:
        st.caption(f"{plain(context.user.name)} · {context.user.role}")
        sign_out_button(csrf_token(context.session_id))


main()
