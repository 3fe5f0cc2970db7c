from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kinso.repository.insights import Ranking

CENTS = st.integers(-10_000, 10**12).map(lambda cents: Decimal(cents) / 100)
ROWS = st.lists(st.tuples(CENTS, st.uuids().map(str)), max_size=30)
BOUND = st.none() | CENTS


@given(ROWS, BOUND, BOUND, st.none() | st.integers(0, 40))
def test_a_ranking_answers_like_a_search_through_all_rows(rows, lower, upper, limit):
    ranking = Ranking(rows)
    within = [
        (amount, id) for amount, id in rows if (lower is None or amount >= lower) and (upper is None or amount < upper)
    ]

    assert ranking.totals(at_or_above=lower, below=upper) == (len(within), sum(amount for amount, _ in within))
    largest = [(id, amount) for amount, id in sorted(within, reverse=True)]
    assert ranking.largest(at_or_above=lower, below=upper, limit=limit) == largest[:limit]


@given(ROWS, st.integers(0, 40))
def test_at_most_so_many_exceed_the_amount_that_is_told(rows, number):
    amount = Ranking(rows).amount_with_above(number)

    assert sum(each > amount for each, _ in rows) <= number or amount == 0
