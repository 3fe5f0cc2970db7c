from contextlib import closing

import pytest

from kinso.database.connection import connect
from kinso.errors import BeingImported, Conflict, DatabaseUnavailable
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.runs import BATCH
from kinso.services.transfer.customer_imports import import_customers

pytestmark = pytest.mark.slow

COUNT = 2 * BATCH + 100
KNOWN = 30


@pytest.fixture
def known(store, staff):
    """Customers that the file updates: the first and the last ones in it."""
    numbers = [*range(KNOWN), *range(COUNT - KNOWN, COUNT)]
    drafts = [CustomerDraft(customer_id=id_of(n), customer_name="As before", contact_info="contact") for n in numbers]
    return {customer.customer_id: customer for customer in [create_customer(store, staff, draft) for draft in drafts]}


def id_of(number):
    return f"C-{number:04}"


def file_of(count=COUNT):
    rows = "".join(f"{id_of(number)},From the file,contact\n" for number in range(count))
    return f"customerId,customerName,contactInfo\n{rows}".encode()


def after_first_batch(act):
    """A progress function that lets someone else act between the first batch and the second."""

    def progress(done, total):
        if done == BATCH:
            act()

    return progress


def assert_as_before(store, known, *, but_for=()):
    now = {customer.customer_id: customer for customer in store.customers.iterate(CustomerQuery())}
    assert now.keys() - set(but_for) == known.keys() - set(but_for)
    assert {customer.customer_name for id, customer in now.items() if id not in but_for} == {"As before"}
    [run] = store.runs.recent(limit=5)
    assert run.status == "rolled-back"


def test_a_customer_edited_meanwhile_stops_the_import_and_all_of_it_is_undone(store, staff, known):
    edited = id_of(COUNT - 1)

    def edit():
        update_customer(store, staff, known[edited].id, CustomerPatch(contact_info="by someone else"))

    with pytest.raises(Conflict, match=f"{edited} was changed by someone else .* Nothing was imported"):
        import_customers(store, staff, file_of(), after_first_batch(edit))
    assert_as_before(store, known)
    assert store.customers.get(known[edited].id).contact_info == "by someone else"


def test_an_id_registered_meanwhile_stops_the_import(store, staff, known):
    taken = id_of(COUNT - KNOWN - 1)

    def register():
        create_customer(
            store, staff, CustomerDraft(customer_id=taken.lower(), customer_name="Theirs", contact_info="theirs")
        )

    with pytest.raises(Conflict, match=f"{taken} was registered by someone else"):
        import_customers(store, staff, file_of(), after_first_batch(register))
    assert_as_before(store, known, but_for=[taken.lower()])
    assert store.customers.get_by_customer_id(taken).customer_name == "Theirs"


def test_a_customer_deleted_meanwhile_stops_the_import(store, manager, known):
    gone = id_of(COUNT - 1)
    with pytest.raises(Conflict, match=f"{gone} was deleted by someone else"):
        import_customers(
            store, manager, file_of(), after_first_batch(lambda: delete_customer(store, manager, known[gone].id))
        )
    assert_as_before(store, known, but_for=[gone])


def test_an_edit_of_an_imported_customer_waits_and_all_of_a_stopped_import_is_undone(store, staff, known):
    mine, theirs = id_of(0), id_of(COUNT - 1)

    def edit_both():
        with pytest.raises(BeingImported):
            update_customer(store, staff, known[mine].id, CustomerPatch(contact_info="after the import"))
        update_customer(store, staff, known[theirs].id, CustomerPatch(contact_info="before the import"))

    with pytest.raises(Conflict):
        import_customers(store, staff, file_of(), after_first_batch(edit_both))
    assert_as_before(store, known)
    assert store.customers.get(known[mine].id).contact_info == "contact"


def test_ctrl_c_undoes_what_was_imported(store, staff, known):
    def press():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_customers(store, staff, file_of(), after_first_batch(press))
    assert_as_before(store, known)


def test_what_is_undone_stays_in_the_records(store, staff, known):
    def press():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_customers(store, staff, file_of(), after_first_batch(press))
    [reverted, imported, _created] = store.changes.of_customer(known[id_of(0)].id, limit=5)
    assert reverted.undoes == imported.id
    assert (imported.after, reverted.after) == ({"customerName": "From the file"}, {"customerName": "As before"})


def test_a_database_that_goes_away_is_told_with_what_happens_to_the_half_that_was_done(store, staff, known, settings):
    def go_away():
        store.connection.close()

    with pytest.raises(DatabaseUnavailable, match="undone as soon as"):
        import_customers(store, staff, file_of(), after_first_batch(go_away))
    with closing(connect(settings)) as connection:
        [run] = Store(connection).runs.recent(limit=5)
    assert (run.status, run.changed) == ("running", BATCH)
