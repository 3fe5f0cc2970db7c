"""What is known about a customer, with a contact that can be clicked where it plainly is one."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from kinso.models.customers import Customer
from kinso.models.validation import LABELS
from kinso.ui.customers.desk import current_desk
from kinso.ui.customers.words import value_in_words
from kinso.ui.visit import Visit
from kinso.ui.wording import counted, moment

_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().\-]{4,24}")
_FEWEST_DIGITS, _MOST_DIGITS = 5, 15
_LINK = '<a href="{address}" style="color:inherit;text-underline-offset:3px">{text}</a>'


def draw_facts(customer: Customer, visit: Visit) -> None:
    """Contact, dates, and a word about what waits unsaved in the list."""
    st.caption(LABELS["contactInfo"])
    address = contact_address(customer.contact_info)
    if address:
        st.html(_LINK.format(address=escape(address), text=escape(customer.contact_info)))
    else:
        st.text(value_in_words("contactInfo", customer.contact_info, visit.shop))
    for name, value in (("createdAt", customer.created_at), ("updatedAt", customer.updated_at)):
        st.caption(LABELS[name])
        st.text(moment(value, visit.shop))
    sheet = current_desk().sheet
    row = sheet.find(customer.id) if sheet else None
    pending = len(sheet.pending(row)) if sheet and row else 0
    if pending:
        st.caption(f":material/edit_note: {counted(pending, 'unsaved change')} of yours in the list of customers.")


def contact_address(contact: str) -> str | None:
    """Where a contact leads that is nothing but an e-mail address or a phone number: `mailto:…` or `tel:…`."""
    if _EMAIL.fullmatch(contact):
        return f"mailto:{contact}"
    digits = "".join(character for character in contact if character in "0123456789")
    if _PHONE.fullmatch(contact) and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return f"tel:{'+' if contact.startswith('+') else ''}{digits}"
    return None
