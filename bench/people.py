"""Invented customers, as different from each other as a million real ones: the samples repeat names and numbers."""

import random
import re
from decimal import Decimal

from kinso.models.customers import CustomerDraft
from kinso.services.shop.sample_people import sample_id, sample_person

_PHONE = re.compile(r"[+(0০][^,a-zA-Z]*")
_DIGIT = re.compile(r"\d")
_LATIN_TO_BENGALI = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_FIRST, _NUMBERS, _SPREAD = 2_000_000, 8_000_000, 7919
"""Seven digits that begin with no 0 or 1, in another order than the customers; the last of these has no divisor of the
second, so that no number comes twice."""
_BEGINNINGS = (
    *("Ash", "Bar", "Bel", "Bran", "Cal", "Dor", "Ed", "Fal", "Gar", "Hal", "Ing", "Kel", "Lan", "Mar", "Nor", "Os"),
    *("Pen", "Ral", "Sel", "Thor", "Ul", "Ver", "Wel", "Yar"),
)
_ENDS = (
    *("by", "den", "ford", "gate", "ham", "ley", "low", "man", "mont", "ner", "rick", "son", "stead", "ton", "vik"),
    *("well", "wood", "worth", "ström", "berg"),
)


def person(number: int) -> CustomerDraft:
    """The customer with this number, which counts from 1, before any purchase: the same one every time."""
    sample = sample_person(number).draft
    chance = random.Random(number)
    second_family = chance.choice(_BEGINNINGS) + chance.choice(_ENDS)
    changes = {
        "customer_id": sample_id(number),
        "customer_name": f"{sample.customer_name} {second_family}",
        "contact_info": _with_own_number(sample.contact_info, number),
        "purchase_amount": Decimal("0.00"),
        "membership_status": False,
    }
    return sample.model_copy(update=changes)


def _with_own_number(contact: str, number: int) -> str:
    """The contact with other digits at the end of its phone number, if it begins with one."""
    found = _PHONE.match(contact)
    if found is None:
        return contact
    own = iter(reversed(str(_FIRST + number * _SPREAD % _NUMBERS)))
    backwards = _DIGIT.sub(lambda digit: _alike(digit[0], next(own, digit[0])), found[0][::-1])
    return backwards[::-1] + contact[found.end() :]


def _alike(digit: str, other: str) -> str:
    """The other digit in the script of the first one."""
    return other if digit.isascii() or not other.isascii() else other.translate(_LATIN_TO_BENGALI)
