from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kinso.database.preparation import prepare
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.money import CENT
from kinso.repository.store import Store
from kinso.services.transfer.customer_imports import import_customers, preview_import
from kinso.services.transfer.exports import export_customers
from tests.support.examples import fewer_examples

AT = datetime(2025, 1, 1, tzinfo=UTC)
NASTY = st.text(alphabet=st.sampled_from("'=+-@\t\r\n ＝＋－＠a1;,\"\u00a0é\u0301\x00İſ"), max_size=12) | st.text(
    max_size=30
)
PEOPLE = st.lists(st.tuples(NASTY, NASTY, NASTY, st.decimals(0, 10**9, places=2), st.booleans()), max_size=20)
FLAVOURS = pytest.mark.parametrize("flavour", ["excel", "raw"])


def exported(store, actor, flavour):
    return b"".join(export_customers(store, actor, CustomerQuery(sort_by="customerId", sort_order="asc"), flavour))


@pytest.mark.slow
@FLAVOURS
@fewer_examples()
@given(people=PEOPLE)
@example(
    people=[("=", "'=1", "''+880", CENT, True), ("'=", "=1", "'", CENT, False), ("''=", "\n", " \t=", CENT, False)]
)
def test_importing_our_own_export_changes_nothing_whatever_is_stored(store, admin, flavour, people):
    drafts = [
        CustomerDraft.model_construct(
            customer_id=f"{start}-{number}",
            customer_name=name,
            contact_info=contact,
            purchase_amount=amount,
            membership_status=member,
        )
        for number, (start, name, contact, amount, member) in enumerate(people)
    ]
    store.connection.database["customers"].delete_many({})
    if drafts:
        store.customers.insert_many(drafts, AT)
    plan = preview_import(store, admin, exported(store, admin, flavour))
    assert (plan.errors, plan.create, plan.update, plan.unchanged) == ((), 0, 0, len(drafts))


@FLAVOURS
def test_ids_that_look_like_the_escaped_form_of_each_other_stay_apart(store, admin, flavour):
    drafts = [
        CustomerDraft(customer_id=id, customer_name=f"Name {id}", contact_info="+880 171")
        for id in ("-12", "'-12", "''-12")
    ]
    store.customers.insert_many(drafts, AT)
    plan = preview_import(store, admin, exported(store, admin, flavour))
    assert (plan.errors, plan.create, plan.update, plan.unchanged) == ((), 0, 0, 3)


@FLAVOURS
def test_customers_of_another_application_come_back_unchanged(new_database, admin, flavour):
    connection = new_database()
    connection.database["customers"].insert_many(
        [
            {"customerId": "X", "customerName": "", "contactInfo": "a\nb", "purchaseAmount": 12, "__v": 0},
            {"customerId": " y-2 ", "customerName": "e\u0301", "contactInfo": "\u202ex", "purchaseAmount": 0.1 + 0.2},
            {"customerId": "Z-3", "customerName": "Zed", "contactInfo": "zed@example.com", "membershipStatus": True},
        ]
    )
    prepare(connection)
    store = Store(connection)
    plan = preview_import(store, admin, exported(store, admin, flavour))
    assert (plan.errors, plan.create, plan.update, plan.unchanged) == ((), 0, 0, 3)


@FLAVOURS
def test_an_export_moves_the_customers_to_another_shop(store, new_database, admin, flavour):
    texts = ["=1+1", "+880 171", "Ada “the first”", "a;b,c\"d'", "-12 Road", "নাসরিন"]
    drafts = [
        CustomerDraft(customer_id=f"{text} {number}", customer_name=text, contact_info=f"{text} at home")
        for number, text in enumerate(texts)
    ]
    store.customers.insert_many(drafts, AT)
    connection = new_database()
    prepare(connection)
    other = Store(connection)
    data = exported(store, admin, flavour)
    assert import_customers(other, admin, data).created == len(texts)
    columns = slice(0, 6)
    moved = exported(other, admin, flavour)
    assert [line.split(b",")[columns] for line in moved.splitlines()] == [
        line.split(b",")[columns] for line in data.splitlines()
    ]


def test_a_file_whose_mark_a_spreadsheet_dropped_is_still_understood(store, admin):
    store.customers.insert_many(
        [CustomerDraft(customer_id="C-001", customer_name="Käthe", contact_info="+49 171 3920099")], AT
    )
    resaved = exported(store, admin, "excel").decode("utf-8-sig").replace(",false,", ",FALSE,").encode("cp1252")
    plan = preview_import(store, admin, resaved)
    assert (plan.update, plan.unchanged) == (0, 1)
