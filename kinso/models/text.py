"""What counts as acceptable typed text, and the forms in which texts and IDs are compared."""

from __future__ import annotations

import re
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
    # What is printable holds no control, format or half character; only the blanks are left.
    is_plain = text.isprintable() and (text.isascii() or _BLANKS.isdisjoint(text))
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
    if any(_is_refused(character, allowed) for character in text):
        raise ValueError("contains a line break or an invisible control character; remove it")
    return text


def clean_lines(value: Any, *, longest: int) -> str:
    """Any number of lines, trimmed and composed as by `clean_text`; what is empty at either end goes."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    lines = map(str.strip, unicodedata.normalize("NFC", value).splitlines())
    text = "\n".join("" if all(map(shows_nothing, line)) else line for line in lines).strip()
    if len(text) > longest:
        raise ValueError(f"can have at most {longest:,} characters")
    if any(_is_refused(character, _JOINERS | _BLANKS) for character in text if character != "\n"):
        raise ValueError("cannot contain tabs or invisible control characters; remove them")
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


def _is_refused(character: str, allowed: frozenset[str]) -> bool:
    return _is_never_stored(character) or (shows_nothing(character) and character not in allowed)


def shows_nothing(character: str) -> bool:
    """Whether nothing of it is seen, whatever stands beside it."""
    return character in _BLANKS or unicodedata.category(character) == _FORMAT


FOLDING = 4
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
_PLAIN_ID = re.compile(r"[0-9A-Za-z._/-]+")
"""What nearly all IDs consist of: only letter case can make two of these look the same. Files have millions of them."""
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
_NOT_ITSELF = re.compile(f"[{re.escape(''.join(chr(code) for code in range(128) if _OF_TEXT[code] != chr(code)))}]")
"""Of ASCII, what another character stands for."""
_OF_ID = _Characters({}, one_quote=False, without_marks=False)
_BEFORE_TAKING_APART = str.maketrans({**dict.fromkeys("´\u1ffd", "'"), **_LETTER_FORMS})
"""Taken apart, an acute accent that stands for an apostrophe would be a space."""


def fold(text: str) -> str:
    """The form in which texts are compared: no case, no accents, one kind of quote and dash, single spaces."""
    if text.isascii():
        lower = text.lower()
        return _single_spaced(lower.translate(_OF_TEXT) if _NOT_ITSELF.search(lower) else lower)
    composed = unicodedata.normalize("NFC", text).casefold().translate(_BEFORE_TAKING_APART)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", composed).casefold())
    bare = _replaced(apart, _OWN_LETTERS).translate(_OF_TEXT)
    return _single_spaced(_replaced(bare, _SPELT_TWO_WAYS))


def id_key(customer_id: str) -> str:
    """The form in which customer IDs are unique: no letter case, and what looks the same is the same; accents count."""
    if _PLAIN_ID.fullmatch(customer_id):
        return customer_id.lower()
    bare = _looks(_looks(customer_id).casefold())
    apart = unicodedata.normalize("NFD", bare).translate(_LOOKALIKES)
    return _single_spaced(unicodedata.normalize("NFC", _replaced(apart, _BARE_I)))


def sale_key(sale_id: str) -> str:
    """The form in which sale IDs are unique: what looks the same is the same, but letter case counts.

    Tills make up IDs that differ in letter case only, and a purchase that is taken for another one would be lost. What
    most IDs consist of, ASCII with single spaces, is its own form.
    """
    if _PLAIN_ID.fullmatch(sale_id):
        return sale_id
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


_SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+e[+-]?|e[+-])\d{1,3}")
"""With a decimal or a sign; without them, as in 12E5, it may well be an ID."""
_NUMBER_ALONE = re.compile(r"\d+e\d{1,3}")
_WITH_DECIMALS = re.compile(r"\d{7,}[.,]0+")
_PLACEHOLDER = re.compile(r"#{3,}|#(?:n/a|ref!|value!|name\?|div/0!|num!|null!|spill!|calc!)")

_OTHER_LETTER = re.compile(r"[a-df-z@]", re.IGNORECASE)
"""No spreadsheet puts one into a number, and most of what is not a number has one."""

_IN_DAMAGE = re.compile(r"[eE#]|[.,]0")
"""Whatever is damaged has one of these."""

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
    if text.isascii() and (not _IN_DAMAGE.search(text) or ("#" not in text and _OTHER_LETTER.search(text))):
        return text
    folded = fold(text).strip(",;")
    for pattern, sentence in kinds:
        if pattern.fullmatch(folded):
            raise ValueError(sentence)
    return text
