"""What is computed for each customer out of the other tables, and kept in columns of theirs.

Adding up five million entries takes a second; with these columns a question about everybody takes milliseconds.
"""

from __future__ import annotations

from kinso.mirror.tables import CUSTOMERS, DERIVED, STALE
from kinso.models.payment_methods import PAYMENT_METHODS

_ADDRESS = r"regexp_replace(regexp_replace(contact_key, '\S+@\S+', '', 'g'), '\P{L}', '', 'g')"
"""The letters of a contact beside those of e-mail addresses."""
_COLUMNS = {
    "has_address": f"length({_ADDRESS}) >= 4",
    **{
        name: f"coalesce({name}, 0)"
        for name in ("sale_count", "sold", "refund_count", "refunded", "items", "methods", "weekdays", "hours")
    },
    **{name: name for name in ("largest_sale", "first_day", "last_day", "usual_days")},
    "member_since": "CASE WHEN membership_status THEN member_since END",
    "member_by": "CASE WHEN membership_status THEN member_by END",
    "was_member": "membership_status OR coalesce(was_member, false)",
}


_CASES = " ".join(f"WHEN '{method}' THEN {1 << place}" for place, method in enumerate(PAYMENT_METHODS))
METHOD_BITS = f"CASE method {_CASES} END"
"""The bit of a payment method."""


def statement(offset: str, *, of_all: bool) -> str:
    """Computes the columns of everybody, or of those who are stale.

    `offset` is by how many seconds clocks are ahead of UTC at the moment that is put into its braces. In `methods`,
    `weekdays` and `hours` each has its bit, in the order of `PAYMENT_METHODS`, from Monday and from midnight on.
    """
    among = "" if of_all else f"AND {{0}} IN (SELECT customer FROM {STALE.name})"
    computed = ", ".join(f"{_COLUMNS[name]} AS {name}" for name in DERIVED)
    changed = ", ".join(f"{name} = computed.{name}" for name in DERIVED)
    return f"""
        WITH entered AS (
            SELECT customer, kind = 'sale' AS is_sale, cents, items, {METHOD_BITS} AS method,
                sold_at + to_seconds({offset.format("sold_at")}) AS local
            FROM entries WHERE counts AND kind IN ('sale', 'refund') {among.format("customer")}
        ), bought AS (
            SELECT customer,
                count(*) FILTER (is_sale) AS sale_count,
                sum(cents) FILTER (is_sale) AS sold,
                max(cents) FILTER (is_sale) AS largest_sale,
                count(*) FILTER (NOT is_sale) AS refund_count,
                sum(cents) FILTER (NOT is_sale) AS refunded,
                sum(items) FILTER (is_sale) AS items,
                bit_or(method) FILTER (is_sale) AS methods,
                bit_or(1 << (isodow(local) - 1)) FILTER (is_sale) AS weekdays,
                bit_or(1 << hour(local)) FILTER (is_sale) AS hours,
                min(local::DATE) FILTER (is_sale) AS first_day,
                max(local::DATE) FILTER (is_sale) AS last_day
            FROM entered GROUP BY customer
        ), usual AS (
            SELECT customer, median(days) AS usual_days FROM (
                SELECT customer, day - lag(day) OVER (PARTITION BY customer ORDER BY day) AS days
                FROM (SELECT DISTINCT customer, local::DATE AS day FROM entered WHERE is_sale)
            ) WHERE days IS NOT NULL GROUP BY customer
        ), held AS (
            SELECT customer, true AS was_member,
                max((begin + to_seconds({offset.format("begin")}))::DATE) FILTER (until IS NULL) AS member_since,
                arg_max(begun_by, begin) FILTER (until IS NULL) AS member_by
            FROM memberships WHERE true {among.format("customer")} GROUP BY customer
        ), computed AS (
            SELECT owners.key AS customer, {computed}
            FROM (
                SELECT key, contact_key, membership_status FROM customers WHERE true {among.format("key")}
            ) AS owners
            LEFT JOIN bought ON bought.customer = owners.key
            LEFT JOIN usual ON usual.customer = owners.key
            LEFT JOIN held ON held.customer = owners.key
        )
        UPDATE {CUSTOMERS.name} SET {changed} FROM computed WHERE {CUSTOMERS.name}.key = computed.customer"""
