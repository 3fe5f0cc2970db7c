"""Whether to delete some customers: who goes where and for how long, asked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import streamlit as st

from kinso.errors import NotFound, StaleVersion
from kinso.models.customers import Customer
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import delete_customer
from kinso.ui.customers.words import listed, named
from kinso.ui.feedback import celebrate, warn
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, money, plain


def draw_deletion(
    customers: Sequence[Customer],
    *,
    on_keep: Callable[[], None],
    on_delete: Callable[[], None],
    note: str = "",
) -> None:
    """Who goes where and for how long, and both answers; within a dialog."""
    st.markdown(listed(customers))
    if note:
        st.warning(note, icon=":material/edit_note:")
    shop = current_context().shop
    st.markdown(_what_leaves(customers, shop))
    kept = counted(shop.trash_days, "day")
    st.caption(f"Deleted customers go to the trash with their history, and can be restored from there for {kept}.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep", key="deletion_keep", on_click=on_keep)
        st.button(
            f"Delete {counted(len(customers), 'customer')}",
            key="deletion_confirm",
            type="primary",
            on_click=on_delete,
        )


def _what_leaves(customers: Sequence[Customer], shop: ShopSettings) -> str:
    """Which figures change by the deletion, and which do not."""
    total = sum((customer.purchase_amount for customer in customers), Decimal(0))
    amount = f", and their {plain(money(total, shop))} the total of what all spent" if total else ""
    return f"They leave the numbers of customers and members{amount}. What they bought stays in the revenue."


def delete_each(context: RequestContext, customers: Sequence[Customer]) -> list[Customer]:
    """From a callback: delete these as they were seen, tell how it went, and return who is gone now."""
    gone = [customer for customer in customers if _delete_one(context, customer)]
    if gone:
        who = named(gone[0]) if len(gone) == 1 else counted(len(gone), "customer")
        celebrate(f"{who} deleted.")
    return gone


def _delete_one(context: RequestContext, customer: Customer) -> bool:
    """Whether the customer is gone now, by us or by someone else."""
    try:
        delete_customer(context.store, context.actor, customer.id, version=customer.version)
    except StaleVersion:
        warn(f"{named(customer)} was changed by someone else meanwhile and not deleted; refresh and look again.")
        return False
    except NotFound:
        return True
    return True
