"""The sample shop looks like a shop that was busy for two years."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from kinso.models.customers import CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import list_customers
from kinso.services.history.undo import undo_run
from kinso.services.membership.eligibility import count_members_at, list_memberships
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(store, staff):
    load_samples(store, staff, 600)
    return store


def test_nothing_is_wrong_with_it(shop, admin):
    report = check_database(shop, admin)
    assert (report.findings, report.duplicates) == ([], [])


def test_memberships_began_over_the_years(shop, analyst):
    months = [now() - timedelta(days=days) for days in range(720, -1, -60)]
    members = count_members_at(shop, analyst, months)
    assert members == sorted(members)
    steps = [after - before for before, after in pairwise(members)]
    assert sum(step > 0 for step in steps) >= len(steps) - 2
    assert max(steps) < members[-1] / 3


def test_a_membership_begins_with_the_change_that_tells_of_it(shop, analyst):
    members = shop.customers.find(CustomerQuery(membership_status=True), page=1, limit=500)
    reasons = Counter()
    for member in members:
        [interval] = list_memberships(shop, analyst, member.id)
        history = shop.changes.of_customer(member.id, limit=50)
        [change] = [change for change in history if "membershipStatus" in (change.before or {})]
        assert (interval.begin, interval.begun.by_name) == (change.at, change.by_name)
        reasons[interval.begun.decided_by] += 1
    assert set(reasons) == {"rule", "person"}


def test_every_change_is_dated_as_what_it_records(shop):
    for customer in shop.customers.find(CustomerQuery(), page=1, limit=100):
        changes = sorted(shop.changes.of_customer(customer.id, limit=50), key=lambda change: change.version)
        moments = [change.at for change in changes]
        assert moments == sorted(moments)
        assert (moments[0], moments[-1]) == (customer.created_at, customer.updated_at)
        assert [change.version for change in changes] == list(range(1, customer.version + 1))


def test_receipts_have_items_that_come_to_the_amount_and_some_have_a_discount(shop):
    sales = list(shop.ledger.iterate(LedgerQuery(kind="sale")))
    with_items = [sale for sale in sales if sale.items]
    assert len(with_items) > len(sales) / 2
    for sale in with_items:
        assert sum(item.total for item in sale.items) - (sale.discount or 0) == sale.amount
    assert any(sale.discount for sale in with_items)


def test_december_is_busier_than_february(shop):
    months = Counter(sale.sold_at.month for sale in shop.ledger.iterate(LedgerQuery(kind="sale")))
    assert months[12] > 1.3 * months[2]


def test_contacts_are_of_every_kind(shop):
    contacts = [customer.contact_info for customer in shop.customers.iterate(CustomerQuery())]
    kinds = Counter(("@" in contact, any(map(str.isdigit, contact.partition("@")[0][:4]))) for contact in contacts)
    assert set(kinds) >= {(True, True), (True, False), (False, True)}
    assert any(contact.startswith("0") for contact in contacts)
    assert any(contact.startswith("০") for contact in contacts)


def test_a_local_number_is_found_in_its_international_form(store, staff, analyst):
    store.shop.save(ShopSettings(country="GB"))
    load_samples(store, staff, 300)
    local = next(each for each in store.customers.iterate(CustomerQuery()) if each.contact_info.startswith("07700"))
    number = "+44 " + local.contact_info[1:12]
    found = list_customers(store, analyst, CustomerQuery(search=number), page=1, limit=10)
    assert local.id in {customer.id for customer in found.items}


def test_it_can_be_undone_in_one_go(shop, admin):
    [run] = shop.runs.recent(limit=1)
    undo_run(shop, admin, run.id)
    assert shop.customers.count(CustomerQuery()) == 0
    assert list(shop.ledger.iterate(LedgerQuery())) == []
    assert check_database(shop, admin).findings == []
