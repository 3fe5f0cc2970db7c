"""Who is meant by what somebody typed to find a person: what of it is a name, what a way to reach them."""

from __future__ import annotations

import re

from kinso.models.phones import FEWEST_DIGITS, digits_of

_OF_A_NUMBER = re.compile(r"(?:tel:)?[+(]*\d[\d().\-/]*|[()\-/]+", re.IGNORECASE)


def name_and_contact(text: str) -> tuple[str, str]:
    """`Ada Lovelace 01711 234567` is a name and a phone number; either may be empty."""
    words = text.split()
    numbers = [word for word in words if _OF_A_NUMBER.fullmatch(word)]
    has_number = len(digits_of(" ".join(numbers))) >= FEWEST_DIGITS
    reached = [word for word in words if "@" in word or (has_number and word in numbers)]
    name = " ".join(word for word in words if word not in reached)
    return name.strip(" ,;"), " ".join(reached).strip(" ,;")
