"""What a run is called on the pages."""

from kinso.models.shop import ShopSettings
from kinso.services.customers.bulk import upsert_customers
from kinso.ui.history.words import describe


def test_a_list_that_a_program_sent_is_called_so(store, staff):
    row = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}
    done = upsert_customers(store, staff, [row], all_or_nothing=True)
    assert describe(store.runs.get(done.run.id), ShopSettings()) == "Import of a list from another program"
