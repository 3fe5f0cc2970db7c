"""Telephone numbers in free text: which ones there are, and in what forms they are found again.

`phonenumbers` judges. It takes a tenth of a millisecond for a number, so the plain ones are read by its own patterns
here, with the same result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberMatcher

from kinso.models.text import fold

FEWEST_DIGITS = 5
_FEWEST_AMONG_WORDS = 7
"""Shorter ones are house numbers and postcodes."""
_MOST_DIGITS = 17
_SEPARATORS = r"[ ().\-/~]{0,3}"
_EXTENSION = r"(?:\s*(?:;\s*ext=|,?\s*(?:ext(?:ensi[oó]?n|n)?|доб|int|anexo|x|#)[.:]?\s*)(?P<extension>\d{1,7}))"
_NUMBER = re.compile(rf"(?<![\w@.+])(?P<number>\(?\+? ?\(?\d(?:{_SEPARATORS}\d){{4,}}){_EXTENSION}?(?![\w@])")
_WHOLE = re.compile(rf"(?:tel:)?\s*(?P<number>\(?\+?[\d ().\-/~]*){_EXTENSION}?")
_PARTIAL = re.compile(r"(?:tel:)?[ +(]*\d[\d ().\-/~]*")
_NO_DIGITS = re.compile(r"[^0-9]+")
_TRUNK_ZERO = re.compile(r"^(\+ ?\d{1,3}[ .\-/]*)\( *0 *\)")
_DATE = re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4}")
_EMAIL = re.compile(r"[^\s@,;:<>()\"'\[\]]+@[^\s@,;:<>()\"'\[\]]+\.[^\s@,;:<>()\"'\[\].]+")
_BRACKETS = str.maketrans("[]", "()")
_DASH_BETWEEN_DIGITS = re.compile(r"(?<=[\d)])[ー·•・‧∙⋅](?=[(\d])")
"""A Japanese keyboard gives the long vowel where a dash is meant; dots are printed at middle height."""
_ANYWHERE, _ABROAD = "?", "~"
"""Mark a number of no known country, and one of another country than the shop's without the code of it."""
_TRUNK_PREFIXES = ("0", "1", "8", "06")
_DIALLED_ABROAD = ("00", "011")
"""Before the code of a country, in most of the world and in North America."""
_NOT_GEOGRAPHIC = "001"
_OTHERWISE_WRITTEN = frozenset({"AR", "BY"})
"""Where the national form is more than a prefix and the number."""


@dataclass(frozen=True)
class PhoneNumber:
    """One number; `country_code` is empty when it is none of the shop's country, nor tells its own.

    `national` are the digits as they are dialled within the country, `significant` those without its trunk prefix.
    """

    country_code: str
    national: str
    significant: str
    extension: str = ""

    @property
    def international(self) -> str:
        """The digits as they are dialled from abroad."""
        return f"{self.country_code}{self.significant}"

    @property
    def key(self) -> str:
        """What is equal for all ways to write this number."""
        return self._with_extension(f"+{self.international}" if self.country_code else f"{_ANYWHERE}{self.national}")

    @property
    def written(self) -> tuple[str, ...]:
        """The digits in the forms in which a part of the number may be looked for."""
        forms = dict.fromkeys((self.international, self.national))
        return tuple(map(self._with_extension, forms))

    def stored_keys(self, country: str) -> tuple[str, ...]:
        """What a customer of a shop in `country` is found by who has this number."""
        is_foreign = self.country_code and self.country_code != _code_of(country)
        return (self.key, self._with_extension(f"{_ABROAD}{self.significant}")) if is_foreign else (self.key,)

    @property
    def looked_up_keys(self) -> tuple[str, ...]:
        """What to look for: this number, and those that it may be because their country is not known."""
        if self.country_code:
            others = [f"{_ANYWHERE}{form}" for form in dict.fromkeys((self.national, self.significant))]
        else:
            prefixes = ("", *(each for each in _TRUNK_PREFIXES if self.national.startswith(each)))
            with_or_without = self.national[1:] if self.national.startswith("0") else f"0{self.national}"
            others = [f"{_ABROAD}{self.national.removeprefix(each)}" for each in prefixes]
            others.append(f"{_ANYWHERE}{with_or_without}")
        return self.key, *map(self._with_extension, others)

    def _with_extension(self, text: str) -> str:
        return f"{text};{self.extension}" if self.extension else text


def numbers_in(text: str, country: str) -> list[PhoneNumber]:
    """The numbers in a text of a shop in `country` (ISO 3166 alpha-2, or nothing when that is not known)."""
    if not any(map(str.isdecimal, text)):
        return []
    plain = _EMAIL.sub(" ", _plain(text))
    whole = None if _DATE.fullmatch(plain.strip()) else _WHOLE.fullmatch(plain.strip())
    if whole and (number := _read(whole["number"], whole["extension"], country)):
        return [number]
    found: dict[str, PhoneNumber] = {}
    for match in _NUMBER.finditer(plain):
        if len(digits_of(match["number"])) >= _FEWEST_AMONG_WORDS and not _DATE.fullmatch(match["number"].strip()):
            found.update({number.key: number for number in _among_words(match, country)})
    return list(found.values())


def emails_in(text: str) -> list[str]:
    """The e-mail addresses in a text, in their compared form."""
    plain = unicodedata.normalize("NFKC", text).casefold() if "@" in text else ""
    return list(dict.fromkeys(found.removeprefix("mailto:").rstrip(".") for found in _EMAIL.findall(plain)))


def looks_like_a_number(text: str) -> bool:
    """Whether nothing but a number, or a part of one, can be meant."""
    plain = _plain(text).strip()
    return len(digits_of(plain)) >= FEWEST_DIGITS and bool(_PARTIAL.fullmatch(plain) or _WHOLE.fullmatch(plain))


def parts_of_number(text: str, country: str) -> list[str]:
    """The digits that a number in question has in one of its written forms, if `text` is a part of it."""
    plain = _plain(text).strip().removeprefix("tel:").strip()
    digits = digits_of(plain)
    parts = [digits]
    if plain.startswith("+"):
        parts.append(digits_of(_TRUNK_ZERO.sub(r"\1", plain)))
    else:
        parts += [digits[len(prefix) :] for prefix in _DIALLED_ABROAD if digits.startswith(prefix)]
    parts += [form for number in numbers_in(text, country) for form in number.written[:1]]
    return [part for part in dict.fromkeys(parts) if len(part) >= FEWEST_DIGITS]


def digits_of(text: str) -> str:
    """The decimal digits in a text, whatever their script."""
    if text.isascii():
        return _NO_DIGITS.sub("", text)
    return "".join(str(unicodedata.decimal(character)) for character in text if character.isdecimal())


def _plain(text: str) -> str:
    """ASCII digits, plus signs, hyphens and parentheses for all that look or count like them."""
    return _DASH_BETWEEN_DIGITS.sub("-", fold(text).translate(_BRACKETS))


def _among_words(match: re.Match[str], country: str) -> Iterator[PhoneNumber]:
    number = _read(match["number"], match["extension"], country)
    if number and number.country_code:
        yield number
    elif several := [_from_library(found.number) for found in PhoneNumberMatcher(match[0], country or None)]:
        yield from several
    elif "/" in match[0]:
        for part in match[0].split("/"):
            yield from numbers_in(part, country)
    elif number:
        yield number


def _read(typed: str, extension: str | None, country: str) -> PhoneNumber | None:
    """One number, of no country when none fits; None when it cannot be one."""
    digits = digits_of(typed)
    if not FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return None
    extension = (extension or "").lstrip("0")
    if "(" not in typed or "+" not in typed:
        has_code = typed.lstrip(" (").startswith("+")
        if plain := _abroad(digits, extension) if has_code else _at_home(digits, extension, country):
            return plain
    return (
        _by_library(typed, extension, country)
        or _from_elsewhere(typed, extension)
        or PhoneNumber("", digits, digits, extension)
    )


def _abroad(digits: str, extension: str) -> PhoneNumber | None:
    """A number that begins with the code of its country."""
    for length in (1, 2, 3):
        if region := _region_of(int(digits[:length])):
            known, significant = _Region.of(region), digits[length:]
            is_plain = known.fits(significant) and not known.has_prefix(significant)
            return known.number(significant, extension) if is_plain else None
    return None


def _from_elsewhere(typed: str, extension: str) -> PhoneNumber | None:
    """A number as it is dialled abroad, though not from the shop's country."""
    bare = typed.lstrip(" (")
    rests = [bare.removeprefix(each) for each in _DIALLED_ABROAD if bare.startswith(each)]
    found = (_by_library(f"+{rest}", extension, "") for rest in rests if len(digits_of(rest)) >= _FEWEST_AMONG_WORDS)
    return next(filter(None, found), None)


def _at_home(digits: str, extension: str, country: str) -> PhoneNumber | None:
    """A number as it is dialled within the country; None when its beginning may be anything else."""
    known = _Region.of(country) if country else None
    if known is None or known.is_intricate or known.dials_abroad(digits) or digits.startswith(known.code):
        return None
    significant = known.without_prefix(digits)
    return known.number(significant, extension) if known.fits(significant) else None


def _by_library(typed: str, extension: str, country: str) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(typed, country or None, keep_raw_input=True)
    except NumberParseException:
        return None
    from_default = parsed.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    significant = phonenumbers.national_significant_number(parsed)
    region = _region_of(parsed.country_code or 0)
    fits = bool(region) and _Region.of(region).fits(significant)
    if not (fits or (not from_default and phonenumbers.is_possible_number(parsed))):
        return None
    return _from_library(parsed, extension)


def _from_library(parsed: phonenumbers.PhoneNumber, extension: str = "") -> PhoneNumber:
    significant = phonenumbers.national_significant_number(parsed)
    extension = extension or (parsed.extension or "").lstrip("0")
    if region := _region_of(parsed.country_code or 0):
        return _Region.of(region).number(significant, extension)
    return PhoneNumber(str(parsed.country_code), significant, significant, extension)


def _region_of(code: int) -> str:
    """The country with this code, the main one where several share it."""
    main = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, (_NOT_GEOGRAPHIC,))[0]
    return "" if main == _NOT_GEOGRAPHIC else main


def _code_of(country: str) -> str:
    return str(phonenumbers.country_code_for_region(country)) if country else ""


class _Region:
    """How numbers of one country are built."""

    def __init__(self, region: str) -> None:
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None:
            raise ValueError(f"{region} has no telephone numbers.")
        self.code = str(metadata.country_code)
        self.is_intricate = metadata.national_prefix_transform_rule is not None
        self._pattern = re.compile(str(getattr(metadata.general_desc, "national_number_pattern", None) or "$."))
        self._prefix = re.compile(metadata.national_prefix_for_parsing or "$.")
        self._abroad = re.compile(metadata.international_prefix or "$.")
        self._trunk = metadata.national_prefix or ""
        self._is_otherwise_written = region in _OTHERWISE_WRITTEN

    @staticmethod
    @cache
    def of(region: str) -> _Region:
        return _Region(region)

    def fits(self, significant: str) -> bool:
        return self._pattern.fullmatch(significant) is not None

    def has_prefix(self, digits: str) -> bool:
        return self._prefix.match(digits) is not None

    def dials_abroad(self, digits: str) -> bool:
        return self._abroad.match(digits) is not None

    def without_prefix(self, digits: str) -> str:
        """What the library does: the prefix is one unless the number fits with it and not without it."""
        prefix = self._prefix.match(digits)
        rest = digits[prefix.end() :] if prefix else digits
        return digits if self.fits(digits) and not self.fits(rest) else rest

    def number(self, significant: str, extension: str) -> PhoneNumber:
        if self._is_otherwise_written:
            parsed = phonenumbers.PhoneNumber(country_code=int(self.code), national_number=int(significant))
            national = digits_of(phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
        else:
            national = f"{self._trunk}{significant}"
        return PhoneNumber(self.code, national, significant, extension)
