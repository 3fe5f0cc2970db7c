"""The one dialog that is open on a customer's page, if any."""

from __future__ import annotations

from kinso.models.customers import Customer
from kinso.ui.customer.card import Card, Deletion, Editing, MembershipChange, PurchaseForm, RefundForm
from kinso.ui.customer.editing import ask_to_edit
from kinso.ui.customer.membership import ask_to_change
from kinso.ui.customer.purchase import ask_for_purchase
from kinso.ui.customer.refund import ask_for_refund
from kinso.ui.customer.removal import ask_to_delete, ask_to_erase
from kinso.ui.trash.erasing import Erasure


def show_question(card: Card, customer: Customer) -> None:
    """Draw it; call it once, last."""
    match card.question:
        case PurchaseForm() as form:
            ask_for_purchase(form, customer)
        case RefundForm() as form:
            ask_for_refund(form, customer)
        case Editing() as editing:
            ask_to_edit(editing, customer)
        case MembershipChange() as change:
            ask_to_change(change)
        case Deletion() as deletion:
            ask_to_delete(deletion)
        case Erasure() as erasure:
            ask_to_erase(erasure)
