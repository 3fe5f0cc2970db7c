"""What a run is called on the pages."""

from kinso.models.customers import CustomerQuery
from kinso.models.shop import ShopSettings
from kinso.services.customers.bulk import upsert_customers
from kinso.services.membership.activation import set_membership_of_matching
from kinso.ui.history.words import describe


def test_a_list_that_a_program_sent_is_called_so(store, staff):
    row = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}
    done = upsert_customers(store, staff, [row], all_or_nothing=True)
    assert describe(store.runs.get(done.run.id), ShopSettings()) == "Import of a list from another program"


def test_a_change_of_all_who_match_says_what_they_match(store, staff):
    asked = {"any": [{"fact": "spent", "is": ">=", "value": 500}, {"fact": "eligible", "is": "=", "value": True}]}
    query = CustomerQuery(search="ada", filter=asked)
    run = store.runs.get(set_membership_of_matching(store, staff, query, membership_status=True).id)
    said = describe(run, ShopSettings())
    assert said == "Membership given to everyone matching search “ada”, Spent ≥ $500 or Eligible"
    run.parameters["filter"]["filter"] = {"fact": "shoe size"}
    assert "a filter that this Kinso does not know" in describe(run, ShopSettings())
