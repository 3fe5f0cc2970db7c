from datetime import UTC, datetime
from decimal import Decimal

from kinso.services.shop.sample_people import sample_person
from kinso.services.shop.sample_purchases import sample_purchases

SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = range(1, 601)
AMOUNTS = {number: sample_person(number).draft.purchase_amount for number in NUMBERS}
BOUGHT = {number: sample_purchases(number, AMOUNTS[number], SINCE, UNTIL) for number in NUMBERS}


def test_purchases_less_refunds_are_the_amount_of_the_customer():
    for number, purchases in BOUGHT.items():
        if purchases:
            assert sum(each.amount - each.refunded for each in purchases) == AMOUNTS[number]


def test_whoever_asks_gets_the_same():
    assert {number: sample_purchases(number, AMOUNTS[number], SINCE, UNTIL) for number in NUMBERS} == BOUGHT


def test_they_lie_between_the_registration_and_now_and_a_refund_after_its_sale():
    for purchases in BOUGHT.values():
        moments = [each.sold_at for each in purchases]
        assert moments == sorted(moments)
        assert all(SINCE <= moment <= UNTIL for moment in moments)
        assert all(each.sold_at <= (each.refunded_at or UNTIL) <= UNTIL for each in purchases)


def test_there_are_one_to_eight_some_refunds_and_some_without_any():
    assert {len(purchases) for purchases in BOUGHT.values()} == set(range(9))
    everything = [each for purchases in BOUGHT.values() for each in purchases]
    assert all(each.amount > 0 and 0 <= each.refunded <= each.amount for each in everything)
    assert 0 < sum(each.refunded > 0 for each in everything) < len(everything) / 20
    assert any(AMOUNTS[number] and not purchases for number, purchases in BOUGHT.items())


def test_a_cent_is_one_purchase():
    bought = [sample_purchases(number, Decimal("0.01"), SINCE, UNTIL) for number in NUMBERS]
    assert {len(purchases) for purchases in bought} == {0, 1}
