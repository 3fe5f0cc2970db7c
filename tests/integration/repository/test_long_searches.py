import pytest

from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.repository import customers, customers_search
from kinso.repository.customers_search import read_page
from kinso.repository.documents import now
from kinso.services.customers.editing import list_customers

pytestmark = pytest.mark.slow

NAMES = ["Ada", "Bea", "Cleo", "Dora", "Eve", "Ada", "Bea", "Cleo", "Dora", "Ada"]
QUERIES = [
    CustomerQuery(search=search, customer_name=name, membership_status=status, sort_by=by, sort_order=order)
    for search, name in (("shop.com", ""), ("ada", ""), ("nobody", ""), ("", "e"), ("c-0", "a"), ("(", ""))
    for status in (None, True)
    for by in ("createdAt", "customerName", "customerId", "membershipStatus", "purchaseAmount")
    for order in ("asc", "desc")
]


@pytest.fixture
def shop(store):
    drafts = [
        CustomerDraft(
            customer_id=f"C-{number:02}",
            customer_name=f"{name} {number}",
            contact_info=f"{number}@shop.com",
            purchase_amount=number * 7 % 5,
            membership_status=number % 3 == 0,
        )
        for number, name in enumerate(NAMES)
    ]
    for draft in drafts:
        store.customers.insert(draft, now())
    return store


@pytest.mark.parametrize("few", [0, 2, 1000])
@pytest.mark.parametrize("page", [1, 2, 9])
def test_among_very_many_customers_a_search_finds_the_same_as_among_few(shop, analyst, monkeypatch, few, page):
    def pages():
        found = [list_customers(shop, analyst, query, page=page, limit=3) for query in QUERIES]
        alone = [shop.customers.find(query, page=page, limit=3) for query in QUERIES]
        assert [one.items for one in found] == alone
        return found

    usual = pages()
    monkeypatch.setattr(customers, "EXACT_COUNT_LIMIT", 1)
    monkeypatch.setattr(customers_search, "FEW", few)
    assert pages() == usual


def test_a_walk_that_takes_too_long_is_given_up_for_reading_everything(shop, monkeypatch):
    monkeypatch.setattr(customers_search, "PATIENCE", 20)
    collection = shop.connection.database["customers"]
    walks = []

    def cursor():
        walks.append("slow" if not walks else "quick")
        match = {"$where": "sleep(20) || true"} if walks == ["slow"] else {}
        return collection.find(match).sort([("search.name", 1), ("_id", 1)]).limit(4)

    assert [document["customerName"] for document in read_page(cursor)] == ["Ada 0", "Ada 5", "Ada 9", "Bea 1"]
    assert walks == ["slow", "quick"]
