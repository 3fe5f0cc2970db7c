"""Customers of an earlier application whose IDs differ in letter case, spaces or the like only."""

from datetime import UTC, datetime

import pytest

from kinso.database.migrations import STATE
from kinso.database.preparation import prepare
from kinso.database.schema import UNIQUE_ID
from kinso.errors import AmbiguousCustomerId, InvalidInput
from kinso.models.customers import CustomerPatch, CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.transfer.plans import ImportChoices
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import delete_customer, update_customer
from kinso.services.customers.finding import find_by_customer_id
from kinso.services.history.trash import restore_customers
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers, preview_import
from kinso.services.transfer.exports import export_customers
from kinso.services.transfer.purchase_imports import import_purchases

IDS = ["LEG-2", "leg-2", "LEG-2 "]
HEADER = "saleId,customerId,date,amount,kind,refundOf\n"


@pytest.fixture
def case_duplicates(connection, store):
    customers = connection.database["customers"]
    customers.drop_index(UNIQUE_ID)
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    common = {"contactInfo": "old@shop.com", "purchaseAmount": 1, "membershipStatus": False}
    customers.insert_many(
        [
            {"customerId": id, "customerName": f"Name of {id}", **common, "createdAt": moment, "updatedAt": moment}
            for id in IDS
        ],
        bypass_document_validation=True,
    )
    prepare(connection)
    return {customer.customer_id: customer for customer in store.customers.iterate(CustomerQuery())}


def test_case_duplicates_adopted_before_they_were_marked_are_found_all_the_same(
    connection, store, analyst, case_duplicates
):
    connection.database["customers"].drop_index("search.twin_1")
    connection.database["customers"].update_many({}, {"$unset": {"search.twin": ""}})
    connection.database["settings"].delete_one({"_id": STATE})
    prepare(connection)
    assert [find_by_customer_id(store, analyst, id) for id in IDS] == [case_duplicates[id] for id in IDS]


def changed(store, case_duplicates):
    return [
        customer.customer_id
        for customer in store.customers.iterate(CustomerQuery(sort_by="customerId"))
        if customer != case_duplicates.get(customer.customer_id)
    ]


@pytest.mark.parametrize("id", IDS)
def test_each_is_found_by_its_exact_id(store, analyst, case_duplicates, id):
    assert find_by_customer_id(store, analyst, id) == case_duplicates[id]


def test_an_id_that_fits_several_and_none_exactly_is_refused_with_their_ids(store, analyst, case_duplicates):
    with pytest.raises(AmbiguousCustomerId, match="may mean “LEG-2” and “LEG-2 ” and “leg-2”; write it exactly"):
        find_by_customer_id(store, analyst, "Leg-2")


def test_one_that_is_left_alone_is_found_in_any_letter_case(store, manager, case_duplicates):
    for id in ("LEG-2", "LEG-2 "):
        delete_customer(store, manager, case_duplicates[id].id)
    assert find_by_customer_id(store, manager, "LEG-2") == case_duplicates["leg-2"]


def test_one_that_gets_another_id_is_found_by_that_only(store, staff, admin, case_duplicates):
    update_customer(store, staff, case_duplicates["leg-2"].id, CustomerPatch(customer_id="NEW-2"))
    assert find_by_customer_id(store, staff, "new-2").id == case_duplicates["leg-2"].id
    with pytest.raises(AmbiguousCustomerId, match="“LEG-2” and “LEG-2 ”;"):
        find_by_customer_id(store, staff, "leg-2")
    assert check_database(store, admin).findings == []


def test_one_that_comes_back_from_the_trash_is_still_told_from_the_others(store, manager, admin, case_duplicates):
    delete_customer(store, manager, case_duplicates["leg-2"].id)
    restore_customers(store, manager, [case_duplicates["leg-2"].id])
    assert find_by_customer_id(store, manager, "leg-2").id == case_duplicates["leg-2"].id
    assert check_database(store, admin).findings == []


@pytest.mark.parametrize("id", IDS)
def test_a_row_of_a_list_changes_the_one_that_it_names_exactly(store, staff, case_duplicates, id):
    [outcome] = upsert_customers(store, staff, [{"customerId": id, "customerName": "New"}], all_or_nothing=True).rows
    assert (outcome.outcome, outcome.customer.id) == ("updated", case_duplicates[id].id)
    assert changed(store, case_duplicates) == [id]


def test_a_list_may_name_all_of_them_and_a_row_that_fits_several_fails(store, staff, case_duplicates):
    rows = [{"customerId": id, "purchaseAmount": 5} for id in [*IDS, "Leg-2"]]
    outcome = upsert_customers(store, staff, rows, all_or_nothing=False)
    assert [row.outcome for row in outcome.rows] == ["updated", "updated", "updated", "failed"]
    assert "write it exactly" in outcome.rows[3].errors[0].message


def test_a_row_of_a_file_changes_the_one_that_it_names_exactly(store, staff, case_duplicates):
    import_customers(store, staff, b"customerId,purchaseAmount\nleg-2,77\n")
    assert changed(store, case_duplicates) == ["leg-2"]
    with pytest.raises(InvalidInput):
        import_customers(store, staff, b"customerId,purchaseAmount\nLeg-2,77\n")


@pytest.mark.parametrize("flavour", ["excel", "raw"])
def test_their_export_can_be_imported_again(store, staff, case_duplicates, flavour):
    plan = preview_import(store, staff, b"".join(export_customers(store, staff, CustomerQuery(), flavour)))
    assert (plan.errors, plan.unchanged) == ((), 3)


def test_purchases_of_a_file_go_to_the_one_that_they_name_exactly(store, staff, admin, case_duplicates):
    rows = "S-1,leg-2,2025-01-31,10,,\nS-2,LEG-2,2025-01-31,20,,\nS-3,leg-2,2025-02-01,30,,\n"
    rows += "R-1,leg-2,2025-02-02,-5,refund,S-1\n"
    on_top = ImportChoices(opening_balance="keep")
    assert import_purchases(store, staff, (HEADER + rows).encode(), choices=on_top).figures.customers == 2
    owners = {sale.sale_id: sale.customer for sale in store.ledger.iterate(LedgerQuery()) if "-" in sale.sale_id[:2]}
    leg = case_duplicates["leg-2"].id
    assert owners == {"S-1": leg, "S-2": case_duplicates["LEG-2"].id, "S-3": leg, "R-1": leg}
    assert import_purchases(store, staff, (HEADER + rows).encode()).figures.recorded == 4
    assert check_database(store, admin).findings == []


def test_a_refund_in_a_file_of_the_sale_of_a_case_duplicate_is_refused(store, staff, case_duplicates):
    rows = "S-1,leg-2,2025-01-31,10,,\nR-1,LEG-2,2025-02-02,-1,refund,S-1\n"
    with pytest.raises(InvalidInput, match="1 error") as error:
        import_purchases(store, staff, (HEADER + rows).encode())
    assert [each.field for each in error.value.plan.errors] == ["refundOf"]


def test_purchases_of_a_file_that_fit_several_are_refused(store, staff, case_duplicates):
    with pytest.raises(InvalidInput) as error:
        import_purchases(store, staff, (HEADER + "S-1,Leg-2,2025-01-31,10,,\n").encode(), unknown="create")
    assert "write it exactly" in error.value.plan.errors[0].message
