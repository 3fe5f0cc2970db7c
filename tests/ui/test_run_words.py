"""What a run is called on the pages."""

from kinso.models.bulk import Chosen, FieldEdit
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.shop import ShopSettings
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.bulk_edits import edit_customers
from kinso.services.customers.bulk_removal import delete_customers, erase_customers, plan_deletion, plan_erasure
from kinso.services.customers.editing import create_customer
from kinso.services.customers.merging import merge_customers
from kinso.services.history.undo import undo_run
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


def test_what_is_done_to_many_is_said_with_its_field(store, manager):
    def said(chosen, *asked):
        run = edit_customers(store, manager, chosen, FieldEdit.of(*asked))
        return describe(store.runs.get(run.id), ShopSettings())

    assert said(Chosen(), "tags", "add", ["vip", "new"]) == "Tags “new, vip” added to everyone"
    assert said(Chosen(ids=()), "tags", "remove", ["vip"]) == "Tags “vip” removed from 0 selected customers"
    assert said(Chosen(), "notes", "append", "Card sent") == "Notes “Card sent” added to everyone"
    assert said(Chosen(), "notes", "set", "") == "Notes set to “(empty)” for everyone"
    run = delete_customers(store, manager, plan_deletion(store, manager, Chosen(CustomerQuery(search="ada"))))
    assert describe(run, ShopSettings()) == "Deletion of everyone matching search “ada”"
    run = erase_customers(store, manager, plan_erasure(store, manager, Chosen()), confirm=0)
    assert describe(run, ShopSettings()) == "Erasure of 0 selected customers"


def test_a_merge_names_both(store, staff):
    values = {"customer_name": "Sadia Karim", "contact_info": "s@shop.com"}
    this, other = (create_customer(store, staff, CustomerDraft(customer_id=id, **values)).id for id in ("C-1", "C-2"))
    run = merge_customers(store, staff, this, other)
    assert describe(run, ShopSettings()) == "Merged Sadia Karim (C-2) into Sadia Karim (C-1)"
    undo = undo_run(store, staff, run.id)
    assert describe(undo, ShopSettings()) == "Undo of a merge"
