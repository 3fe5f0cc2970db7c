"""Who may be the same person as somebody else, and of whom people know that they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pymongo.database import Database

from kinso.models.accounts import Actor
from kinso.models.customers import DifferentPeople
from kinso.models.fields import ERASED
from kinso.models.text import fold
from kinso.repository.documents import at_once, canonical_id
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import key_of

MOST_ALIKE = 10
"""Customers who have a phone number, an address or a part of a name; what more of them have tells nothing."""
Apart = Iterable[tuple[str, str]]
"""Pairs of customers (by `_id`) who are not the same person."""


class Comparable(NamedTuple):
    """By which a stored customer may turn out to be the same person: the folded contact and name."""

    key: int
    odd_id: str | None
    contact: str
    name: str


class Candidates(NamedTuple):
    """Two to be compared; `is_reached` says that they have a phone number or an e-mail address in common."""

    one: Comparable
    other: Comparable
    is_reached: bool


class DuplicateRepository:
    """Finds customers by what the same person would have in common; see `kinso.database.search`."""

    def __init__(self, mirror: FollowingMirror) -> None:
        self._mirror = mirror

    def by_key(self, keys: Collection[str], *, limit: int) -> dict[str, list[Comparable]]:
        """By each of these phone numbers, e-mail addresses and parts of names who has it; at most so many in all."""
        if not keys:
            return {}
        wanted = list(dict.fromkeys(keys))
        sql, parameters = _EACH_KEY, {"keys": wanted}
        if len(wanted) <= _FEW:
            sql = " UNION ALL ".join(_ONE_KEY.format(n=number) for number in range(len(wanted)))
            parameters = {f"k{number}": key for number, key in enumerate(wanted)}  # type: ignore[misc]
        pairs = self._mirror.rows(f"SELECT key, customer FROM ({sql}) LIMIT {limit}", **parameters)
        found = self._read({customer for _, customer in pairs})
        by_key: dict[str, list[Comparable]] = {}
        for key, customer in pairs:
            if customer in found:
                by_key.setdefault(key, []).append(found[customer])
        return by_key

    def with_text(self, contacts: Collection[str], names: Collection[str], *, limit: int) -> list[Comparable]:
        """Who has exactly one of these folded contacts or names."""
        sql = f"""SELECT {_COMPARED} FROM customers
            WHERE contact_key IN (SELECT unnest($contacts)) OR name_key IN (SELECT unnest($names)) LIMIT {limit}"""
        rows = self._mirror.rows(sql, contacts=list(filter(None, contacts)), names=list(filter(None, names)))
        return list(map(Comparable._make, rows))

    def pairs_by_contact(self, apart: Apart, *, limit: int) -> list[Candidates]:
        """Pairs of customers with the same phone number, e-mail address or contact, those with the same name first.

        The earlier registered one comes first in each. Those `apart` are left out.
        """
        return self._pairs(_BY_CONTACT, apart, limit)

    def pairs_by_name(self, apart: Apart, *, limit: int) -> list[Candidates]:
        """The same for those with nearly the same name, of which a part is the rarest in the shop."""
        return self._pairs(_BY_NAME.format(limit=limit), apart, limit)

    def _pairs(self, pairs: str, apart: Apart, limit: int) -> list[Candidates]:
        sides = list(zip(*((str(key_of(one)), str(key_of(other))) for one, other in apart), strict=True)) or [(), ()]
        sql = f"""
            WITH {pairs}, apart AS (
                SELECT unnest($ones)::HUGEINT AS one, unnest($others)::HUGEINT AS other
            )
            SELECT {_sided("one")}, {_sided("other")}, rarity = 0
            FROM pairs JOIN customers AS one ON one.key = pairs.one JOIN customers AS other ON other.key = pairs.other
            WHERE NOT EXISTS (FROM apart WHERE apart.one = pairs.one AND apart.other = pairs.other)
            AND one.name_key <> $erased AND other.name_key <> $erased
            ORDER BY rarity, one.name_key = other.name_key DESC, pairs.one, pairs.other LIMIT {limit}"""
        rows = self._mirror.rows(sql, ones=list(sides[0]), others=list(sides[1]), erased=fold(ERASED))
        half = len(Comparable._fields)
        return [Candidates(Comparable._make(row[:half]), Comparable._make(row[half:-1]), row[-1]) for row in rows]

    def _read(self, keys: Collection[int]) -> dict[int, Comparable]:
        sql = f"SELECT {_COMPARED} FROM customers WHERE key IN (SELECT unnest($keys)::HUGEINT)"
        rows = self._mirror.rows(sql, keys=list(map(str, keys))) if keys else ()
        return {row[0]: Comparable._make(row) for row in rows}


_FEW = 30
"""Keys that are found at once, because the rows are in their order."""
_ONE_KEY = "SELECT $k{n} AS key, customer FROM customer_keys WHERE hash = hash($k{n}::VARCHAR)"
_EACH_KEY = """
    SELECT wanted.key, customer FROM (SELECT unnest($keys) AS key) AS wanted
    JOIN customer_keys ON customer_keys.hash = hash(wanted.key)"""
_COMPARED = "key, odd_id, contact_key, name_key"


def _sided(side: str) -> str:
    return ", ".join(f"{side}.{name}" for name in _COMPARED.split(", "))


_SHARED = f"HAVING count(*) BETWEEN 2 AND {MOST_ALIKE}"
_PAIRS = "SELECT a.customer AS one, b.customer AS other FROM {0} AS a JOIN {0} AS b USING (value)"
_BY_CONTACT = f"""
    shared AS (SELECT hash FROM customer_keys WHERE NOT is_name GROUP BY hash {_SHARED}),
    reached AS (
        SELECT hash AS value, customer FROM customer_keys WHERE NOT is_name AND hash IN (SELECT hash FROM shared)
    ), contacts AS (
        SELECT contact_key AS value FROM customers WHERE contact_key <> '' GROUP BY contact_key {_SHARED}
    ), described AS (
        SELECT contact_key AS value, key AS customer FROM customers WHERE contact_key IN (SELECT value FROM contacts)
    ), pairs AS (
        SELECT one, other, min(rarity) AS rarity FROM (
            SELECT *, 0 AS rarity FROM ({_PAIRS.format("reached")} WHERE a.customer < b.customer)
            UNION ALL SELECT *, 1 AS rarity FROM ({_PAIRS.format("described")} WHERE a.customer < b.customer)
        ) GROUP BY one, other
    )"""
_BY_NAME = f"""
    shared AS (
        SELECT hash, count(*) AS rarity FROM customer_keys WHERE is_name GROUP BY hash {_SHARED}
        ORDER BY rarity, hash LIMIT {{limit}}
    ), named AS (
        SELECT hash AS value, rarity, customer FROM customer_keys JOIN shared USING (hash) WHERE is_name
    ), pairs AS (
        SELECT a.customer AS one, b.customer AS other, min(a.rarity) AS rarity
        FROM named AS a JOIN named AS b USING (value) WHERE a.customer < b.customer GROUP BY ALL
    )"""


class DifferentPeopleRepository:
    """Remembers of which pairs of customers somebody said that they are not the same person."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._pairs = database["different_people"]

    def remember(self, one: str, other: str, actor: Actor, at: datetime) -> None:
        """Add a pair (by `_id`); who said it first stays."""
        said = {"at": at, "byId": actor.user_id, "byName": actor.name}
        self._pairs.update_one(_pair(one, other), {"$setOnInsert": said}, upsert=True)

    def forget(self, one: str, other: str) -> bool:
        """Remove a pair; False when there is none."""
        return self._pairs.delete_one(_pair(one, other)).deleted_count == 1

    def pairs(self) -> list[tuple[str, str]]:
        """All of them."""
        return [(each["one"], each["other"]) for each in at_once(self._pairs.find({}, {"one": True, "other": True}))]

    def of_customer(self, id: str) -> list[DifferentPeople]:
        """Those of one customer, the last said first."""
        found = self._pairs.find({"$or": [{"one": canonical_id(id)}, {"other": canonical_id(id)}]}).sort("at", -1)
        return [DifferentPeople(one["one"], one["other"], one["at"], one["byName"]) for one in found]

    def erase(self, id: str) -> None:
        """Forget everything about a customer."""
        self._pairs.delete_many({"$or": [{"one": id}, {"other": id}]})


def _pair(one: str, other: str) -> dict[str, Any]:
    first, second = sorted(map(canonical_id, (one, other)))
    return {"one": first, "other": second}
