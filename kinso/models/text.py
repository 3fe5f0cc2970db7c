"""What counts as acceptable typed text."""

from __future__ import annotations

import unicodedata
from typing import Any

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""They can make one text look like another; right-to-left names do not need them."""
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_HALF_A_CHARACTER = "Cs"


def clean_text(value: Any, *, shortest: int, longest: int) -> str:
    """Trimmed text in Unicode's composed form; raises ValueError with a sentence part that follows the field's name.

    Lengths are counted in code points after trimming.
    """
    if not isinstance(value, str):
        raise ValueError("must be text")
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise ValueError("is required")
    if len(text) < shortest:
        raise ValueError(f"is too short; use at least {shortest} characters")
    if len(text) > longest:
        raise ValueError(f"is too long; use at most {longest} characters")
    for character in text:
        if unicodedata.category(character) in {*_BREAKS, _HALF_A_CHARACTER} or character in BIDI_CONTROLS:
            raise ValueError("contains a line break or an invisible control character; remove it")
    return text


def searchable(text: str) -> str:
    """Pasted text with a space for each break, and without what no stored text holds.

    Joiners stay: they are letters' business in Persian and in many emoji.
    """
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category in _BREAKS:
            kept.append(" ")
        elif category != _HALF_A_CHARACTER and character not in BIDI_CONTROLS:
            kept.append(character)
    return "".join(kept)
