"""What counts of each customer for a membership rule, as statements for the mirror; in its smallest unit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from kinso.models.membership import Rule
from kinso.models.rule_bases import Measure, RuleBasis
from kinso.repository.mirrored import utc

ELIGIBLE = "NOT membership_status AND NOT excluded"
"""Whom a rule may make members."""
_COLUMNS = "key, odd_id, version, membership_status, excluded"
_BY_CUSTOMER: Mapping[Measure, str] = {
    "spent": """
        SELECT customer, sum(cents) AS amount FROM entries
        WHERE counts AND kind IN ('sale', 'refund') {recent} GROUP BY customer""",
    "sales": """
        SELECT customer, count(*) AS amount FROM entries
        WHERE counts AND kind = 'sale' {recent} GROUP BY customer""",
    "refunded sales": """
        SELECT sales.customer, count(*) AS amount
        FROM (
            SELECT refund_of, sum(cents) AS cents FROM entries WHERE counts AND kind = 'refund' {recent}
            GROUP BY refund_of
        ) AS refunds
        JOIN entries AS sales ON sales.sale = refunds.refund_of AND sales.counts AND sales.kind = 'sale'
        WHERE sales.cents + refunds.cents <= 0 GROUP BY sales.customer""",
}


def amounts(rule: Rule) -> str:
    """Everybody of whom something counts, with the `amount`."""
    if rule.basis.measure is None:
        return everyone(rule)
    return f"SELECT {_COLUMNS}, amount FROM customers JOIN ({measured(rule)}) ON customer = key"


def everyone(rule: Rule) -> str:
    """The same of all customers."""
    if rule.basis.measure is None:
        return f"SELECT {_COLUMNS}, purchase_amount AS amount FROM customers"
    return f"SELECT * REPLACE (coalesce(amount, 0) AS amount) FROM ({measured_or_not(rule)})"


def measured_or_not(rule: Rule) -> str:
    """All customers with the amount, or without one if nothing counts."""
    joined = f"LEFT JOIN ({measured(rule)}) AS measured ON measured.customer = customers.key"
    return f"SELECT {_COLUMNS}, measured.amount AS amount FROM customers {joined}"


def measured(rule: Rule) -> str:
    """The `amount` by `customer`, as far as anything counts."""
    recent = f"AND counts_at >= TIMESTAMP '{utc(rule.since).isoformat(sep=' ')}'" if rule.since else ""
    measures = rule.basis.measure or {}
    [first, *others] = [
        f"SELECT customer, amount * {sign} AS amount FROM ({_BY_CUSTOMER[each].format(recent=recent)})"
        for each, sign in measures.items()
    ]
    if not others:
        return first
    return f"SELECT customer, sum(amount) AS amount FROM ({' UNION ALL '.join([first, *others])}) GROUP BY customer"


def eligible(rule: Rule) -> str:
    """Whom the rule would make members, as a condition on customers."""
    reached = f"{ELIGIBLE} AND amount >= {units(rule.basis, rule.threshold)}"
    if rule.basis.measure is None:
        return reached.replace("amount", "purchase_amount")
    return f"key IN (SELECT key FROM ({amounts(rule)}) WHERE {reached})"


def units(basis: RuleBasis, amount: Decimal) -> int:
    """So many of the smallest unit; what is between two of them is reached by the greater one only."""
    return int((amount / basis.unit.smallest).to_integral_value(ROUND_CEILING))
