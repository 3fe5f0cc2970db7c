"""The customers of a list summed up: how many are members or eligible, and groups of what they have in common."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft, CustomerGroup, CustomerQuery, MembershipCounts
from kinso.models.filters import read_filter
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.services.customers.grouping import GROUPINGS, count_by_membership, group_customers

_PEOPLE = (
    ("C-1", 1200, True, ["vip"], "2026-01-31T23:30:00Z"),
    ("C-2", 1500, False, ["vip", "tea"], "2026-02-01T12:00:00Z"),
    ("C-3", 40.50, False, ["vip"], "2026-02-28T12:00:00Z"),
    ("C-4", 0, True, ["tea"], "2026-02-28T12:00:00Z"),
    ("C-5", 0, False, [], "2026-02-28T12:00:00Z"),
)


@pytest.fixture(autouse=True)
def people(store):
    for customer_id, amount, is_member, tags, created in _PEOPLE:
        typed = {"customerId": customer_id, "customerName": f"Name {customer_id}", "contactInfo": "a@shop.com"}
        draft = parse(CustomerDraft, typed | {"purchaseAmount": amount, "membershipStatus": is_member, "tags": tags})
        at = datetime.fromisoformat(created)
        store.customers.insert_many([draft], at, COMMAND_LINE, created_at=[at])


def groups(store, by, query=None):
    return group_customers(store, COMMAND_LINE, query or CustomerQuery(), by)


def test_members_and_eligible_ones_are_counted_whatever_the_list_shows_of_them(store):
    everybody = MembershipCounts(total=5, members=2, eligible=1)
    assert count_by_membership(store, COMMAND_LINE, CustomerQuery()) == everybody
    assert count_by_membership(store, COMMAND_LINE, CustomerQuery(membership_status=True, eligible=False)) == everybody
    tea = read_filter({"fact": "tags", "is": "contains", "value": "tea"})
    assert count_by_membership(store, COMMAND_LINE, CustomerQuery(filter=tea)) == MembershipCounts(2, 1, 1)
    assert count_by_membership(store, COMMAND_LINE, CustomerQuery(search="c-3")) == MembershipCounts(1, 0, 0)


def test_who_has_several_tags_is_in_several_groups_and_who_has_none_comes_last(store):
    assert groups(store, "tags") == [
        CustomerGroup("vip", customers=3, members=1, spent=Decimal("2740.50")),
        CustomerGroup("tea", customers=2, members=1, spent=Decimal("1500.00")),
        CustomerGroup(None, customers=1, members=0, spent=Decimal("0.00")),
    ]


def test_months_are_those_of_the_shop_and_begin_with_the_latest(store):
    store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
    assert [(each.value, each.customers) for each in groups(store, "createdAt")] == [(date(2026, 2, 1), 5)]
    store.shop.save(ShopSettings(time_zone="America/New_York"))
    assert [(each.value, each.customers) for each in groups(store, "createdAt")] == [
        (date(2026, 2, 1), 4),
        (date(2026, 1, 1), 1),
    ]


def test_groups_are_of_the_list_only(store):
    query = CustomerQuery(membership_status=True)
    assert groups(store, "membershipStatus", query) == [CustomerGroup(True, 2, 2, Decimal("1200.00"))]


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_has_everybody_in_it(store, by):
    found = groups(store, by)
    assert sum(each.customers for each in found) >= len(_PEOPLE)
