"""How a program that keeps a copy hears of changes, whatever the order in which they are committed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.customers import Customer
from kinso.models.customers_sync import LONGEST_CURSOR, MOST_UNSETTLED, Changed, Cursor, Deletion, Place

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
BEGINNING = Cursor(Place.before(START))


def moment(number):
    return START + timedelta(milliseconds=number)


def an_id(number):
    return f"{number:024x}"


def changed(number, at, version=1):
    return Changed(
        Customer.model_construct(
            id=an_id(number),
            customer_id=f"C-{number}",
            customer_name="",
            contact_info="",
            created_at=START,
            purchase_amount=Decimal(0),
            membership_status=False,
            updated_at=moment(at),
            version=version,
        )
    )


class Shop:
    """Customers, and what is going to be committed about them."""

    def __init__(self):
        self.clock = 0
        self.open, self.customers, self.deletions, self.versions = [], {}, [], {}

    def begin(self, number, is_deletion):
        self.clock += 1
        self.open.append((self.clock, number, is_deletion))

    def commit(self, which):
        if not self.open:
            return
        at, number, is_deletion = self.open.pop(which % len(self.open))
        version = self.versions[number] = self.versions.get(number, 0) + 1
        if not is_deletion:
            self.customers[number] = changed(number, at, version)
        elif self.customers.pop(number, None):
            self.deletions.append(Deletion(an_id(1000 + len(self.deletions)), an_id(number), f"C-{number}", moment(at)))

    def busy_with(self, number):
        return any(each[1] == number for each in self.open)

    @property
    def settled(self):
        return moment(min([each[0] for each in self.open], default=self.clock + 1))

    def after(self, place, limit):
        found = [each for each in (*self.customers.values(), *self.deletions) if each.place > place]
        return sorted(found, key=lambda each: each.place)[:limit]


class Copy:
    def __init__(self):
        self.cursor, self.versions, self.marks = BEGINNING, {}, []

    def ask(self, shop, limit):
        found = shop.after(self.cursor.place, limit + len(self.cursor.sent) + 1)
        news, cursor = self.cursor.next_news(found, limit, shop.settled)
        self.cursor = Cursor.read(cursor.written())
        self.marks += [each.mark for each in news]
        for each in news:
            if isinstance(each, Deletion):
                self.versions.pop(each.customer, None)
        for each in news:
            if isinstance(each, Changed):
                self.versions[each.customer.id] = each.customer.version
        return news


NUMBERS = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), NUMBERS, st.sampled_from([False, False, True])),
        st.tuples(st.just("commit"), NUMBERS),
        st.tuples(st.just("ask"), st.integers(1, 3)),
    ),
    min_size=20,
    max_size=60,
)


@given(STEPS)
def test_nobody_is_missed_and_no_version_is_told_twice(steps):
    shop, copy = Shop(), Copy()
    for what, *how in steps:
        match what:
            case "begin" if not shop.busy_with(how[0]):
                shop.begin(*how)
            case "commit":
                shop.commit(*how)
            case "ask":
                copy.ask(shop, *how)
    while copy.ask(shop, 2):
        pass
    assert copy.versions == {each.customer.id: each.customer.version for each in shop.customers.values()}
    assert len(copy.marks) == len(set(copy.marks))


def test_a_change_that_is_committed_late_is_told():
    sent, cursor = BEGINNING.next_news([changed(2, 20)], 10, settled=moment(10))
    assert sent == [changed(2, 20)]
    sent, cursor = cursor.next_news([changed(1, 15), changed(2, 20)], 10, settled=moment(30))
    assert sent == [changed(1, 15)]
    assert (cursor.place, cursor.sent) == (changed(2, 20).place, frozenset())


def test_a_cursor_remembers_only_so_many_and_stays_short():
    news = [changed(number, 10) for number in range(MOST_UNSETTLED + 20)]
    sent, cursor = BEGINNING.next_news(news, 1000, settled=moment(5))
    assert sent == news[:MOST_UNSETTLED]
    assert len(cursor.written()) < LONGEST_CURSOR
    assert cursor.next_news(news, 1000, settled=moment(5)) == ([], cursor)
    assert cursor.next_news(news, 1000, settled=moment(11))[0] == news[MOST_UNSETTLED:]


@given(
    st.builds(
        Cursor,
        st.builds(
            Place,
            st.datetimes(timezones=st.just(UTC)).map(
                lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000)
            ),
            st.booleans(),
            st.integers(0, 2**96 - 1).map(an_id),
        ),
        st.frozensets(st.binary(min_size=6, max_size=6)),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**63),
    )
)
def test_a_cursor_is_read_as_it_was_written(cursor):
    assert Cursor.read(cursor.written()) == cursor


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-2], lambda text: text[2:], str.swapcase, lambda text: f"{text}AA"]
)
def test_a_cursor_that_was_spoilt_is_refused(spoil):
    with pytest.raises(ValueError):
        Cursor.read(spoil(BEGINNING.written()))
