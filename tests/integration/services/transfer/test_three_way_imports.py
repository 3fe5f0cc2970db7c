"""A file that was exported, edited and brought back changes what was edited, and nothing that happened here since."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.database.preparation import prepare
from kinso.errors import Conflict
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history.trash import empty_trash, erase_person, restore_customers
from kinso.services.history.undo import revert_change
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import ImportRefused, ImportUndecided, import_customers, preview_import
from kinso.services.transfer.exports import export_customers

MINE, THEIRS = ImportChoices(conflicts="mine"), ImportChoices(conflicts="theirs")
FLAVOURS = pytest.mark.parametrize("flavour", ["excel", "raw"])


@pytest.fixture(autouse=True)
def _everything_still_holds(store, admin):
    yield
    assert check_database(store, admin).findings == []


@pytest.fixture
def shop(store, manager):
    """Three customers, by their IDs."""
    drafts = [
        CustomerDraft(
            customer_id=f"ST-{number}",
            customer_name=f"Name {number}",
            contact_info=f"+880 171 000 00{number}",
            purchase_amount=number * 100,
        )
        for number in (1, 2, 3)
    ]
    return {draft.customer_id: create_customer(store, manager, draft) for draft in drafts}


class GridState:
    """An export as somebody has it open in a spreadsheet."""

    def __init__(self, store, actor, flavour="excel"):
        data = b"".join(export_customers(store, actor, CustomerQuery(sort_by="customerId", sort_order="asc"), flavour))
        self.rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        self.flavour = flavour

    def row(self, customer_id):
        return next(row for row in self.rows if row["customerId"] == customer_id)

    def without(self, *columns):
        self.rows = [{name: cell for name, cell in row.items() if name not in columns} for row in self.rows]
        return self

    def saved(self, delimiter=",", encoding=None):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(self.rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue().encode(encoding or ("utf-8-sig" if self.flavour == "excel" else "utf-8"))


def now_stored(store, customer):
    return store.customers.get(customer.id)


@FLAVOURS
def test_only_the_edited_cell_changes_whatever_happened_here_since(store, staff, manager, shop, flavour):
    grid = GridState(store, staff, flavour)
    record_sale(store, staff, shop["ST-1"].id, PurchaseDraft(amount=50))
    set_membership(store, staff, shop["ST-2"].id, membership_status=True)
    grid.row("ST-1")["contactInfo"] = "01911 222333"
    result = import_customers(store, staff, grid.saved())
    assert (result.created, result.updated, result.unchanged) == (0, 1, 2)
    one, two = (now_stored(store, shop[id]) for id in ("ST-1", "ST-2"))
    assert (one.contact_info, one.purchase_amount) == ("01911 222333", Decimal(150))
    assert (two.membership_status, two.excluded) == (True, False)
    [change] = store.changes.of_run(result.run.id)
    assert change.after == {"contactInfo": "01911 222333"}


def test_an_amount_edited_in_the_file_alone_is_written_and_explained(store, staff, shop):
    grid = GridState(store, staff)
    grid.row("ST-1")["purchaseAmount"] = "130"
    import_customers(store, staff, grid.saved())
    assert now_stored(store, shop["ST-1"]).purchase_amount == 130


def test_a_cell_that_both_sides_changed_is_a_conflict_with_what_it_was_before(store, staff, shop):
    grid = GridState(store, staff)
    record_sale(store, staff, shop["ST-1"].id, PurchaseDraft(amount=50))
    update_customer(store, staff, shop["ST-2"].id, CustomerPatch(customer_name="Theirs"))
    grid.row("ST-1")["purchaseAmount"] = "90"
    grid.row("ST-2").update(customerName="Mine", contactInfo="a@b.com")
    plan = preview_import(store, staff, grid.saved())
    assert [
        (each.row, each.customer_id, each.field, each.before, each.stored, each.file) for each in plan.conflicts
    ] == [
        (2, "ST-1", "purchaseAmount", "100.00", "150.00", "90.00"),
        (3, "ST-2", "customerName", "Name 2", "Theirs", "Mine"),
    ]
    assert (plan.conflicting_rows, plan.undecided_rows, plan.update) == (2, 2, 1)
    with pytest.raises(ImportUndecided, match="2 rows would overwrite what was changed here") as refused:
        import_customers(store, staff, grid.saved())
    assert refused.value.plan == plan
    assert now_stored(store, shop["ST-2"]).customer_name == "Theirs"


@pytest.mark.parametrize(
    ("choices", "amount", "name"),
    [
        (MINE, 90, "Mine"),
        (THEIRS, 150, "Theirs"),
        (ImportChoices(rows={2: "theirs", 3: "mine"}), 150, "Mine"),
        (ImportChoices(conflicts="theirs", rows={2: "mine"}), 90, "Theirs"),
    ],
)
def test_conflicts_end_as_was_decided_for_all_or_row_by_row(store, staff, shop, choices, amount, name):
    grid = GridState(store, staff)
    record_sale(store, staff, shop["ST-1"].id, PurchaseDraft(amount=50))
    update_customer(store, staff, shop["ST-2"].id, CustomerPatch(customer_name="Theirs"))
    grid.row("ST-1")["purchaseAmount"] = "90"
    grid.row("ST-2").update(customerName="Mine", contactInfo="a@b.com")
    import_customers(store, staff, grid.saved(), choices=choices)
    one, two = (now_stored(store, shop[id]) for id in ("ST-1", "ST-2"))
    assert (one.purchase_amount, two.customer_name, two.contact_info) == (amount, name, "a@b.com")


def test_the_same_value_on_both_sides_is_no_conflict(store, staff, shop):
    grid = GridState(store, staff)
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(customer_name="Both"))
    grid.row("ST-1")["customerName"] = "Both"
    assert import_customers(store, staff, grid.saved()).unchanged == 3


def test_a_membership_that_the_file_ended_is_a_persons_decision_and_one_that_it_left_alone_is_none(store, staff, shop):
    for id in ("ST-1", "ST-2"):
        set_membership(store, staff, shop[id].id, membership_status=True)
    grid = GridState(store, staff)
    set_membership(store, staff, shop["ST-2"].id, membership_status=False)
    update_customer(store, staff, shop["ST-2"].id, CustomerPatch(membership_status=True))
    grid.row("ST-1")["membershipStatus"] = "FALSE"
    import_customers(store, staff, grid.saved())
    one, two = (now_stored(store, shop[id]) for id in ("ST-1", "ST-2"))
    assert (one.membership_status, one.excluded) == (False, True)
    assert (two.membership_status, two.excluded) == (True, False)


def through_excel(grid, store):
    """What a German Excel makes of the file: its own dates, amounts, truth values and delimiter."""
    for row in grid.rows:
        row["purchaseAmount"] = f"{Decimal(row['purchaseAmount']):f}".rstrip("0").rstrip(".").replace(".", ",")
        row["membershipStatus"] = {"true": "WAHR", "false": "FALSCH"}[row["membershipStatus"]]
        for name in ("createdAt", "updatedAt"):
            moment = datetime.fromisoformat(row[name])
            row[name] = moment.strftime("%d.%m.%Y %H:%M")
    return grid.saved(";", "cp1252")


def test_what_a_spreadsheet_writes_otherwise_is_no_edit(store, staff, shop):
    grid = GridState(store, staff)
    assert preview_import(store, staff, through_excel(grid, store)).unchanged == 3


def test_rows_may_be_sorted_left_out_and_their_columns_moved(store, staff, shop):
    grid = GridState(store, staff)
    update_customer(store, staff, shop["ST-3"].id, CustomerPatch(contact_info="theirs@b.com"))
    order = ["asExported", "contactInfo", "customerId"]
    grid.rows = [{name: row[name] for name in order} for row in reversed(grid.rows) if row["customerId"] != "ST-2"]
    grid.row("ST-1")["contactInfo"] = "mine@b.com"
    result = import_customers(store, staff, grid.saved())
    assert (result.updated, result.unchanged) == (1, 1)
    assert now_stored(store, shop["ST-3"]).contact_info == "theirs@b.com"


def test_where_only_the_version_came_back_the_history_tells_what_it_was(store, staff, manager, shop):
    grid = GridState(store, staff).without("asExported")
    record_sale(store, staff, shop["ST-1"].id, PurchaseDraft(amount=50))
    update_customer(store, staff, shop["ST-2"].id, CustomerPatch(customer_name="First"))
    update_customer(store, staff, shop["ST-2"].id, CustomerPatch(customer_name="Theirs"))
    delete_customer(store, manager, shop["ST-3"].id)
    restore_customers(store, manager, [shop["ST-3"].id])
    grid.row("ST-1")["contactInfo"] = "mine@b.com"
    grid.row("ST-2")["customerName"] = "Mine"
    grid.row("ST-3")["customerName"] = "Restored"
    plan = preview_import(store, staff, grid.saved())
    assert [(each.customer_id, each.before, each.stored, each.file) for each in plan.conflicts] == [
        ("ST-2", "Name 2", "Theirs", "Mine")
    ]
    assert [(each.customer_id, each.field) for each in plan.changes] == [
        ("ST-1", "contactInfo"),
        ("ST-3", "customerName"),
    ]
    import_customers(store, staff, grid.saved(), choices=THEIRS)
    assert now_stored(store, shop["ST-1"]).purchase_amount == 150


def test_a_version_of_nobody_knows_what_tells_nothing(store, staff, shop):
    file = b"customerId,customerName,version\nST-1,Mine,99\nST-2,Mine,one\n"
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(customer_name="Theirs"))
    plan = preview_import(store, staff, file)
    assert [(each.stored, each.file) for each in plan.changes] == [("Theirs", "Mine"), ("Name 2", "Mine")]
    assert not plan.conflicts


def test_without_that_knowledge_everything_is_told_old_and_new(store, staff, shop):
    grid = GridState(store, staff).without("asExported", "version")
    record_sale(store, staff, shop["ST-1"].id, PurchaseDraft(amount=50))
    grid.row("ST-2")["customerName"] = "Mine"
    grid.rows.append({**grid.row("ST-3"), "customerId": "NEW-1"})
    told = []
    plan = preview_import(store, staff, grid.saved(), sink=told.append)
    assert [(each.row, each.kind, each.field, each.stored, each.file) for each in plan.changes] == [
        (2, "change", "purchaseAmount", "150.00", "100.00"),
        (3, "change", "customerName", "Name 2", "Mine"),
        (5, "new", "", "", "Name 3, +880 171 000 003, 300.00"),
    ]
    assert tuple(told) == plan.changes


def test_a_customer_who_was_deleted_since_is_not_silently_made_anew(store, staff, manager, shop):
    grid = GridState(store, staff)
    delete_customer(store, manager, shop["ST-1"].id)
    for file in (grid.saved(), grid.without("asExported").saved()):
        plan = preview_import(store, staff, file)
        assert [(each.row, each.kind, each.customer_id) for each in plan.conflicts] == [(2, "gone", "ST-1")]
        with pytest.raises(ImportUndecided):
            import_customers(store, staff, file)
        assert import_customers(store, staff, file, choices=THEIRS).run is None
    assert store.customers.get_by_customer_id("ST-1") is None
    assert import_customers(store, staff, grid.saved(), choices=MINE).created == 1


def test_it_is_known_of_whom_the_trash_was_emptied(store, staff, manager, shop, connection):
    grid = GridState(store, staff)
    delete_customer(store, manager, shop["ST-1"].id)
    old = datetime(2020, 1, 1, tzinfo=UTC)
    connection.database["trash"].update_many({}, {"$set": {"deletedAt": old}})
    empty_trash(store)
    assert [each.kind for each in preview_import(store, staff, grid.saved()).conflicts] == ["gone"]


def test_whoever_was_erased_since_stays_so_whatever_is_decided(store, staff, manager, shop):
    grid = GridState(store, staff)
    erase_person(store, manager, shop["ST-1"].id)
    grid.row("ST-1")["contactInfo"] = "mine@b.com"
    result = import_customers(store, staff, grid.saved(), choices=MINE)
    assert (result.run, result.notices) == (
        None,
        ("1 customer of the file was erased since it was exported and left out.",),
    )
    assert now_stored(store, shop["ST-1"]).contact_info == "(erased)"


def test_a_customer_who_got_another_id_since_is_still_meant(store, staff, shop):
    grid = GridState(store, staff)
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(customer_id="OTHER-1"))
    grid.row("ST-1")["contactInfo"] = "mine@b.com"
    for file in (grid.saved(), grid.without("asExported").saved()):
        plan = preview_import(store, staff, file)
        assert [(each.customer_id, each.field) for each in plan.changes] == [("OTHER-1", "contactInfo")]
    import_customers(store, staff, grid.saved())
    one = now_stored(store, shop["ST-1"])
    assert (one.customer_id, one.contact_info) == ("OTHER-1", "mine@b.com")


def test_an_id_that_was_given_to_somebody_else_means_who_had_it(store, staff, manager, shop):
    grid = GridState(store, staff)
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(customer_id="OTHER-1"))
    delete_customer(store, manager, shop["ST-2"].id)
    drafts = [CustomerDraft(customer_id=f"ST-{n}", customer_name="New", contact_info="new@b.com") for n in (1, 2)]
    new = [create_customer(store, manager, draft) for draft in drafts]
    for id in ("ST-1", "ST-2"):
        grid.row(id)["contactInfo"] = "mine@b.com"
    with pytest.raises(ImportRefused, match="1 error") as refused:
        import_customers(store, staff, grid.saved(), choices=MINE)
    assert "has been given to somebody else" in str(refused.value.plan.errors[0])
    import_customers(store, staff, grid.saved(), choices=THEIRS)
    assert now_stored(store, shop["ST-1"]).contact_info == "mine@b.com"
    assert {now_stored(store, each).contact_info for each in new} == {"new@b.com"}


def test_a_copied_row_with_an_id_of_its_own_is_a_new_customer(store, staff, shop):
    grid = GridState(store, staff)
    grid.rows.append({**grid.row("ST-1"), "customerId": "ST-4", "customerName": "Copied"})
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(contact_info="theirs@b.com"))
    result = import_customers(store, staff, grid.saved())
    assert (result.created, result.updated) == (1, 0)
    assert result.notices[0].startswith("1 row has another customer ID than in the export: a new customer each")
    assert store.customers.get_by_customer_id("ST-4").contact_info == "+880 171 000 001"


def test_a_text_that_was_filled_down_tells_nothing_about_others(store, staff, shop):
    grid = GridState(store, staff)
    for row in grid.rows:
        row["asExported"] = grid.rows[0]["asExported"]
        row["customerName"] = "Mine"
    assert import_customers(store, staff, grid.saved()).updated == 3


def test_an_edit_that_was_undone_here_is_no_change_here(store, staff, shop):
    grid = GridState(store, staff)
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(customer_name="For a while"))
    [change, *_] = store.changes.of_customer(shop["ST-1"].id, limit=1)
    revert_change(store, staff, change.id)
    grid.row("ST-1")["customerName"] = "Mine"
    assert import_customers(store, staff, grid.saved()).updated == 1


def test_what_was_shown_is_what_is_done(store, staff, shop):
    grid = GridState(store, staff)
    grid.row("ST-1")["customerName"] = "Mine"
    plan = preview_import(store, staff, grid.saved())
    record_sale(store, staff, shop["ST-1"].id, PurchaseDraft(amount=50))
    update_customer(store, staff, shop["ST-1"].id, CustomerPatch(contact_info="theirs@b.com"))
    assert import_customers(store, staff, grid.saved(), expected=plan).updated == 1
    grid.row("ST-2")["customerName"] = "Mine"
    plan = preview_import(store, staff, grid.saved())
    update_customer(store, staff, shop["ST-2"].id, CustomerPatch(customer_name="Theirs"))
    with pytest.raises(Conflict, match="means something else now"):
        import_customers(store, staff, grid.saved(), expected=plan)


def test_another_shops_file_is_no_version_of_ours(store, staff, manager, shop, new_database):

    connection = new_database()
    prepare(connection)
    other = Store(connection)
    grid = GridState(store, staff)
    delete_customer(store, manager, shop["ST-3"].id)
    assert import_customers(other, staff, grid.saved()).created == 3
    grid.row("ST-1")["customerName"] = "Mine"
    plan = preview_import(other, staff, grid.saved())
    assert ([each.field for each in plan.changes], plan.conflicts) == (["customerName"], ())
    moved = other.customers.get_by_customer_id("ST-2")
    assert moved.created_at == shop["ST-2"].created_at


@pytest.mark.parametrize("zone", ["Asia/Dhaka", "America/New_York", "UTC"])
@FLAVOURS
def test_an_export_in_any_zone_comes_back_without_a_change(store, staff, new_database, flavour, zone):

    moments = [datetime(2025, 11, 2, hour, 30, 15, 123000, tzinfo=UTC) for hour in (4, 5, 6, 7)]
    drafts = [CustomerDraft(customer_id=f"C-{n}", customer_name="Ada", contact_info="a@b.com") for n in range(4)]
    connection = new_database()
    prepare(connection)
    there = Store(connection)
    there.shop.save(ShopSettings(time_zone=zone))
    there.customers.insert_many(drafts, moments[0], created_at=moments)
    data = GridState(there, staff, flavour).saved()
    assert preview_import(there, staff, data).unchanged == 4
    store.shop.save(ShopSettings(time_zone=zone))
    import_customers(store, staff, data)
    created = sorted(customer.created_at for customer in store.customers.iterate(CustomerQuery()))
    assert created == moments
