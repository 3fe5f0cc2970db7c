"""How customers are found and ordered by text: the helper fields, the filters and the indexes, all decided here.

Helper fields live under `search` in a customer document and are recomputed with every change of a text field:

    id       compared form of customerId, unique: IDs that look the same in any letter case are the same ID
    name     folded customerName, for sorting and the name filter
    contact  folded contactInfo, for sorting
    text     everything that a search looks through, one folded field or form of a phone number a line
    keys     what the same person would have in common: phone numbers, e-mail addresses, parts of the name
    aliases  only of whom others were merged into: the compared forms of their IDs, unique as well
    twin     only where another customer holds the compared form, which an earlier application allowed: that form

Numbers without the code of a country are numbers of the shop's country, so all of it depends on that setting. It is
read here, and guessed for a shop that was never asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice, permutations
from typing import Any

from kinso.models.fields import FIELDS, SPECIFIED
from kinso.models.phones import FEWEST_DIGITS, digits_of, emails_in, numbers_in
from kinso.models.stored import readable_text
from kinso.models.text import fold, id_key

HELPERS = "search"
ALIASES = "mergedIds"
"""Where the IDs are stored of those who were merged into a customer."""

CASE_DUPLICATE_MARK = "\0"

HIGHEST = "\U0010ffff"
"""Sorts after every text that goes on."""

PHONE_MARKS = "+?~"
"""How the key of a phone number begins."""
NAME_MARK = "n "
"""How that of a part of a name does."""
_MOST_WORDS = 6
_MOST_ORDERS = 24
_BEGINNING = 3
_TELLING = 4
"""Letters; fewer are in many other texts by chance."""


def case_duplicate_key(key: str, id: object) -> str:
    """What is unique instead of `key` for a customer with this `_id`, while another one holds that key.

    Only an earlier application, or an earlier edition of the compared form, can have let in IDs that look the same.
    """
    return f"{key}{CASE_DUPLICATE_MARK}{id}"


def case_duplicate_fields(key: str, id: object) -> dict[str, str]:
    """The helper fields that a customer with this `_id` has instead, while another one holds `key`."""
    return {"id": case_duplicate_key(key, id), "twin": key}


def having_ids(keys: list[str]) -> dict[str, Any]:
    """Filter for customers whose ID has one of these compared forms, whoever holds it."""
    return {"$or": [{f"search.{name}": {"$in": keys}} for name in ("id", "twin", "aliases")]}


def helper_fields(document: Mapping[str, Any], country: str) -> dict[str, Any]:
    """The `search` subdocument that belongs to a customer document of a shop in `country`."""
    customer_id, name, contact = (
        readable_text(document.get(field)) for field in ("customerId", "customerName", "contactInfo")
    )
    numbers = numbers_in(contact, country)
    folded_name, folded_contact = fold(name), fold(contact)
    lines = [fold(customer_id), folded_name, folded_contact]
    digits = digits_of(contact)
    if len(digits) >= FEWEST_DIGITS:
        lines.append(digits)
    for field in FIELDS[SPECIFIED:]:
        value = field.type.read(document.get(field.name))
        if field.searchable and value != field.type.empty:
            lines.append(" ".join(fold(field.type.searched(value)).split()))
    aliases = aliases_of(document)
    lines += map(fold, aliases)
    lines += [form for number in numbers for form in number.written if form != digits]
    keys = [key for number in numbers for key in number.stored_keys(country)]
    return {
        "id": id_key(customer_id),
        "name": folded_name,
        "contact": folded_contact,
        "text": "\n".join(lines),
        "keys": list(dict.fromkeys([*keys, *emails_in(contact), *_name_keys(folded_name)])),
        **({"aliases": list(dict.fromkeys(map(id_key, aliases)))} if aliases else {}),
    }


def aliases_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The IDs of those who were merged into a customer."""
    stored = document.get(ALIASES)
    return tuple(each for each in stored if isinstance(each, str)) if isinstance(stored, list | tuple) else ()


def renewed_helpers(document: Mapping[str, Any], country: str) -> dict[str, Any]:
    """The same for a document that has them already: who does not hold the compared form of the ID still does not."""
    helpers, present = helper_fields(document, country), document.get(HELPERS)
    is_case_duplicate = isinstance(present, Mapping) and present.get("twin") == helpers["id"]
    return {**helpers, **case_duplicate_fields(helpers["id"], document["_id"])} if is_case_duplicate else helpers


def contact_keys(contact: str, country: str) -> list[str]:
    """What to look for in `search.keys` to find who can be reached like this."""
    numbers = [key for number in numbers_in(contact, country) for key in number.looked_up_keys]
    return list(dict.fromkeys([*numbers, *emails_in(contact)]))


def name_keys(name: str) -> list[str]:
    """What to look for in `search.keys` to find who has nearly this name, also in another order of its words."""
    return _name_keys(fold(name))


def is_name_key(key: str) -> bool:
    """Whether it is a part of a name that somebody has in common with others."""
    return key.startswith(NAME_MARK)


def is_email_key(key: str) -> bool:
    """Whether it is an e-mail address."""
    return "@" in key and not is_name_key(key)


def is_phone_key(key: str) -> bool:
    """Whether it is a phone number."""
    return key.startswith(tuple(PHONE_MARKS)) and "@" not in key


def names_in_any_order(name: str) -> list[str]:
    """The folded name with its words in every order; of a long one, only the first of them."""
    words = fold(name).split()
    return list(dict.fromkeys(" ".join(order) for order in islice(permutations(words), _MOST_ORDERS)))


def number_keys(text: str, country: str) -> list[str]:
    """What to look for among the keys of customers to find who has the phone number in `text`."""
    return [key for number in numbers_in(text, country) for key in number.looked_up_keys]


def names_one_of(searched: str, texts: Iterable[str], country: str) -> bool:
    """Whether a text that was searched for holds one of `texts`, or consists of whole words of one.

    It holds a phone number in whatever notation.
    """
    folded, digits = fold(searched), digits_of(searched)
    words, reached = set(folded.split()), set(contact_keys(searched, country))
    if not words:
        return False
    return any(_names(text, folded, words) or _reaches(text, digits, reached, country) for text in texts)


def holds_one_of(searched: str, texts: Iterable[str], country: str) -> bool:
    """Whether a text that goes on being searched for holds one of `texts` whole, or a phone number or address of one.

    A part of a name or an address is what many others have as well. Short texts are looked for as words.
    """
    folded, digits = fold(searched), digits_of(searched)
    words, reached = set(words_of(searched)), set(contact_keys(searched, country))
    return any(_is_held(text, folded, words) or _reaches(text, digits, reached, country) for text in texts)


def _is_held(text: str, folded: str, words: set[str]) -> bool:
    other, others = fold(text), set(words_of(text))
    return bool(others) and (others <= words or (len(other) >= _TELLING and other in folded))


def _names(text: str, folded: str, words: set[str]) -> bool:
    other = fold(text)
    return bool(other) and (other in folded or words <= set(other.split()) or set(other.split()) <= words)


def _reaches(text: str, digits: str, reached: set[str], country: str) -> bool:
    number = digits_of(text)
    is_contained = len(number) >= FEWEST_DIGITS and number in digits
    return is_contained or not reached.isdisjoint(contact_keys(text, country))


def words_of(text: str) -> list[str]:
    """The different words of a text, the longest first: it rules out the most."""
    words = (word.strip(",;") for word in fold(text).split())
    return sorted(dict.fromkeys(filter(None, words)), key=len, reverse=True)


def _name_keys(folded: str) -> list[str]:
    """For each word of a name, the others and how this one begins: nearly equal names have one of these in common."""
    words = sorted(set(folded.split()))[:_MOST_WORDS]
    if len(words) == 1:
        return [f"{NAME_MARK}{words[0][:_BEGINNING]}"]
    others = (" ".join([*words[:place], *words[place + 1 :], word[:1]]) for place, word in enumerate(words))
    return [f"{NAME_MARK}{each}" for each in others]
