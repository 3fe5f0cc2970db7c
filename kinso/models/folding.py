"""The forms in which texts and IDs are compared, all decided here; a change of them needs another `FOLDING`.

Folded are the differences that a keyboard, a program or a font makes, and accents. Letters that are two to those who
write them stay two.
"""

from __future__ import annotations

import unicodedata

from kinso.models.text import shows_nothing

FOLDING = 3
"""The edition of these forms; the next start brings what was stored in an earlier one up to date."""

_SINGLE_QUOTES = "'`´\u1ffd‘’‚‛‹›ʹʻʼʽˈˊˋ′‵՚׳ꞌ＇｀"
_DOUBLE_QUOTES = '"“”„‟«»″‶〝〞〟״＂'
_MORE_DASHES = frozenset("\u2212\u2043\u02d7\u2796")
"""What looks like a dash, and is none to Unicode."""
_ONE_LETTER = {
    # Persian, Urdu and Arabic keyboards write the same two letters differently.
    **dict.fromkeys("یى", "ي"),
    **dict.fromkeys("کڪ", "ك"),
}
_LETTER_FORMS = {
    # Without a decomposition in Unicode.
    **{"ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t"},
    **dict.fromkeys("ٱٲٳٵ", "ا"),
    **dict.fromkeys("ةۃہۀۂ", "ه"),
    "ـ": "",
    **dict(zip("ךםןףץ", "כמנפצ", strict=True)),
    "ς": "σ",
    "ৎ": "ত",
}
_SPELT_TWO_WAYS = {"অা": "আ", "अा": "आ"}
"""Two characters that look like one, which is how some keyboards write it."""
_OWN_LETTERS = {
    unicodedata.normalize("NFKD", letter): letter
    for letter in ("\u09dc", "\u09dd", "\u09df", "\u095c", "\u095d", "й", "ў", "ї")
}
"""What decomposes into another letter and a mark, and is a letter of its own."""
_KEPT_MARKS = frozenset("\u3099\u309a\u0e38\u0e39\u0eb8\u0eb9")
"""They make other letters of kana, or are vowels."""
_LOOKALIKES = str.maketrans("авекмнорстухіјѕ" + "αβεζηικμνορτυχ" + "ı", "abekmhopctyxijs" + "abezhikmnoptyx" + "i")
"""Small letters whose capitals look the same; letter case makes no difference."""
_LOOKALIKES_IN_CASE = str.maketrans(
    "АВЕКМНОРСТХІЈЅ" + "аеорсухіјѕ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "ο", "ABEKMHOPCTXIJS" + "aeopcyxijs" + "ABEZHIKMNOPTYX" + "o"
)
_BARE_I = {"i\u0307": "i"}
"""What remains of the Turkish capital in lower case."""


class _Characters(dict[int, str]):
    """What stands for each character, worked out when it is met first; for `str.translate`."""

    def __init__(self, letters: dict[str, str], *, one_quote: bool, without_marks: bool) -> None:
        super().__init__()
        self._known = {
            # MongoDB takes no NUL in a pattern.
            "\0": " ",
            **dict.fromkeys(_SINGLE_QUOTES, "'"),
            **dict.fromkeys(_DOUBLE_QUOTES, "'" if one_quote else '"'),
            **_ONE_LETTER,
            **letters,
        }
        self._without_marks = without_marks

    def __missing__(self, code: int) -> str:
        self[code] = self._instead_of(chr(code))
        return self[code]

    def _instead_of(self, character: str) -> str:
        if (known := self._known.get(character)) is not None:
            return known
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        if category == "Pd" or character in _MORE_DASHES:
            return "-"
        is_mark = self._without_marks and unicodedata.combining(character) and character not in _KEPT_MARKS
        return "" if is_mark or shows_nothing(character) else character


_OF_TEXT = _Characters(_LETTER_FORMS, one_quote=True, without_marks=True)
_OF_ID = _Characters({}, one_quote=False, without_marks=False)
_BEFORE_TAKING_APART = str.maketrans({**dict.fromkeys("´\u1ffd", "'"), **_LETTER_FORMS})
"""Taken apart, an acute accent that stands for an apostrophe would be a space."""


def fold(text: str) -> str:
    """The form in which texts are compared: no case, no accents, one kind of quote and dash, single spaces."""
    if text.isascii():
        return _single_spaced(text.lower().translate(_OF_TEXT))
    composed = unicodedata.normalize("NFC", text).casefold().translate(_BEFORE_TAKING_APART)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", composed).casefold())
    bare = _replaced(apart, _OWN_LETTERS).translate(_OF_TEXT)
    return _single_spaced(_replaced(bare, _SPELT_TWO_WAYS))


def id_key(customer_id: str) -> str:
    """The form in which customer IDs are unique: no letter case, and what looks the same is the same; accents count."""
    bare = _looks(_looks(customer_id).casefold())
    apart = unicodedata.normalize("NFD", bare).translate(_LOOKALIKES)
    return _single_spaced(unicodedata.normalize("NFC", _replaced(apart, _BARE_I)))


def sale_key(sale_id: str) -> str:
    """The form in which sale IDs are unique: what looks the same is the same, but letter case counts.

    Tills make up IDs that differ in letter case only, and a purchase that is taken for another one would be lost. What
    most IDs consist of, ASCII with single spaces, is its own form.
    """
    apart = unicodedata.normalize("NFD", _looks(sale_id)).translate(_LOOKALIKES_IN_CASE)
    return _single_spaced(unicodedata.normalize("NFC", apart))


def _looks(id: str) -> str:
    """The ID with one character for each of those that look the same."""
    return unicodedata.normalize("NFKC", id.translate(_OF_ID)).translate(_OF_ID)


def _replaced(text: str, pairs: dict[str, str]) -> str:
    for old, new in pairs.items():
        text = text.replace(old, new)
    return text


def _single_spaced(text: str) -> str:
    return " ".join(text.split())
