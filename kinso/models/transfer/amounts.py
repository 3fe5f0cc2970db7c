"""Amounts in the cells of files, as people and spreadsheets write them, in the digits of any script.

What cannot be understood raises ValueError with a sentence part that follows the field's name.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import cache

from babel.core import get_global

from kinso.models.money import check_amount
from kinso.models.transfer.cells import ascii_digits, shortened

_BETWEEN_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f\u2009'’](?=\d{3}(?!\d))")
_POINT_AMOUNT = re.compile(r"(\d+|[1-9]\d{0,2}(,\d{3})+|[1-9]\d?(,\d{2})*,\d{3})(\.\d+)?")
"""1250.5, 1,250.50 and, as in South Asia, 1,25,000.50."""
_COMMA_AMOUNT = re.compile(r"(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?")
_THOUSANDS_OR_THREE_DECIMALS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_SIGNS = str.maketrans({"−": "-", "﹣": "-", "－": "-", "‐": "-", "–": "-", "٫": ".", "٬": ",", "．": ".", "，": ","})
_WITH_CURRENCY = re.compile(r"(?P<before>[^\d(,-]*)(?P<number>\d(?:.*\d)?)(?P<after>[^\d)]*)", re.DOTALL)
_SIGNS_OF_LETTERS = """
    tk taka rs re inr kr zł kč ft lei fr rp rm руб р грн лв din дин km br sh ksh tsh ush dh dhs sr qr kd bd r টাকা रु रू
    円 元 원 د.إ د.ك ر.س ر.ق ج.م usd eur euro euros gbp chf bdt jpy
"""
_WORDS = frozenset(_SIGNS_OF_LETTERS.split())
"""Codes such as USD are known beside these."""
_LONGEST_PREFIX = 3
"""Of letters before a sign, as in US$."""
_AFTER_ROUND_AMOUNTS = ("/-", "/=", "-/", ",-", ".-", ",–", ".–", ",--")
_NOT_AN_AMOUNT = "“{}” is not a plain number; write it like 1250.50"
_TWO_READINGS = "“{}” can be read in two ways; write it like 1250.50"


def read_amount(text: str, delimiter: str) -> Decimal:
    """An amount as people write it, with the sign of a currency or without.

    What could be thousands as well as three decimals is refused, but for 1,250 between quotes in a file whose columns
    are separated by commas.
    """
    return check_amount(read_number(text, delimiter))


def read_number(text: str, delimiter: str) -> Decimal:
    """A number as `read_amount` reads it, which may be negative: -5, $-5, (5.00)."""
    number, is_negative = _bare(text)
    if _THOUSANDS_OR_THREE_DECIMALS.fullmatch(number) and not ("," in number and delimiter == ","):
        raise ValueError(_TWO_READINGS.format(shortened(text)))
    plain = Decimal(_with_point(number, text))
    return -plain if is_negative else plain


def _with_point(number: str, text: str) -> str:
    if _POINT_AMOUNT.fullmatch(number):
        return number.replace(",", "")
    if _COMMA_AMOUNT.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    raise ValueError(_NOT_AN_AMOUNT.format(shortened(text)))


def _bare(text: str) -> tuple[str, bool]:
    """The digits with their marks, and whether a minus sign or, as in accounts, brackets stood around them."""
    written = ascii_digits(text.translate(_SIGNS)).strip()
    for ending in _AFTER_ROUND_AMOUNTS:
        written = written.removesuffix(ending).rstrip()
    in_brackets = written.startswith("(") and written.endswith(")")
    inner = written[1:-1].strip() if in_brackets else written
    minus = inner.count("-")
    found = _WITH_CURRENCY.fullmatch(_without_minus(inner)) if minus <= 1 else None
    if not found or not all(_is_currency(found[side]) for side in ("before", "after")):
        raise ValueError(_NOT_AN_AMOUNT.format(shortened(text)))
    return _BETWEEN_THOUSANDS.sub("", found["number"]), in_brackets != bool(minus)


def _without_minus(text: str) -> str:
    """Without the minus sign where one may stand: at the start, after the currency, or at the end."""
    if text.startswith("-") or text.endswith("-"):
        return text.strip("-").strip()
    head, minus, tail = text.partition("-")
    return head + tail if minus and _is_currency(head) else text


def _is_currency(text: str) -> bool:
    """Whether this is a currency or nothing at all; a point belongs to it only after a letter, as in Rs."""
    sign = text.strip()
    if sign.endswith("."):
        sign = sign.removesuffix(".")
        if not sign[-1:].isalpha():
            return False
    if not sign or sign.casefold() in _WORDS or sign in _codes():
        return True
    letters = "".join(each for each in sign if unicodedata.category(each) != "Sc")
    return len(letters) == len(sign) - 1 and len(letters) <= _LONGEST_PREFIX and (not letters or letters.isalpha())


@cache
def _codes() -> frozenset[str]:
    return frozenset(get_global("all_currencies"))
