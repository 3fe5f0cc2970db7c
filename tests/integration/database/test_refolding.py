"""What customers are found by follows the edition of the compared forms and the country of the shop."""

from datetime import UTC, datetime, timedelta

import pytest

from kinso.database.migrations import STATE
from kinso.database.preparation import prepare
from kinso.database.refolding import is_refolded, refold
from kinso.database.search import helper_fields
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.settings import save_shop_settings


def draft(customer_id, contact="01711-234567"):
    return parse(CustomerDraft, {"customerId": customer_id, "customerName": "Sadia", "contactInfo": contact})


def found(store, text):
    return [each.customer_id for each in store.customers.find(CustomerQuery(search=text), page=1, limit=9)]


def of_an_earlier_edition(customers, **ids):
    """Make it look as if these were stored before: `ids` are the compared forms of then."""
    for customer_id, key in ids.items():
        stale = {"id": key, "name": "sadia", "contact": "01711-234567", "text": "sadia"}
        customers.update_one({"customerId": customer_id}, {"$set": {"search": stale}})


@pytest.fixture
def shop(new_database):
    connection = new_database()
    prepare(connection)
    return Store(connection)


def restarted(store):
    store.connection.database["settings"].delete_many({"_id": {"$in": ["search", STATE]}})
    prepare(store.connection)


def test_what_an_earlier_edition_stored_is_brought_up_to_date_at_the_start(shop, admin):
    create_customer(shop, admin, draft("C-1"))
    customers = shop.connection.database["customers"]
    of_an_earlier_edition(customers, **{"C-1": "c-1"})
    restarted(shop)
    document = customers.find_one()
    assert document["search"] == helper_fields(document, "")
    assert check_database(shop, admin).findings == []


def test_ids_that_look_alike_since_are_kept_marked_and_named(shop, admin, caplog):
    for number, customer_id in enumerate(("C-1", "X-2", "X-3")):
        create_customer(shop, admin, draft(customer_id, f"0171100000{number}"))
    customers = shop.connection.database["customers"]
    for customer_id, other, key in (("X-2", "C\u20111", "c\u20111"), ("X-3", "Ｃ－１", "ｃ－１")):
        customers.update_one({"customerId": customer_id}, {"$set": {"customerId": other, "search.id": key}})
    restarted(shop)
    case_duplicates = shop.customers.case_duplicates()
    assert sorted(each.customer_id for each in case_duplicates) == sorted(["C-1", "C\u20111", "Ｃ－１"])
    assert shop.customers.get_by_customer_id("C\u20111").contact_info == "01711000001"
    assert len(check_database(shop, admin).duplicates) == 2
    assert "looks like another one" in caplog.text


def test_a_second_process_and_a_second_start_change_nothing(shop, admin):
    create_customer(shop, admin, draft("C-1"))
    before = shop.connection.database["customers"].find_one()
    restarted(shop)
    restarted(shop)
    assert shop.connection.database["customers"].find_one() == before


def test_the_history_is_found_by_what_the_id_looks_like(shop, admin):
    changes = shop.connection.database["changes"]
    create_customer(shop, admin, draft("C\u20111"))
    changes.update_one({}, {"$set": {"idKey": "c\u20111"}})
    restarted(shop)
    assert changes.find_one()["idKey"] == "c-1"


def test_another_country_changes_what_is_found(store, admin):
    create_customer(store, admin, draft("C-1"))
    assert found(store, "+880 1711 23") == []
    save_shop_settings(store, admin, ShopSettings(country="BD"))
    assert found(store, "+880 1711 23") == ["C-1"]
    assert check_database(store, admin).findings == []


def test_looking_through_goes_on_where_it_was_interrupted(store, admin):
    store.customers.insert_many([draft(f"C-{number}") for number in range(2500)], now())
    store.shop.save(ShopSettings(country="BD"))
    assert not refold(store.connection, most=1000)
    assert not is_refolded(store.connection.database)
    assert refold(store.connection, should_stop=lambda: False)
    assert is_refolded(store.connection.database)
    stale = {"search.keys": {"$nin": ["+8801711234567"]}}
    assert store.connection.database["customers"].count_documents(stale) == 0


def test_whoever_was_stored_by_the_country_of_before_is_looked_at_again(store, admin):
    """Once nobody can commit any more who did not know of the present one."""
    create_customer(store, admin, draft("C-1"))
    save_shop_settings(store, admin, ShopSettings(country="BD"))
    customers, settings = (store.connection.database[name] for name in ("customers", "settings"))
    document = customers.find_one()
    customers.update_one({}, {"$set": {"search": helper_fields(document, "GB"), "updatedAt": now()}})
    settings.update_one({"_id": "search"}, {"$set": {"began": datetime.now(UTC) - timedelta(minutes=5)}})
    refold(store.connection)
    assert customers.find_one()["search"] == helper_fields(document, "BD")
    assert settings.find_one({"_id": "search"})["settled"] is True


def test_the_country_works_without_a_server_as_well(mock_store, admin):
    create_customer(mock_store, admin, draft("C-1"))
    save_shop_settings(mock_store, admin, ShopSettings(country="BD"))
    assert found(mock_store, "+880 1711 23") == ["C-1"]


@pytest.mark.parametrize(
    ("settings", "contact", "country"),
    [
        ({}, "+880 1711-234567", "BD"),
        ({"timeZone": "Asia/Dhaka"}, "+44 20 7946 0958", "GB"),
        ({"timeZone": "Asia/Dhaka"}, "no number", "BD"),
        ({"currency": "SEK"}, "no number", "SE"),
        ({"currency": "EUR"}, "no number", ""),
        ({}, "01711-234567", ""),
        ({"country": "US"}, "+880 1711-234567", "US"),
        ({"country": ""}, "+880 1711-234567", ""),
    ],
)
def test_a_shop_that_was_never_asked_for_its_country_gets_the_likely_one(new_database, settings, contact, country):
    connection = new_database()
    store = Store(connection)
    if settings:
        connection.database["settings"].insert_one({"_id": "shop", **settings})
    connection.database["customers"].insert_one(
        {"customerId": "C-1", "customerName": "Ann", "contactInfo": contact, "purchaseAmount": 0}
    )
    prepare(connection)
    assert store.shop.get().country == country
    document = connection.database["customers"].find_one()
    assert document["search"] == helper_fields(document, country)


def test_sale_ids_that_look_alike_since_are_kept_and_named(shop, admin):
    ann = create_customer(shop, admin, draft("C-1"))
    sales = shop.connection.database["sales"]
    for sale_id, amount in (("R-1", 10), ("X-1", 20), ("X-2", 30)):
        record_sale(shop, admin, ann.id, parse(PurchaseDraft, {"saleId": sale_id, "amount": amount}))
    refund_sale(shop, admin, "X-1", parse(RefundDraft, {"saleId": "B-1", "amount": 1}))
    refund_sale(shop, admin, "X-2", parse(RefundDraft, {"saleId": "B-2", "amount": 2}))
    for before, after in (("X-1", "R\u20111"), ("X-2", "Q\u20111")):
        sales.update_one({"saleId": before}, {"$set": {"saleId": after}})
        sales.update_one({"refundOf": before}, {"$set": {"refundOf": after}})
    restarted(shop)
    assert [shop.ledger.get(sale_id).amount for sale_id in ("R-1", "R\u20111", "Q-1", "Q\u20111")] == [10, 20, 30, 30]
    assert [refund.sale_id for refund in shop.ledger.refunds_of(shop.ledger.get("R\u20111"))] == ["B-1"]
    assert [refund.sale_id for refund in shop.ledger.refunds_of(shop.ledger.get("Q-1"))] == ["B-2"]
    report = check_database(shop, admin)
    assert report.findings == []
    assert report.duplicates == ["Sale ID R\u20111 differs from R-1 only in what looks the same."]
