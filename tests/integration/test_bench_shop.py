"""The shops that `bench` builds are what Kinso would have stored itself."""

from bench.shop import COUNTRY, PURCHASES, THRESHOLD, Documents
from kinso.models.customers import CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.membership.activation import count_eligible
from kinso.services.shop.checks import check_database

COUNT = 1000


def test_a_built_shop_passes_the_check_and_a_sixth_are_members_and_as_many_can_be(store, admin, new_database):
    store.shop.save(ShopSettings(country=COUNTRY))
    documents = Documents()
    for number in range(1, COUNT + 1):
        documents.add(number, now())

    documents.insert(store.connection.database, new_database().database)

    report = check_database(store, admin)
    assert [finding.sentence for finding in report.findings] == []
    assert report.customers == store.customers.count(CustomerQuery()) == COUNT
    assert store.ledger.count(LedgerQuery(kind="sale")) == COUNT * PURCHASES
    members = store.customers.count(CustomerQuery(membership_status=True))
    assert 0.13 < members / COUNT < 0.19
    assert 0.13 < count_eligible(store, admin, THRESHOLD) / COUNT < 0.19


def test_the_specified_way_is_measured_on_the_same_people(new_database):
    documents = Documents()
    for number in range(1, 11):
        documents.add(number, now())
    originals = new_database().database

    documents.insert(new_database().database, originals)

    same = ("_id", "customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus", "createdAt")
    assert [[each[field] for field in same] for each in originals["customers"].find().sort("customerId")] == [
        [each[field] for field in same] for each in documents.customers
    ]
