"""Name, country, currency, time zone, trash and backups of the shop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st
from babel.core import get_global
from babel.numbers import get_currency_name

from kinso.models.shop import ShopSettings, country_names
from kinso.models.validation import LABELS, parse
from kinso.services.shop.settings import guess_country, save_shop_settings
from kinso.ui.accounts.dialogs import begin_form, problems_beside_fields, show_problem
from kinso.ui.feedback import celebrate
from kinso.ui.lists import show_mirror
from kinso.ui.request_context import current_context
from kinso.ui.shop import show_decisions
from kinso.ui.transfer.backups import show_backups
from kinso.ui.wording import LOCALE, currency_sign

FORM = "settings"
SHOWN = "settings_shown"
FIELDS = {
    "shopName": "shop_name",
    "country": "shop_country",
    "currency": "shop_currency",
    "timeZone": "shop_time_zone",
    "trashDays": "shop_trash_days",
    "dailyBackups": "shop_daily_backups",
    "backupHour": "shop_backup_hour",
    "backupDays": "shop_backup_days",
}


# Time zones that are another one on each machine.
NO_PLACES = {"localtime", "Factory"}


@st.cache_data(show_spinner=False)
def currencies_in_use() -> list[str]:
    """Codes of the currencies that are legal tender somewhere today, by name."""
    used = {
        code
        for currencies in get_global("territory_currencies").values()
        for code, _since, until, is_tender in currencies
        if until is None and is_tender
    }
    return sorted(used, key=currency_in_words)


def currency_in_words(code: str) -> str:
    """`Bangladeshi Taka (BDT, ৳)`."""
    symbol = currency_sign(code)
    signs = code if symbol == code else f"{code}, {symbol}"
    return f"{get_currency_name(code, locale=LOCALE)} ({signs})"


def country_in_words(code: str) -> str:
    """`Bangladesh`."""
    return country_names().get(code, code) or "Not set"


def zone_in_words(name: str) -> str:
    """`Asia/Dhaka (UTC+06:00)`, with today's offset."""
    offset = datetime.now(UTC).astimezone(ZoneInfo(name)).strftime("%z")
    return f"{name} (UTC{offset[:3]}:{offset[3:5]})"


def with_current(options: Sequence[str], current: str) -> list[str]:
    """The options, and what is set now even if it is none of them."""
    return [*options] if current in options else [current, *options]


def show_form(shop: ShopSettings) -> None:
    """All settings at once."""
    context = current_context()
    countries = with_current(["", *country_names()], shop.country)
    currencies = with_current(currencies_in_use(), shop.currency)
    zones = with_current(sorted(available_timezones() - NO_PLACES), shop.time_zone)
    if FIELDS["shopName"] not in st.session_state:
        st.session_state[SHOWN] = shop
    with st.form("shop", width=640):
        begin_form(FORM, FIELDS["shopName"])
        st.text_input("Shop name", value=shop.shop_name, key=FIELDS["shopName"], max_chars=80)
        show_problem(FORM, "shopName")
        st.selectbox(
            LABELS["country"],
            countries,
            index=countries.index(shop.country or guess_country(context.store, context.actor)),
            format_func=country_in_words,
            key=FIELDS["country"],
            help="Phone numbers without the code of a country are numbers of this one.",
        )
        show_problem(FORM, "country")
        st.selectbox(
            "Currency",
            currencies,
            index=currencies.index(shop.currency),
            format_func=currency_in_words,
            key=FIELDS["currency"],
            help="Only the sign changes: amounts are not converted.",
        )
        show_problem(FORM, "currency")
        st.selectbox(
            "Time zone",
            zones,
            index=zones.index(shop.time_zone),
            format_func=zone_in_words,
            key=FIELDS["timeZone"],
            help="It decides when a day and a month begin, and which time is shown.",
        )
        show_problem(FORM, "timeZone")
        st.number_input(
            LABELS["trashDays"],
            value=shop.trash_days,
            step=1,
            key=FIELDS["trashDays"],
            help="For so long deleted customers can be restored; then they are removed for good.",
        )
        show_problem(FORM, "trashDays")
        show_backup_settings(shop)
        show_problem(FORM)
        st.caption("The membership threshold is decided on the membership page.")
        st.form_submit_button("Save settings", type="primary", on_click=save)


def show_backup_settings(shop: ShopSettings) -> None:
    """Whether, when, and for how long."""
    st.toggle(
        LABELS["dailyBackups"],
        value=shop.daily_backups,
        key=FIELDS["dailyBackups"],
        help="Also later that day, when Kinso was not running at the time.",
    )
    at, kept = st.columns(2)
    with at:
        st.selectbox(
            LABELS["backupHour"],
            range(24),
            index=shop.backup_hour,
            format_func="{:02d}:00".format,
            key=FIELDS["backupHour"],
            help="In the time zone of the shop.",
        )
    with kept:
        st.number_input(
            LABELS["backupDays"],
            value=shop.backup_days,
            step=1,
            key=FIELDS["backupDays"],
            help="Older ones are removed once there is a new one.",
        )
        show_problem(FORM, "backupDays")


def save() -> None:
    """Store what was typed; it is used from the next moment on."""
    context = current_context()
    with problems_beside_fields(FORM):
        shown: ShopSettings = st.session_state[SHOWN]
        before = shown.model_dump(by_alias=True)
        typed = {name: st.session_state[key] for name, key in FIELDS.items()}
        # What was not touched is not sent, so that what a colleague saved meanwhile stays.
        changes = {name: value for name, value in typed.items() if value != before[name]}
        st.session_state[SHOWN] = save_shop_settings(context.store, context.actor, parse(ShopSettings, changes))
        celebrate("Settings saved.")


context = current_context()
st.title("Settings", anchor=False)
show_form(context.shop)
show_backups(context)
show_mirror(context)
show_decisions("What was changed", FIELDS, context)
