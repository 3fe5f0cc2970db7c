"""How customers are found and ordered by text: the folded helper fields, the filters and the indexes, all decided here.

Helper fields live under `search` in a customer document and are recomputed with every change of a text field:

    id       compared form of customerId, unique: IDs that differ only in letter case are the same ID
    name     folded customerName, for sorting and the name filter
    contact  folded contactInfo, for sorting
    text     everything that a search looks through, one folded field a line
    twin     only where another customer holds the compared form, which an earlier application allowed: that form
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

HELPERS = "search"

SORT_KEYS: dict[str, str] = {
    "customerId": "search.id",
    "customerName": "search.name",
    "contactInfo": "search.contact",
    "purchaseAmount": "purchaseAmount",
    "membershipStatus": "membershipStatus",
    "createdAt": "createdAt",
    "updatedAt": "updatedAt",
    "_id": "_id",
    "version": "version",
}
"""What each sortable field is really ordered by."""

TWIN_MARK = "\0"

HIGHEST = "\U0010ffff"
"""Sorts after every text that goes on."""

_WITHOUT_DECOMPOSITION = str.maketrans(
    # MongoDB takes no NUL in a pattern.
    {"\0": " ", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t"}
)
_PHONE_QUERY = re.compile(r"[+(]?[\d\s().+/-]{5,}")
_FEWEST_PHONE_DIGITS = 5


def fold(text: str) -> str:
    """The form in which texts are compared: no case, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_WITHOUT_DECOMPOSITION))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def id_key(customer_id: str) -> str:
    """The form in which customer IDs are unique: trimmed, composed, no case; accents do count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", customer_id).strip().casefold())


def twin_key(key: str, id: object) -> str:
    """What is unique instead of `key` for a customer with this `_id`, while another one holds that key.

    Only an earlier application can have stored IDs that differ in nothing but letter case.
    """
    return f"{key}{TWIN_MARK}{id}"


def twin_fields(key: str, id: object) -> dict[str, str]:
    """The helper fields that a customer with this `_id` has instead, while another one holds `key`."""
    return {"id": twin_key(key, id), "twin": key}


def having_ids(keys: list[str]) -> dict[str, Any]:
    """Filter for customers whose ID has one of these compared forms, whoever holds it."""
    return {"$or": [{"search.id": {"$in": keys}}, {"search.twin": {"$in": keys}}]}


def helper_fields(document: Mapping[str, Any]) -> dict[str, str]:
    """The `search` subdocument that belongs to a customer document."""
    customer_id, name, contact = (
        str(document.get(field) or "") for field in ("customerId", "customerName", "contactInfo")
    )
    lines = [fold(customer_id), fold(name), fold(contact)]
    digits = _digits(contact)
    if len(digits) >= _FEWEST_PHONE_DIGITS:
        lines.append(digits)
    return {"id": id_key(customer_id), "name": lines[1], "contact": lines[2], "text": "\n".join(lines)}


def matching(text: str) -> dict[str, Any]:
    """Filter for customers whose ID, name or contact contains `text`; phone numbers match however they are spaced."""
    wanted = fold(text)
    if not wanted:
        return {}
    pattern = re.escape(wanted)
    digits = _digits(text)
    if _PHONE_QUERY.fullmatch(text.strip()) and len(digits) >= _FEWEST_PHONE_DIGITS and digits != wanted:
        pattern = f"{pattern}|{digits}"
    return {"search.text": {"$regex": pattern}}


def names_one_of(searched: str, texts: Iterable[str]) -> bool:
    """Whether a text that was searched for holds one of `texts`, or consists of whole words of one."""
    wanted, digits = f" {fold(searched)} ", _digits(searched)
    if not wanted.strip():
        return False
    for text in texts:
        folded, number = fold(text), _digits(text)
        if folded and (folded in wanted or wanted in f" {folded} "):
            return True
        # A phone number is found however it is spaced.
        if len(number) >= _FEWEST_PHONE_DIGITS and number in digits:
            return True
    return False


def name_matching(text: str) -> dict[str, Any]:
    """Filter for customers whose name contains `text`."""
    wanted = fold(text)
    return {"search.name": {"$regex": re.escape(wanted)}} if wanted else {}


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")
