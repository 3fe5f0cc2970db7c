"""Likely duplicates: who is listed, compared, merged and brought back."""

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.models.validation import parse
from kinso.services.customers.editing import create_customer
from kinso.services.purchases.recording import record_sale
from tests.ui.customers_page import button_keys, press, texts


@pytest.fixture
def twins(store):
    people = []
    for number, name, tag in ((1, "Sadia Karim", "tea"), (2, "Sadia Karm", "vip")):
        typed = {"customerId": f"C-{number}", "customerName": name, "contactInfo": "+880 1711-234567"}
        draft = parse(CustomerDraft, typed | {"purchaseAmount": number * 10, "tags": [tag]})
        people.append(create_customer(store, COMMAND_LINE, draft))
    return people


def compared(open_page, twins, role=Role.STAFF):
    one, other = twins
    return open_page("duplicates", role, one=one.id, other=other.id)


def ended(page, panel):
    """The page when what was begun there has ended."""
    while page.session_state["run_panels"][panel].job is not None:
        page.run()
    return page


def test_pairs_are_listed_with_what_they_have_in_common(open_page, twins):
    page = open_page("duplicates", Role.ANALYST)
    said = texts(page)
    assert "**1 pair**" in said
    assert "phone number" in said
    assert not {key for key in button_keys(page) if key.startswith("different_")}


def test_who_is_not_the_same_person_is_not_listed_again(open_page, store, twins):
    page = open_page("duplicates", Role.STAFF)
    press(page, f"different_{twins[0].id}_{twins[1].id}")
    assert "No likely duplicates" in [each.value for each in page.subheader]


def test_both_stand_side_by_side_and_only_who_may_can_merge(open_page, twins):
    page = compared(open_page, twins, Role.ANALYST)
    said = texts(page)
    assert "Sadia Karim" in said
    assert "Sadia Karm" in said
    assert "merge" not in button_keys(page)
    assert "merge" in button_keys(compared(open_page, twins))


def test_what_is_chosen_of_each_field_is_kept_and_the_rest_put_together(open_page, store, twins):
    one, other = twins
    page = compared(open_page, twins)
    page.radio(key=f"keep_{one.id}_{other.id}_customerName").set_value("other").run()
    ended(press(page, "merge"), "merge")
    merged = store.customers.get(one.id)
    assert (merged.customer_name, merged.tags, merged.purchase_amount) == ("Sadia Karm", ("tea", "vip"), 30)
    assert store.customers.get(other.id) is None


def test_a_merge_is_undone_and_what_was_sold_since_goes_where_the_person_says(open_page, store, twins):
    one, other = twins
    page = ended(press(compared(open_page, twins), "merge"), "merge")
    record_sale(store, COMMAND_LINE, one.id, PurchaseDraft(sale_id="S-1", amount=5))
    [run] = store.runs.recent(limit=1)
    press(page.run(), f"report_undo_{run.id}")
    page.radio(key=f"undo_since_{run.id}").set_value("other").run()
    ended(press(page, "undo_confirm"), "undo")
    assert store.customers.get(one.id).purchase_amount == 10
    assert store.customers.get(other.id).purchase_amount == 25


def test_the_other_one_is_looked_for(open_page, twins):
    page = open_page("duplicates", Role.STAFF, one=twins[0].id)
    page.text_input(key="merge_search").set_value("karm").run()
    assert f"compare_{twins[1].id}" in button_keys(page)
    assert f"compare_{twins[0].id}" not in button_keys(page)


@pytest.mark.parametrize("other", ["", "x", "self", "6a0000000000000000000000"])
def test_who_cannot_be_compared_is_told_in_words(open_page, twins, other):
    wanted = twins[0].id if other == "self" else other
    page = open_page("duplicates", Role.STAFF, one=twins[0].id, other=wanted)
    assert not page.exception
    assert "merge" not in button_keys(page)


def test_a_page_in_the_address_that_is_none_falls_back_to_what_is_there(open_page, twins):
    page = open_page("duplicates", Role.STAFF, page="7")
    assert f"compare_{twins[0].id}_{twins[1].id}" in button_keys(page)
