from datetime import timedelta

import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerDraft
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services import application as application_module
from kinso.services.application import ApplicationContext
from kinso.services.customers.editing import create_customer, delete_customer


@pytest.fixture
def old(store, manager, connection):
    """A customer who was deleted eight days ago, in a shop that keeps them for seven."""
    store.shop.save(ShopSettings(trash_days=7))
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com")
    customer = create_customer(store, manager, draft)
    delete_customer(store, manager, customer.id)
    connection.database["trash"].update_many({}, {"$set": {"deletedAt": now() - timedelta(days=8)}})
    return customer


def test_kinso_empties_the_trash_when_it_starts(store, settings, old):
    ApplicationContext(settings, store).prepare()
    assert store.trash.count() == 0


def test_kinso_empties_the_trash_while_it_runs(store, settings, old, connection, monkeypatch):
    monkeypatch.setattr(application_module, "_MAINTENANCE_SECONDS", 0.01)
    monkeypatch.setattr(application_module, "_TRASH_SECONDS", 0.0)
    trash = connection.database["trash"]
    (document,) = trash.find()
    application = ApplicationContext(settings, store)
    application.prepare()
    trash.insert_one(document)
    application.maintain()
    try:
        for _ in range(1000):
            if not trash.count_documents({}):
                break
            application._closing.wait(0.01)
        assert trash.count_documents({}) == 0
    finally:
        application._closing.set()
        application._maintenance.join()


def test_the_trash_is_looked_through_once_an_hour_and_not_all_the_time(store, settings, old, connection):
    trash = connection.database["trash"]
    (document,) = trash.find()
    application = ApplicationContext(settings, store)
    application.prepare()
    trash.insert_one(document)
    application.prepare()
    assert trash.count_documents({}) == 1


@pytest.mark.parametrize(("days", "sentence"), [(0, "must be 1 or more"), (3651, "must be 3650 or less")])
def test_a_time_to_keep_that_makes_no_sense_is_refused_with_a_sentence(days, sentence):
    with pytest.raises(InvalidInput, match=f"Days in the trash {sentence}"):
        parse(ShopSettings, {"trashDays": days})
