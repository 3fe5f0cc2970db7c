import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.customers import Customer
from kinso.models.rule_bases import MONEY, PURCHASES, RULE_BASES
from kinso.models.shop import ShopSettings
from kinso.services.membership.eligibility import is_eligible, months_before, rule_of

ZONES = ["UTC", "Asia/Dhaka", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland"]
MOMENTS = st.integers(631_152_000, 3_786_912_000).map(lambda second: datetime.fromtimestamp(second, UTC))
CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


def customer(**fields):
    values = {
        "id": "0" * 24,
        "customer_id": "C-1",
        "customer_name": "Ada",
        "contact_info": "ada@example.com",
        "purchase_amount": Decimal("10.00"),
        "membership_status": False,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
        "version": 1,
    }
    return Customer(**(values | fields))


@given(CENTS, CENTS, st.booleans(), st.booleans())
def test_only_a_non_member_whom_nobody_holds_back_and_who_reaches_the_threshold_is_eligible(
    amount, threshold, is_member, is_excluded
):
    someone = customer(membership_status=is_member, excluded=is_excluded)

    assert is_eligible(someone, amount, threshold) == (amount >= threshold and not is_member and not is_excluded)


@pytest.mark.parametrize("zone", ZONES)
@given(moment=MOMENTS)
def test_twelve_months_before_is_the_beginning_of_the_same_day_of_the_year_before(zone, moment):
    zone = ZoneInfo(zone)
    today, then = moment.astimezone(zone).date(), months_before(moment, 12, zone)

    day = (3, 1) if (today.month, today.day) == (2, 29) else (today.month, today.day)
    assert then == datetime(today.year - 1, *day, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
@given(moment=MOMENTS, later=st.timedeltas(timedelta(0), timedelta(days=800)), months=st.integers(1, 36))
def test_what_has_stopped_counting_never_counts_again(zone, moment, later, months):
    zone = ZoneInfo(zone)

    assert months_before(moment, months, zone) <= months_before(moment + later, months, zone)


@pytest.mark.parametrize(
    ("day", "months", "since"),
    [((2026, 5, 31), 3, (2026, 3, 1)), ((2026, 1, 31), 1, (2025, 12, 31)), ((2026, 3, 31), 13, (2025, 3, 1))],
)
def test_a_day_that_a_month_does_not_have_is_the_first_of_the_next_one(day, months, since):
    assert months_before(datetime(*day, 12, tzinfo=UTC), months, ZoneInfo("UTC")) == datetime(*since, tzinfo=UTC)


def test_the_twelve_months_follow_the_clocks_of_the_shop():
    summer = datetime(2026, 3, 30, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    assert months_before(summer, 12, ZoneInfo("Europe/Berlin")) == datetime(2025, 3, 29, 23, 0, tzinfo=UTC)
    assert months_before(datetime(2024, 2, 29, 20, tzinfo=UTC), 12, ZoneInfo("Asia/Dhaka")) == datetime(
        2023, 3, 1, tzinfo=ZoneInfo("Asia/Dhaka")
    )


def test_the_basis_of_the_shop_decides_since_when_purchases_count():
    at = datetime(2026, 5, 1, tzinfo=UTC)

    assert rule_of(ShopSettings(), at).since is None
    assert rule_of(ShopSettings(threshold_basis="last-12-months"), at).since == datetime(2025, 5, 1, tzinfo=UTC)
    assert rule_of(ShopSettings(), at, Decimal(5)).threshold == 5


def test_a_basis_says_which_threshold_is_usual_and_which_time_counts():
    told = {key: (basis.unit.suggested, basis.unit.step, basis.within) for key, basis in RULE_BASES.items()}

    assert told == {
        "lifetime": (1000, 100, ""),
        "last-12-months": (1000, 100, "in the last 12 months"),
        "purchases": (5, 1, ""),
        "purchases-last-12-months": (5, 1, "in the last 12 months"),
    }


@pytest.mark.parametrize(
    ("unit", "amount", "words"),
    [(MONEY, 1000, "1,000.00"), (PURCHASES, 1, "1 purchase"), (PURCHASES, 2, "2 purchases")],
)
def test_a_threshold_is_written_in_its_unit(unit, amount, words):
    assert unit.in_words(Decimal(amount)) == words


def test_a_page_can_keep_a_basis():
    assert pickle.loads(pickle.dumps(RULE_BASES)) == RULE_BASES
