"""What counts as acceptable typed text."""

from __future__ import annotations

import unicodedata
from typing import Any

_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_HALF_A_CHARACTER = "Cs"
_FORMAT = "Cf"
_JOINERS = frozenset("\u200c\u200d")
"""Letters' business in Persian, in Indian scripts and in many emoji."""
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    chr(code) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for code in range(first, last + 1)
)
"""Letters and marks that show nothing by themselves."""


def clean_text(value: Any, *, shortest: int, longest: int, is_id: bool = False) -> str:
    """Trimmed text in Unicode's composed form; raises ValueError with a sentence part that follows the field's name.

    Lengths are counted in code points after trimming, the shortest one without what shows nothing. An ID holds nothing
    of that kind at all, for two that look the same would be of two customers.
    """
    if not isinstance(value, str):
        raise ValueError("must be text")
    text = unicodedata.normalize("NFC", value).strip()
    is_plain = text.isascii() and text.isprintable()
    shown = len(text) if is_plain else sum(not shows_nothing(character) for character in text)
    if not shown:
        raise ValueError("is required")
    if shown < shortest:
        raise ValueError(f"is too short; use at least {shortest} characters")
    if len(text) > longest:
        raise ValueError(f"is too long; use at most {longest} characters")
    if is_plain:
        return text
    allowed = frozenset() if is_id else _JOINERS | _BLANKS
    for character in text:
        if _is_never_stored(character) or (shows_nothing(character) and character not in allowed):
            raise ValueError("contains a line break or an invisible control character; remove it")
    return text


def clean_lines(value: Any, *, longest: int) -> str:
    """Any number of lines, each as `clean_text` makes it; what is empty at either end goes."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    lines = [line.strip() for line in value.splitlines()]
    text = "\n".join(clean_text(line, shortest=1, longest=longest) if line else "" for line in lines).strip()
    if len(text) > longest:
        raise ValueError(f"is too long; use at most {longest} characters")
    return text


def searchable(text: str) -> str:
    """Pasted text with a space for each break, and without what no stored text holds.

    Format characters can make one text look like another, but for the joiners, which some scripts need.
    """
    kept = []
    for character in text:
        if unicodedata.category(character) in _BREAKS:
            kept.append(" ")
        elif not _is_never_stored(character):
            kept.append(character)
    return "".join(kept)


def _is_never_stored(character: str) -> bool:
    category = unicodedata.category(character)
    return category in {*_BREAKS, _HALF_A_CHARACTER} or (category == _FORMAT and character not in _JOINERS)


def shows_nothing(character: str) -> bool:
    """Whether nothing of it is seen, whatever stands beside it."""
    return character in _BLANKS or unicodedata.category(character) == _FORMAT
