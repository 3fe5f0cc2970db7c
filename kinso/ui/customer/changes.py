"""The history of one customer on their page, with the way back of each change."""

from __future__ import annotations

from kinso.models.customers import Customer
from kinso.models.history import Change
from kinso.ui.customer.card import Card, at_card
from kinso.ui.history.customer import draw_history
from kinso.ui.history.filters import HISTORY
from kinso.ui.history.taking_back import Asked, take_back
from kinso.ui.links import go_to
from kinso.ui.visit import Visit


def draw_changes(card: Card, customer: Customer, visit: Visit) -> None:
    """The latest changes, or the question whether to take one back."""
    draw_history(
        customer,
        visit,
        card.undoing,
        on_ask=_ask,
        on_keep=_keep,
        on_take_back=_take_back,
        on_leave=_leave,
    )


def _ask(change: Change) -> None:
    with at_card() as card:
        card.undoing = Asked(change)


def _keep() -> None:
    with at_card() as card:
        card.undoing = None


def _take_back(asked: Asked) -> None:
    with at_card() as card:
        # A second click while the first one is at work finds nothing to do.
        if card.undoing == asked:
            card.undoing = None
            card.undoing = take_back(asked)


def _leave(customer: Customer) -> None:
    go_to(HISTORY, of=customer.id)
