"""A customer who may be the same person as one who is about to be registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kinso.models.customer import Customer

Alike = Literal["id", "phone", "email", "contact", "name", "similar name"]
"""What two of them have in common, from the strongest evidence to the weakest."""

_WORDS: dict[Alike, tuple[str, str]] = {
    "id": ("customerId", "this ID but for leading zeros"),
    "phone": ("contactInfo", "the same phone number"),
    "email": ("contactInfo", "the same e-mail address"),
    "contact": ("contactInfo", "the same contact"),
    "name": ("customerName", "the same name"),
    "similar name": ("customerName", "nearly the same name"),
}


@dataclass(frozen=True)
class LikelyTwin:
    """`alike` is the strongest of what they have in common."""

    customer: Customer
    alike: Alike

    @property
    def field(self) -> str:
        """The stored name of the field that is alike."""
        return _WORDS[self.alike][0]

    @property
    def has(self) -> str:
        """What they have in common, to go on with after “has”."""
        return _WORDS[self.alike][1]

    @property
    def message(self) -> str:
        """One sentence."""
        return f"{self.customer.customer_name} ({self.customer.customer_id}) has {self.has}."
