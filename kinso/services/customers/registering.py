"""What helps to register a customer: the next ID in the shop's own pattern, and who may be the same person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median_low
from typing import NamedTuple

from rapidfuzz import fuzz

from kinso.database import search
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Alike, Customer, CustomerDraft, LikelyDuplicate
from kinso.models.text import fold, id_key
from kinso.repository.duplicates import Comparable
from kinso.repository.mirrored import key_of
from kinso.repository.store import Store
from kinso.services.history.runs import in_batches
from kinso.services.permissions import use_case

_NUMBERED = re.compile(r"(.*?)(\d{1,18})(\D*)")
_RECENT = 200
_LONGEST_ID = 64
_FAR = 1000
_TIMES_AS_FAR = 50
"""A number that is further above all others than that many usual gaps, and than `_FAR`, was made up."""
_LARGEST_GAP = 100_000
"""Numbers that usually lie further apart count nobody: telephone numbers, for example."""
_TRIES = (20, 200, 2000)


@dataclass(frozen=True)
class _Pattern:
    """Everything of an ID but its number; `width` is that of numbers with leading zeros."""

    start: str
    end: str
    width: int

    def filled(self, number: int) -> str:
        return f"{self.start}{number:0{self.width}d}{self.end}"


_FIRST = _Pattern("C-", "", 4)


@use_case(Permission.CREATE)
def propose_customer_id(store: Store, actor: Actor) -> str:
    """A free ID after the highest in the pattern that most of the recent ones have; C-0001 in an empty shop."""
    return next_customer_id(store)


def next_customer_id(store: Store) -> str:
    """The same for a use case that demanded its permission already; within a transaction, free until its end."""
    pattern, numbers = _pattern_of(store.customers.recent_ids(limit=_RECENT))
    far = max(_FAR, _TIMES_AS_FAR * _usual_gap(numbers))
    near = [number for below, number in pairwise(numbers) if number - below <= far]
    highest = near[-1] if near else numbers[-1]
    stored = store.customers.highest_number_like(pattern.filled(highest))
    if highest < stored <= highest + far:
        highest = stored
    return _first_free(store, pattern, highest) or _first_free(store, _FIRST, 0) or ""


def _pattern_of(recent: Iterable[str]) -> tuple[_Pattern, Sequence[int]]:
    """The pattern that most have, and the numbers in it in their order."""
    numbered = [match.groups() for each in recent if (match := _NUMBERED.fullmatch(each))]
    ways = Counter((id_key(start), id_key(end)) for start, _, end in numbered)
    for way, _count in ways.most_common(1):
        alike = [(start, digits, end) for start, digits, end in numbered if (id_key(start), id_key(end)) == way]
        numbers = sorted({int(digits) for _, digits, _ in alike})
        if _usual_gap(numbers) <= _LARGEST_GAP:
            start, _, end = alike[0]
            padded = [len(digits) for _, digits, _ in alike if digits.startswith("0")]
            return _Pattern(start, end, max(padded, default=1)), numbers
    return _FIRST, [0]


def _usual_gap(numbers: Sequence[int]) -> int:
    """How far two that follow each other lie apart, in the middle of all."""
    return median_low(above - below for below, above in pairwise(numbers)) if len(numbers) > 1 else 0


def _first_free(store: Store, pattern: _Pattern, after: int) -> str | None:
    for count in _TRIES:
        following = [pattern.filled(after + step) for step in range(1, count + 1)]
        taken = store.customers.get_by_customer_ids(following)
        in_trash = store.trash.holding_ids(following)
        for each in following:
            if len(each) <= _LONGEST_ID and each not in taken and id_key(each) not in in_trash:
                return each
        after += count
    return None


_SIMILAR_NAME = 88
"""Of 100 in RapidFuzz's token sort ratio: one letter in eight may differ."""
_SHOWN = 5
_FOR_EACH = 20
"""Candidates that are looked at for each person on average; more have a name that tells nothing."""
_FOR_ONE = 500
_AT_ONCE = 5000
"""The mirror looks at everybody each time."""
_NUMBER = re.compile(r"\d+")
_NUMBER_AT_END = re.compile(r"(.*?)(\d{1,18})")
_LONGEST_NUMBER = 18


@use_case(Permission.CREATE)
def find_likely_duplicates(store: Store, actor: Actor, drafts: Sequence[CustomerDraft]) -> list[list[LikelyDuplicate]]:
    """For each of these, in their order, up to five customers who may be the same person, the likeliest first.

    They have the same phone number, e-mail address or contact, the same name in any order of its words, or nearly the
    same name. Many are looked for at once, so that a whole file can be asked about.
    """
    best = _best_of_each(store, drafts)
    customers = customers_of(store, [each for found in best for each, _ in found])
    return [
        [LikelyDuplicate(customers[each.key], alike) for each, alike in found if each.key in customers]
        for found in best
    ]


@use_case(Permission.CREATE)
def find_known_already(
    store: Store, actor: Actor, drafts: Sequence[CustomerDraft], *, shown: int
) -> tuple[int, dict[int, LikelyDuplicate]]:
    """How many of these have a likely duplicate, and the likeliest of the first `shown` ones, by their places."""
    known = {place: found[0] for place, found in enumerate(_best_of_each(store, drafts)) if found}
    first = dict(islice(known.items(), shown))
    customers = customers_of(store, [each for each, _ in first.values()])
    return len(known), {
        place: LikelyDuplicate(customers[each.key], alike)
        for place, (each, alike) in first.items()
        if each.key in customers
    }


@use_case(Permission.CREATE)
def find_without_leading_zeros(store: Store, actor: Actor, customer_ids: Iterable[str]) -> dict[str, list[Customer]]:
    """Those of `customer_ids` that others have but for leading zeros, with these others: 42 where there is 00042.

    Spreadsheets drop zeros before a number.
    """
    variants = {customer_id: _with_other_zeros(customer_id) for customer_id in customer_ids}
    found: dict[str, list[Customer]] = {}
    for batch in in_batches([key for keys in variants.values() for key in keys]):
        for customer in store.customers.get_by_customer_ids(batch):
            found.setdefault(id_key(customer.customer_id), []).append(customer)
    named = {
        customer_id: [customer for key in keys for customer in found.get(key, ())]
        for customer_id, keys in variants.items()
    }
    return {customer_id: customers for customer_id, customers in named.items() if customers}


@use_case(Permission.CREATE)
def find_duplicates_of(store: Store, actor: Actor, draft: CustomerDraft) -> list[LikelyDuplicate]:
    """The likely duplicates of one, and before them whoever has the ID but for leading zeros."""
    same_number = find_without_leading_zeros(store, actor, [draft.customer_id]).get(draft.customer_id, [])
    by_id = {customer.id: LikelyDuplicate(customer, "id") for customer in same_number}
    [others] = find_likely_duplicates(store, actor, [draft])
    return [*by_id.values(), *(duplicate for duplicate in others if duplicate.customer.id not in by_id)][:_SHOWN]


def _best_of_each(store: Store, drafts: Sequence[CustomerDraft]) -> list[list[tuple[Comparable, Alike]]]:
    country = store.shop.get().country
    pieces = (drafts[start : start + _AT_ONCE] for start in range(0, len(drafts), _AT_ONCE))
    return [found for piece in pieces for found in _best_of(store, piece, country)]


def customers_of(store: Store, found: Iterable[Comparable]) -> dict[int, Customer]:
    """The customers who were compared, by their keys; who is gone is left out."""
    keys = {each.key: each.odd_id for each in found}
    return {key_of(customer.id): customer for customer in store.customers.by_keys(list(keys.items()))}


def _best_of(store: Store, drafts: Sequence[CustomerDraft], country: str) -> list[list[tuple[Comparable, Alike]]]:
    most = max(_FOR_ONE, _FOR_EACH * len(drafts))
    people = [_Compared.of(draft, country) for draft in drafts]
    orders = [order for each in people for order in search.names_in_any_order(each.name)]
    by_key = store.duplicates.by_key([key for each in people for key in each.reached], limit=most)
    for candidate in store.duplicates.with_text([each.contact for each in people], orders, limit=most):
        for key in (candidate.contact, words_in_order(candidate.name)):
            by_key.setdefault(key, []).append(candidate)
    nearly = store.duplicates.by_key([key for each in people for key in each.name_keys], limit=most)
    for key, candidates in nearly.items():
        by_key.setdefault(key, []).extend(candidates)
    return [_best(each, by_key) for each in people]


class _Compared(NamedTuple):
    """What of somebody is compared: the folded contact and name, and what would be in common with others."""

    contact: str
    name: str
    reached: list[str]
    name_keys: list[str]

    @classmethod
    def of(cls, draft: CustomerDraft, country: str) -> _Compared:
        contact, name = draft.contact_info, draft.customer_name
        return cls(fold(contact), fold(name), search.contact_keys(contact, country), search.name_keys(name))


def _best(person: _Compared, by_key: Mapping[str, list[Comparable]]) -> list[tuple[Comparable, Alike]]:
    contact, name, reached, name_keys = person
    words = words_in_order(name)
    found: dict[Comparable, Alike] = {}

    def note(candidates: Iterable[Comparable], alike: Alike) -> None:
        for candidate in candidates:
            found.setdefault(candidate, alike)

    note((each for key in reached if "@" not in key for each in by_key.get(key, ())), "phone")
    note((each for key in reached if "@" in key for each in by_key.get(key, ())), "email")
    note((each for each in by_key.get(contact, ()) if each.contact == contact), "contact")
    note((each for each in by_key.get(words, ()) if words_in_order(each.name) == words), "name")
    scored = {
        each: score
        for key in name_keys
        for each in by_key.get(key, ())
        if (score := likeness_of_names(name, each.name)) >= _SIMILAR_NAME
    }
    note(sorted(scored, key=lambda each: -scored[each]), "similar name")
    return list(found.items())[:_SHOWN]


def words_in_order(name: str) -> str:
    """The name with its words in alphabetical order."""
    return " ".join(sorted(name.split()))


def likeness_of_names(one: str, other: str) -> float:
    """From 0 to 100, or 0 if it is too little; names with different numbers, such as branches of a firm, differ."""
    score = fuzz.token_sort_ratio(one, other, score_cutoff=_SIMILAR_NAME)
    is_other_number = score and sorted(_NUMBER.findall(one)) != sorted(_NUMBER.findall(other))
    return 0.0 if is_other_number else score


def _with_other_zeros(customer_id: str) -> list[str]:
    """The compared forms of IDs that are the same number."""
    key = id_key(customer_id)
    numbered = _NUMBER_AT_END.fullmatch(key)
    if numbered is None:
        return []
    start, digits = numbered.groups()
    number = digits.lstrip("0") or "0"
    ways = (f"{start}{number.zfill(width)}" for width in range(len(number), _LONGEST_NUMBER + 1))
    return [way for way in ways if way != key]
