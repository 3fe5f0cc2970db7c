"""While very many customers of another application are taken over, each of them can be worked on already."""

from decimal import Decimal

import pytest

from kinso.database import adoption as adoption_module
from kinso.database import preparation
from kinso.database.adoption_progress import NotAdopted
from kinso.database.preparation import finish_adoption, prepare
from kinso.database.schema import UNIQUE_ID, UNIQUE_ID_FOR_NOW
from kinso.errors import DuplicateCustomerId, MirrorNotReady, StartupError
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft
from kinso.repository.store import Store
from kinso.services import application as application_module
from kinso.services.application import ApplicationContext
from kinso.services.customers.editing import create_customer, delete_customer, list_customers, update_customer
from kinso.services.customers.finding import find_as_written, find_by_customer_id
from kinso.services.history.trash import restore_customers
from kinso.services.insights import get_lists_state
from kinso.services.membership.activation import set_membership_of_selected
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.checks import check_database
from tests.integration.database.test_adoption import original


def never():
    return False


class Shop:
    """A shop of another application whose customers are still to be adopted."""

    def __init__(self, connection, documents):
        connection.database["customers"].create_index("customerId", unique=True)
        connection.database["customers"].insert_many(documents)
        self.connection, self.store = connection, Store(connection)
        self.adoption = prepare(connection, in_background=True)
        assert connection.adoption.is_under_way

    def documents(self, name="customers"):
        return list(self.connection.database[name].find())

    def customer(self, customer_id):
        return find_by_customer_id(self.store, COMMAND_LINE, customer_id)

    def finish(self):
        assert finish_adoption(self.connection, self.adoption, never)
        assert not self.connection.adoption.is_under_way
        report = check_database(self.store, COMMAND_LINE)
        assert report.findings == []


@pytest.fixture
def shop(new_database, monkeypatch):
    monkeypatch.setattr(preparation, "_COMPLETED_AT_START", 3)
    people = [
        original(f"C-{number}", purchaseAmount=100 * number, membershipStatus=number % 2 == 0) for number in range(8)
    ]
    return Shop(new_database(), people)


def test_few_customers_are_adopted_before_anything_else(new_database):
    connection = new_database()
    connection.database["customers"].insert_one(original("C-1"))
    assert prepare(connection, in_background=True).adopted == 1
    assert not connection.adoption.is_under_way


def test_whoever_is_opened_is_adopted_at_once(shop):
    opened = shop.store.customers.get(str(shop.documents()[5]["_id"]))
    assert (opened.customer_id, opened.purchase_amount) == ("C-5", 500)
    assert [found["customerId"] for found in shop.documents() if "search" in found] == ["C-5"]
    shop.finish()


@pytest.mark.parametrize("typed", ["C-4", "c-4", " C-4 ", " c-4 "])
def test_somebody_is_found_by_their_id(shop, typed):
    assert shop.customer(typed).customer_id == "C-4"
    shop.finish()


@pytest.mark.parametrize("typed", ["åsa", "123 45", "c-6"])
def test_somebody_is_found_by_what_is_written(shop, typed):
    assert "C-6" in [found.customer_id for found in find_as_written(shop.store, COMMAND_LINE, typed, limit=8)]
    assert find_as_written(shop.store, COMMAND_LINE, ".*") == []


def test_a_purchase_meanwhile_is_added_to_what_was_spent_before(shop):
    record_sale(shop.store, COMMAND_LINE, shop.customer("C-3").id, PurchaseDraft(amount=Decimal("9.50")))
    shop.finish()
    sums = [entry["amount"] for entry in shop.documents("sales") if entry["customer"] == shop.customer("C-3").id]
    assert sorted(sums) == [9.5, 300.0]


def test_a_purchase_by_id_in_one_transaction_is_done_again_when_its_customer_is_adopted(shop):
    id = str(shop.documents()[3]["_id"])
    record_sale(shop.store, COMMAND_LINE, id, PurchaseDraft(amount=Decimal("9.50")))
    assert shop.store.customers.get(id).purchase_amount == Decimal("309.50")
    shop.finish()


def test_nobody_is_adopted_within_a_transaction_that_could_not_see_it(shop):
    ids = [found["_id"] for found in shop.documents()]
    attempts = []

    def work():
        attempts.append(shop.store.customers.get(str(ids[1])))

    shop.store.transact(work)
    assert len(attempts) == 1
    with pytest.raises(NotAdopted):
        shop.connection._transact(lambda: shop.store.customers.get(str(ids[2])))


def test_an_edit_a_membership_and_a_deletion_meanwhile_stay(shop):
    renamed, ended, deleted = shop.customer("C-1"), shop.customer("C-2"), shop.customer("C-4")
    update_customer(shop.store, COMMAND_LINE, renamed.id, CustomerPatch(customer_id="D-1", customer_name="Bo Ek"))
    set_membership_of_selected(shop.store, COMMAND_LINE, [ended.id], membership_status=False)
    delete_customer(shop.store, COMMAND_LINE, deleted.id)
    shop.finish()
    assert shop.customer("D-1").customer_name == "Bo Ek"
    assert not shop.customer("C-2").membership_status
    assert shop.customer("C-4") is None
    restore_customers(shop.store, COMMAND_LINE, [deleted.id])
    assert shop.customer("C-4").purchase_amount == 400
    assert check_database(shop.store, COMMAND_LINE).findings == []


@pytest.mark.parametrize("typed", ["C-4", "c-4"])
def test_an_id_that_somebody_has_is_not_given_again(shop, typed):
    with pytest.raises(DuplicateCustomerId):
        create_customer(
            shop.store, COMMAND_LINE, CustomerDraft(customer_id=typed, customer_name="Bo", contact_info="x@y.org")
        )
    create_customer(
        shop.store, COMMAND_LINE, CustomerDraft(customer_id="N-1", customer_name="Bo", contact_info="x@y.org")
    )
    shop.finish()
    assert len(shop.documents()) == 9


def test_nobody_is_renamed_to_an_id_that_somebody_has(shop):
    with pytest.raises(DuplicateCustomerId):
        update_customer(shop.store, COMMAND_LINE, shop.customer("C-1").id, CustomerPatch(customer_id="c-4"))
    shop.finish()


def test_a_membership_that_ended_since_a_batch_was_read_is_not_opened_again(shop, monkeypatch):
    ended = shop.customer("C-2")
    unfinished = {"$unset": {"membershipHeld": "", "search": ""}}
    shop.connection.database["customers"].update_one({"customerId": "C-2"}, unfinished, bypass_document_validation=True)
    prepare_batch = adoption_module._prepare

    def end_first(connection, batch, country):
        monkeypatch.undo()
        set_membership_of_selected(shop.store, COMMAND_LINE, [ended.id], membership_status=False)
        return prepare_batch(connection, batch, country)

    monkeypatch.setattr(adoption_module, "_prepare", end_first)
    shop.finish()
    assert not shop.customer("C-2").membership_status


def test_the_index_over_ids_stays_when_the_one_for_now_is_dropped(shop, monkeypatch):
    complete, seen = preparation._complete_preparation, []

    def note(connection):
        seen.append(connection.database["customers"].index_information().keys())
        complete(connection)

    monkeypatch.setattr(preparation, "_complete_preparation", note)
    shop.finish()
    assert UNIQUE_ID in seen[0]
    assert UNIQUE_ID_FOR_NOW.document["name"] not in seen[0]


def test_lists_say_how_far_it_is(shop):
    with pytest.raises(MirrorNotReady, match=r"taken over \(0 of about 8\)"):
        list_customers(shop.store, COMMAND_LINE, CustomerQuery(), page=1, limit=50)
    with pytest.raises(MirrorNotReady):
        shop.store.mirror.demand_following()
    assert get_lists_state(shop.store, COMMAND_LINE).share == 0
    shop.finish()
    assert list_customers(shop.store, COMMAND_LINE, CustomerQuery(), page=1, limit=50).total == 8


def test_what_stands_in_the_way_is_said(shop, settings, monkeypatch):
    application = ApplicationContext(settings, shop.store)
    attempts = []

    def fail(*arguments):
        attempts.append(arguments)
        application._closing.set()
        raise StartupError("Two indexes have the same name: remove one.")

    monkeypatch.setattr(application_module, "finish_adoption", fail)
    application._adopt(shop.adoption)
    assert len(attempts) == 1
    with pytest.raises(MirrorNotReady, match=r"cannot be taken over: Two indexes have the same name"):
        shop.store.mirror.demand_following()
    shop.finish()


def test_it_goes_on_at_the_next_start_when_it_was_stopped(shop, new_database):
    stopping = iter([False, False, True])
    assert not finish_adoption(shop.connection, shop.adoption, lambda: next(stopping, True))
    again = new_database(shop.connection.database.name)
    prepare(again, in_background=True)
    assert again.adoption.is_under_way
    assert finish_adoption(again, shop.adoption, never)
    assert all("search" in found for found in shop.documents())


def test_ids_stay_unique_all_the_time(shop):
    names = set(shop.connection.database["customers"].index_information())
    assert UNIQUE_ID not in names
    assert UNIQUE_ID_FOR_NOW.document["name"] in names
    shop.finish()
    names = set(shop.connection.database["customers"].index_information())
    assert UNIQUE_ID in names
    assert UNIQUE_ID_FOR_NOW.document["name"] not in names


def test_what_everybody_is_found_by_is_not_looked_through_again(shop):
    shop.finish()
    state = shop.connection.database["settings"].find_one({"_id": "search"})
    assert (state["passed"], state["after"]) == (True, None)
