"""Customers of a query by what they have in common, and how many of them are members."""

from __future__ import annotations

from kinso.mirror.mirror import Mirror
from kinso.models.customers import CustomerGroup, CustomerQuery, MembershipCounts
from kinso.models.facts import DAY, FACTS, WORDS, Fact
from kinso.repository.customers import CustomerRepository
from kinso.repository.facts import MOMENTS, Asked, FactsNow
from kinso.repository.mirrored import amount_of
from kinso.repository.offsets import offset_between


class CustomerGroupRepository:
    """Counts in the mirror; see `CustomerQuery`."""

    def __init__(self, customers: CustomerRepository) -> None:
        self._customers = customers

    def count_by_membership(self, query: CustomerQuery, facts: FactsNow) -> MembershipCounts:
        """How many of those who are asked for are members, and how many eligible, whatever the query says of both."""
        everybody = query.model_copy(update={"membership_status": None, "eligible": None, "sort_by": "createdAt"})
        mirror, asked, _ = self._customers.asked(everybody, facts)
        sql = f"""SELECT count(*), count(*) FILTER (is_member), count(*) FILTER (is_eligible)
            FROM (SELECT membership_status AS is_member, {facts.eligible()} AS is_eligible
                FROM {asked.source} WHERE {asked})"""
        [(total, members, eligible)] = mirror.rows(sql, asked.parameters)
        return MembershipCounts(total=total, members=members, eligible=eligible)

    def groups(self, query: CustomerQuery, by: str, facts: FactsNow) -> list[CustomerGroup]:
        """Those who are asked for by the value of a fact, days by their month; who has several tags is in several.

        The value of a month is its first day, that of nothing is None.
        """
        fact = FACTS[by]
        mirror, asked, _ = self._customers.asked(query.model_copy(update={"sort_by": "createdAt"}), facts)
        value = _month_of(fact, mirror, asked, facts) if fact.type is DAY else facts.computed(asked, fact).shown
        if fact.type is WORDS:
            value = f"unnest(CASE WHEN len({value}) > 0 THEN {value} ELSE [NULL] END)"
        sql = f"""SELECT value, count(*), count(*) FILTER (is_member), sum(cents) FROM (
                SELECT {value} AS value, membership_status AS is_member, purchase_amount AS cents
                FROM {asked.source} WHERE {asked}
            ) GROUP BY value"""
        return [
            CustomerGroup(
                value=None if value == "" else value, customers=total, members=members, spent=amount_of(cents)
            )
            for value, total, members, cents in self._customers.tables(asked).rows(sql, asked.parameters)
        ]


def _month_of(fact: Fact, mirror: Mirror, asked: Asked, facts: FactsNow) -> str:
    computed = facts.computed(asked, fact).compared
    if fact.name not in MOMENTS:
        return f"date_trunc('month', {computed})::DATE"
    [(first, last)] = mirror.rows(f"SELECT min({computed}), max({computed}) FROM customers")
    offset = offset_between(first, last, facts.zone).format(computed)
    return f"date_trunc('month', {computed} + to_seconds({offset}))::DATE"
