from datetime import UTC, datetime

from kinso.models.stored import EARLIEST, LATEST
from kinso.repository.mirror_state import Touched


def at(month, day=1, hour=0):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_what_happens_in_may_leaves_march_and_april_as_they_were():
    touched = Touched()
    touched.note(EARLIEST, 1)
    touched.note(at(5, 9, 12), 2)
    assert [touched.version_before(moment) for moment in (at(3), at(5), LATEST)] == [1, 1, 2]


def test_what_happens_to_april_is_told_of_may_and_not_of_march():
    touched = Touched()
    touched.note(EARLIEST, 1)
    touched.note(at(5, 9), 2)
    touched.note(at(4, 30, 23), 3)
    assert [touched.version_before(moment) for moment in (at(3), at(5))] == [1, 3]


def test_a_day_on_which_a_period_ends_counts_as_part_of_it():
    touched = Touched()
    touched.note(at(4, 30, 19), 1)
    assert touched.version_before(at(4, 30, 18)) == 1


def test_a_year_of_purchases_needs_no_more_than_its_days():
    touched = Touched()
    for version in range(5000):
        touched.note(at(1 + version // 500, 1 + version % 500 // 20, 12), version)
    assert len(touched._latest) <= 250
