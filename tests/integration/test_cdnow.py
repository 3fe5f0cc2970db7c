"""The main job on real purchases: of CD buyers in 1997 and 1998, the public CDNOW sample of Fader and Hardie.

The whole sample is looked for beside the checkout; 50 of its customers are in tests/data.
"""

import csv
import io
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from kinso.models.customers import CustomerPatch, CustomerQuery
from kinso.services.customers.editing import get_customer, list_customers, set_membership, update_customer
from kinso.services.insights import get_statistics
from kinso.services.membership.activation import activate_at_threshold, preview_activation
from kinso.services.transfer.customer_imports import import_customers, preview_import
from kinso.services.transfer.exports import export_customers

ROOT = Path(__file__).parents[2]
WHOLE = ROOT.parent / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
EXTRACT = ROOT / "tests" / "data" / "cdnow_50_customers.txt"
THRESHOLD = Decimal("150.00")
FIGURES = {50: ("4510.97", 7, "2878.30"), 2357: ("244091.94", 401, "154738.11")}
"""By number of customers: what all of them spent, how many are at the threshold, what these spent."""
BY_ID = CustomerQuery(sort_by="customerId", sort_order="asc")


@pytest.fixture(params=[EXTRACT, WHOLE], ids=["extract", "whole"])
def buyers(request):
    """Amount spent and day of the first purchase, by sample id."""
    if not request.param.exists():
        pytest.skip(f"the CDNOW sample is not at {request.param}")
    spent, first = defaultdict(Decimal), {}
    for line in request.param.read_text().splitlines():
        _id, number, day, _cds, amount = line.split()
        spent[number] += Decimal(amount)
        first[number] = min(first.get(number, day), day)
    return {number: (spent[number], f"{day[:4]}-{day[4:6]}-{day[6:]}") for number, day in first.items()}


@pytest.fixture
def file(buyers):
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["Customer ID", "Customer name", "Contact", "Purchase amount", "Registered"])
    for number, (spent, day) in buyers.items():
        contact = f"buyer{number}@example.com" if int(number) % 2 else f"+1 212 555 {number}"
        writer.writerow([f"CD-{number}", f"Buyer {int(number)}", contact, f"{spent:,}", day])
    return text.getvalue().encode()


@pytest.fixture
def imported(store, staff, file):
    return import_customers(store, staff, file, file_name="cdnow.csv")


def exported(store, actor, query, flavour="excel"):
    data = b"".join(export_customers(store, actor, query, flavour))
    return data, list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_file_is_imported_completely_and_its_total_is_exact(store, staff, buyers, imported):
    assert (imported.created, imported.updated, imported.unchanged) == (len(buyers), 0, 0)
    total = sum(spent for spent, _day in buyers.values())
    statistics = get_statistics(store, staff)
    assert (statistics.total_customers, statistics.total_purchase_amount) == (len(buyers), total)
    assert statistics.average_purchase_amount == (total / len(buyers)).quantize(Decimal("0.01"))
    assert statistics.new_customers_this_month == 0


def test_the_figures_are_those_that_awk_finds_in_the_sample(store, staff, imported):
    total, active_count, active_total = FIGURES[imported.created]
    assert get_statistics(store, staff).total_purchase_amount == Decimal(total)
    preview = preview_activation(store, staff, THRESHOLD)
    assert (preview.count, preview.purchase_total) == (active_count, Decimal(active_total))


def test_activating_at_a_threshold_reaches_exactly_those_who_spent_as_much(store, staff, buyers, imported):
    expected = {f"CD-{number}" for number, (spent, _day) in buyers.items() if spent >= THRESHOLD}
    preview = preview_activation(store, staff, THRESHOLD)
    assert preview.count == len(expected)
    assert preview.purchase_total == sum(spent for spent, _day in buyers.values() if spent >= THRESHOLD)
    run = activate_at_threshold(store, staff, THRESHOLD)
    assert run.changed == len(expected) > 0
    members = store.customers.iterate(CustomerQuery(membership_status=True))
    assert {customer.customer_id for customer in members} == expected


def test_a_buyer_is_found_edited_and_exported(store, staff, buyers, imported):
    [buyer] = list_customers(store, staff, CustomerQuery(search="cd-0042"), page=1, limit=10).items
    assert buyer.purchase_amount == buyers["0042"][0]
    update_customer(
        store, staff, buyer.id, CustomerPatch(customer_name="Zoë, of the “Blue” room", contact_info="+44 7700")
    )
    set_membership(store, staff, buyer.id, membership_status=True)
    assert get_customer(store, staff, buyer.id).version == 3
    _, rows = exported(store, staff, CustomerQuery(search="zoe"))
    assert [(row["customerId"], row["customerName"], row["contactInfo"], row["membershipStatus"]) for row in rows] == [
        ("CD-0042", "Zoë, of the “Blue” room", "'+44 7700", "true")
    ]


def test_an_export_agrees_row_by_row_and_comes_back_without_a_change(store, staff, buyers, imported):
    activate_at_threshold(store, staff, THRESHOLD)
    for flavour, escape, midnight in (("excel", "'", " 00:00:00"), ("raw", "", "T00:00:00.000Z")):
        data, rows = exported(store, staff, BY_ID, flavour)
        assert [
            (row["customerId"], row["purchaseAmount"], row["membershipStatus"], row["createdAt"]) for row in rows
        ] == [
            (f"CD-{number}", f"{spent:.2f}", str(spent >= THRESHOLD).lower(), f"{day}{midnight}")
            for number, (spent, day) in sorted(buyers.items())
        ]
        assert rows[1]["contactInfo"] == f"{escape}+1 212 555 0002"
        plan = preview_import(store, staff, data)
        assert (plan.writes, plan.unchanged, plan.error_count) == (0, len(buyers), 0)
        assert import_customers(store, staff, data).run is None
