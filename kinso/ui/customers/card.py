"""What a person has open on the page of one customer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from secrets import choice
from threading import RLock

import streamlit as st

from kinso.models.customers import Customer
from kinso.repository.documents import new_id
from kinso.ui.customers.grid_state import Row, new_serial
from kinso.ui.drafts import forget_draft
from kinso.ui.history.listing import Asked
from kinso.ui.history.trash import Erasure

_CARD = "customer_card"
_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Not to be mixed up when they are read aloud or from paper."""


def _new_number(kind: str) -> str:
    return f"{kind}-{''.join(choice(_SIGNS) for _ in range(10))}"


@dataclass(frozen=True)
class Difference:
    """What was paid beside what the items come to."""

    items: Decimal
    paid: Decimal

    @property
    def name(self) -> str:
        """The field that it is kept in."""
        return "discount" if self.paid < self.items else "surcharge"

    @property
    def amount(self) -> Decimal:
        """How much it is."""
        return abs(self.paid - self.items)


@dataclass
class PurchaseForm:
    """A purchase that is being entered; sent twice under the same `sale_id`, it is recorded once.

    `items` are the serials of the item rows on screen, `filled` the total of theirs that was put into the amount.
    `shown` is the difference between the two that the person has seen: no other one is recorded.
    """

    sale_id: str = field(default_factory=lambda: _new_number("S"))
    items: list[int] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    filled: str | None = None
    shown: Difference | None = None
    serial: int = field(default_factory=new_serial)

    @property
    def draft_id(self) -> str:
        """The ID of the sale: restored and sent again, it is still recorded once."""
        return self.sale_id

    def key(self, name: str) -> str:
        """The widget key of a field."""
        return f"purchase_{self.serial}_{name}"

    @property
    def amount_key(self) -> str:
        """Of the amount; another input than before as soon as there are items, because their total goes into it."""
        return self.key("total" if self.items else "amount")


@dataclass
class RefundForm:
    """A refund that is being entered, for `sale_id` to begin with."""

    sale_id: str | None = None
    refund_id: str = field(default_factory=lambda: _new_number("R"))
    errors: dict[str, str] = field(default_factory=dict)
    serial: int = field(default_factory=new_serial)

    @property
    def draft_id(self) -> str:
        """The ID of the refund: restored and sent again, it is still recorded once."""
        return self.refund_id

    def key(self, name: str) -> str:
        """The widget key of a field."""
        return f"refund_{self.serial}_{name}"


@dataclass
class Editing:
    """The facts being edited; `row` holds what the person saw, what they typed over it and what is wrong with that.

    `serial` names what is on screen: the form, or a question about conflicts. After each answer it is another one, so
    that nothing counts as typed that an earlier form showed, and a second click on an answer does nothing.
    """

    row: Row
    serial: int = field(default_factory=new_serial)
    draft_id: str = field(default_factory=new_id)

    def draw_anew(self) -> None:
        """Put a form with the present values in place of the one on screen."""
        self.serial = new_serial()

    def key(self, name: str) -> str:
        """The widget key of a field."""
        return f"editing_{self.serial}_{name}"


@dataclass(frozen=True)
class MembershipChange:
    """Whether to make this customer, as seen, a member or a non-member."""

    customer: Customer
    membership_status: bool


@dataclass(frozen=True)
class Deletion:
    """Whether to delete this customer, as seen."""

    customer: Customer


Question = PurchaseForm | RefundForm | Editing | MembershipChange | Deletion | Erasure


@dataclass
class Card:
    """Lives while the tab's session shows this customer (by `_id`); `news` is good news that stays on the page.

    `undoing` is a change that is to be undone.
    """

    id: str
    question: Question | None = None
    undoing: Asked | None = None
    news: str = ""
    lock: RLock = field(default_factory=RLock, repr=False)

    def ask(self, question: Question | None) -> None:
        """From a callback: have a dialog opened, or with None closed; what was typed into the present one is over."""
        forget_draft(self.question)
        self.question, self.news = question, ""


def open_card(id: str) -> tuple[Card, bool]:
    """The card of a customer, and whether it is a new one because another customer was shown before."""
    card: Card | None = st.session_state.get(_CARD)
    if card is not None and card.id == id:
        return card, False
    st.session_state[_CARD] = Card(id)
    return st.session_state[_CARD], True


@contextmanager
def at_card() -> Iterator[Card]:
    """From a callback: the card for one run alone.

    When a person clicks again while the page still works on their first click, Streamlit runs both at once.
    """
    card: Card = st.session_state[_CARD]
    with card.lock:
        yield card


def close_question() -> None:
    """From a callback within a dialog: close it, nothing was done."""
    with at_card() as card:
        card.ask(None)
    st.rerun()
