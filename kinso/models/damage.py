"""What a spreadsheet leaves of an ID or a phone number that it took for a number."""

from __future__ import annotations

import re

from kinso.models.folding import fold

_SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+e[+-]?|e[+-])\d{1,3}")
"""With a decimal or a sign; without them, as in 12E5, it may well be an ID."""
_NUMBER_ALONE = re.compile(r"\d+e\d{1,3}")
_WITH_DECIMALS = re.compile(r"\d{7,}[.,]0+")
_PLACEHOLDER = re.compile(r"#{3,}|#(?:n/a|ref!|value!|name\?|div/0!|num!|null!|spill!|calc!)")

_SCIENTIFIC = "looks damaged by a spreadsheet (scientific notation); type it in full"
_DECIMALS = "looks damaged by a spreadsheet (a number with decimals); type it without them"
_EMPTY = "is what a spreadsheet shows instead of a value; type it in full"


def check_id(text: str) -> str:
    """The ID as it is; raises ValueError with a sentence part when nothing but damage can have made it."""
    return _checked(text, (_SHORTENED, _SCIENTIFIC), (_PLACEHOLDER, _EMPTY))


def check_contact(text: str) -> str:
    """The same for a contact, which no short number in scientific notation can be either."""
    for part in (text, *text.split()):
        _checked(part, (_SHORTENED, _SCIENTIFIC), (_PLACEHOLDER, _EMPTY))
    return _checked(text, (_NUMBER_ALONE, _SCIENTIFIC), (_WITH_DECIMALS, _DECIMALS))


def _checked(text: str, *kinds: tuple[re.Pattern[str], str]) -> str:
    folded = fold(text).strip(",;")
    for pattern, sentence in kinds:
        if pattern.fullmatch(folded):
            raise ValueError(sentence)
    return text
