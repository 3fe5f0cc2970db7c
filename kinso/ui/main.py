"""The Streamlit script behind every page: who is there, where they can go, then the page itself."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from kinso.models.user import Permission
from kinso.services.csrf import csrf_token
from kinso.services.office import current_office
from kinso.ui.feedback import forget_shown_toasts, show_lost_toasts
from kinso.ui.finder import show_finder
from kinso.ui.links import leave_if_asked
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import plain

ASSETS = Path(__file__).parent / "assets"
_PAGES = Path(__file__).parents[2] / "pages"


def main() -> None:
    """Draw the page that was asked for."""
    st.set_page_config(page_title="Kinso", page_icon=str(ASSETS / "icon.svg"), layout="wide")
    visit = current_visit()
    st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
    if st.context.theme.type == "dark":
        st.html(ASSETS / "dark.css")
    page = st.navigation(_pages(visit))
    leave_if_asked()
    with st.sidebar:
        show_finder(page.url_path)
    _show_account(visit)
    if current_office().settings.in_memory:
        st.warning("Nothing is saved: this is a look at Kinso without a database.", icon=":material/warning:")
    show_lost_toasts()
    page.run()
    forget_shown_toasts()


def _pages(visit: Visit) -> dict[str, list[st.Page]]:
    shop = [
        _page("overview", "Overview", ":material/dashboard:", "The shop at a glance.", default=True),
        _page("customers", "Customers", ":material/group:", "Find, edit, select and download customers."),
    ]
    shop.append(_page("customer", "Customer", ":material/person:", "One customer.", hidden=True))
    if visit.may(Permission.CREATE):
        shop.append(_page("register", "Register", ":material/person_add:", "Register a new customer."))
    if visit.may(Permission.IMPORT):
        shop.append(_page("imports", "Import", ":material/upload_file:", "Customers or purchases from a CSV file."))
    shop.append(
        _page("membership", "Membership", ":material/loyalty:", "Decide the threshold and see whom it activates.")
    )
    shop.append(_page("history", "History", ":material/history:", "Who changed which customer, and the way back."))
    if visit.may(Permission.RESTORE):
        shop.append(_page("trash", "Trash", ":material/delete:", "Deleted customers, who can still be restored."))
    place = [_page("account", "My account", ":material/account_circle:", "Your name, password and sessions.")]
    if visit.may(Permission.USERS):
        place.append(_page("users", "Users", ":material/manage_accounts:", "Who may work with Kinso, in which role."))
    if visit.may(Permission.SETTINGS):
        place.append(_page("settings", "Settings", ":material/settings:", "Name, currency and time zone of the shop."))
    # A shop's name has no space at its end, so a shop that is called Account does not lose its pages.
    return {plain(visit.shop.shop_name): shop, "Account ": place}


def _page(name: str, title: str, icon: str, help_text: str, *, default: bool = False, hidden: bool = False) -> st.Page:
    return st.Page(
        _PAGES / f"{name}.py",
        title=title,
        icon=icon,
        url_path=name,
        help=help_text,
        default=default,
        visibility="hidden" if hidden else "visible",
    )


def _show_account(visit: Visit) -> None:
    with st.sidebar:
        st.caption(f"{plain(visit.user.name)} · {visit.user.role}")
        st.html(
            '<form method="post" action="/sign-out" target="_top">'
            f'<input type="hidden" name="csrf" value="{escape(csrf_token(visit.session_id))}">'
            '<button type="submit" style="all:unset;cursor:pointer;font-size:.9rem;text-decoration:underline;'
            'text-underline-offset:3px">Sign out</button></form>'
        )


main()
