"""Whatever is edited in the file and whatever happens here meanwhile: each cell ends as one rule says."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.transfer.plans import ImportChoices
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import ImportUndecided, import_customers, preview_import
from kinso.services.transfer.exports import export_customers
from tests.support.examples import fewer_examples

pytestmark = pytest.mark.slow

FIELDS = ("customerName", "contactInfo", "purchaseAmount", "membershipStatus")
NAMES = st.sampled_from(["Ann", "Bea", "Cid", "=1+1", "+880 171", "'quoted", "Zoë, née “B”", "007", "1e5"])
CONTACTS = st.sampled_from(["12 Lake Road", "+8801711234567", "01711-234567", "a@b.com", "=cmd()", "'+1 555 0100"])
AMOUNTS = st.decimals(0, 999, places=2).map(lambda amount: f"{amount:.2f}")
VALUES = {
    "customerName": NAMES,
    "contactInfo": CONTACTS,
    "purchaseAmount": AMOUNTS,
    "membershipStatus": st.sampled_from(["true", "false"]),
}
EDITS = st.fixed_dictionaries({}, optional=VALUES)
CUSTOMER = st.fixed_dictionaries(VALUES)
ROW = st.tuples(CUSTOMER, EDITS, st.lists(EDITS, max_size=3))


def typed(cells):
    """Cells as somebody types them into a form."""
    read = {"purchaseAmount": Decimal, "membershipStatus": lambda text: text == "true"}
    return {name: read.get(name, str)(text) for name, text in cells.items()}


def as_in_a_spreadsheet(name, text):
    escaped = f"'{text}" if name in ("customerName", "contactInfo") and text[:2].lstrip("'")[:1] in "=+-@" else text
    return {"purchaseAmount": escaped.rstrip("0").rstrip("."), "membershipStatus": text.upper()}.get(name, escaped)


def expected(base, here, file, side):
    if file == base:
        return here
    return file if here in (base, file) or side == "mine" else here


@fewer_examples()
@given(
    rows=st.lists(ROW, min_size=1, max_size=4),
    side=st.sampled_from(["mine", "theirs"]),
    flavour=st.sampled_from(["excel", "raw"]),
    lost=st.sampled_from([(), ("version",), ("asExported",), ("createdAt", "updatedAt")]),
)
def test_every_cell_ends_as_three_ways_say(store, admin, rows, side, flavour, lost):
    for name in ("customers", "changes", "sales", "memberships", "runs", "trash"):
        store.connection.database[name].delete_many({})
    stored = [
        create_customer(store, admin, CustomerDraft.model_validate({"customerId": f"C-{number}", **typed(base)}))
        for number, (base, _, _) in enumerate(rows)
    ]
    by_id = CustomerQuery(sort_by="customerId", sort_order="asc")
    data = b"".join(export_customers(store, admin, by_id, flavour)).decode("utf-8-sig")
    grid = list(csv.DictReader(io.StringIO(data, newline="")))
    want = []
    for customer, line, (base, in_file, here) in zip(stored, grid, rows, strict=True):
        now = dict(base)
        for edit in here:
            update_customer(store, admin, customer.id, CustomerPatch.model_validate(typed(edit)))
            now |= edit
        line.update({name: as_in_a_spreadsheet(name, text) for name, text in in_file.items()})
        want.append({name: expected(base[name], now[name], in_file.get(name, base[name]), side) for name in FIELDS})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [name for name in grid[0] if name not in lost], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(grid)
    file = text.getvalue().encode("utf-8-sig" if flavour == "excel" else "utf-8")
    plan = preview_import(store, admin, file)
    assert plan.errors == ()
    if plan.conflict_count:
        try:
            import_customers(store, admin, file)
        except ImportUndecided:
            pass
        else:
            raise AssertionError
    import_customers(store, admin, file, choices=ImportChoices(conflicts=side), expected=plan)
    found = [store.customers.get(customer.id) for customer in stored]
    assert [
        {
            "customerName": each.customer_name,
            "contactInfo": each.contact_info,
            "purchaseAmount": f"{each.purchase_amount:.2f}",
            "membershipStatus": str(each.membership_status).lower(),
        }
        for each in found
    ] == want
    assert check_database(store, admin).findings == []
