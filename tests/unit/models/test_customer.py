import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.validation import parse

GOOD = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}


def messages(model, data):
    with pytest.raises(InvalidInput) as refused:
        parse(model, data)
    return {error.field: error.message for error in refused.value.errors}


def test_a_draft_is_trimmed_composed_and_has_defaults():
    draft = parse(CustomerDraft, {**GOOD, "customerId": "  C-1 ", "customerName": "Jose\u0301"})
    assert (draft.customer_id, draft.customer_name) == ("C-1", "José")
    assert (float(draft.purchase_amount), draft.membership_status) == (0.0, False)


def test_every_bad_field_gets_one_sentence_that_names_it():
    found = messages(
        CustomerDraft, {"customerId": "\u3164", "contactInfo": " ", "purchaseAmount": -1, "membershipStatus": "false"}
    )
    assert found == {
        "customerId": "Customer ID is required.",
        "customerName": "Customer name is required.",
        "contactInfo": "Contact is required.",
        "purchaseAmount": "Total spent cannot be negative; enter 0 or more.",
        "membershipStatus": "Membership must be true or false.",
    }


@pytest.mark.parametrize(
    "value", [{"$gt": ""}, ["C-1"], 5, None, "C\x001", "C-\u202e1", "C\n-1", "C-\x7f1", "C-\ud8001", "x" * 65]
)
def test_an_unacceptable_customer_id_is_refused(value):
    assert set(messages(CustomerDraft, {**GOOD, "customerId": value})) == {"customerId"}


@pytest.mark.parametrize(
    "name", ["محمد رحمان", "👩‍👩‍👧 Family", "O'Brien <b>", "=HYPERLINK(1)", "রহিম উদ্দিন", "Łukasz"]
)
def test_names_of_every_script_are_kept_as_typed(name):
    assert parse(CustomerDraft, {**GOOD, "customerName": name}).customer_name == name


def test_a_patch_tells_only_what_was_given():
    assert parse(CustomerPatch, {"customerName": "Bea"}).changes() == {"customerName": "Bea"}
    assert parse(CustomerPatch, {}).changes() == {}


@pytest.mark.parametrize("field", ["customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus"])
def test_a_null_does_not_empty_a_field(field):
    assert set(messages(CustomerPatch, {field: None})) == {field}


def test_a_query_without_filters_is_known_as_such():
    assert not CustomerQuery(search="  ").is_filtered
    assert CustomerQuery(membership_status=False).is_filtered
    assert not CustomerQuery(membership_status=False).is_searched
    assert CustomerQuery(customer_name="a").is_searched
