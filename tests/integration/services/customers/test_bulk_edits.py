"""One field of many customers at once: what a preview says, what the run does, and what its undo leaves."""

from decimal import Decimal

import pytest

from kinso.errors import InvalidInput
from kinso.models.bulk import Chosen, FieldEdit
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.filters import read_filter
from kinso.services.customers.bulk_edits import edit_customers, preview_edit, preview_membership
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import recover_interrupted
from kinso.services.history.trash import erase_person
from kinso.services.history.undo import undo_run
from kinso.services.shop.checks import check_database

EVERYBODY = Chosen()
REGULAR = FieldEdit.of("tags", "add", ["regular"])


@pytest.fixture
def base(store, manager):
    """Six customers who spent 0 to 500; the first has the tag already, in other letters, and notes."""
    return [
        create_customer(
            store,
            manager,
            CustomerDraft(
                customer_id=f"C-{number}",
                customer_name=f"Name {number}",
                contact_info=f"{number}@shop.com",
                purchase_amount=number * 100,
                tags=["Regular"] if number == 0 else [],
                notes="First" if number == 0 else "",
            ),
        )
        for number in range(6)
    ]


def having(**condition):
    return Chosen(CustomerQuery(filter=read_filter(condition)))


def tags(store, customers):
    return [store.customers.get(each.id).tags for each in customers]


def notes(store, customers):
    return [store.customers.get(each.id).notes for each in customers]


def test_a_preview_counts_whom_it_would_really_change_and_what_they_spent(store, staff, base):
    preview = preview_edit(store, staff, EVERYBODY, REGULAR)
    assert (preview.matched, preview.count, preview.total, preview.refused) == (6, 5, Decimal("1500.00"), 0)
    assert {each.customer_id for each in preview.first} == {each.customer_id for each in base}
    chosen = Chosen(ids=(base[0].id, base[1].id, "0" * 24))
    preview = preview_edit(store, staff, chosen, REGULAR)
    assert (preview.matched, preview.count, preview.total) == (2, 1, Decimal("100.00"))


def test_a_run_changes_exactly_those_and_says_so(store, staff, base):
    run = edit_customers(store, staff, having(fact="purchaseAmount", **{"is": "<=", "value": 400}), REGULAR)
    assert (run.kind, run.status, run.matched, run.changed) == ("bulk-edit", "done", 4, 4)
    assert run.parameters == {
        "field": "tags",
        "edit": "add",
        "value": ["regular"],
        "filter": {"filter": {"fact": "purchaseAmount", "is": "<=", "value": 400}},
    }
    assert tags(store, base) == [("Regular",), *[("regular",)] * 4, ()]
    assert store.customers.get(base[0].id).version == base[0].version


def test_removing_looks_at_letters_in_any_case(store, staff, base):
    run = edit_customers(store, staff, EVERYBODY, FieldEdit.of("tags", "remove", ["REGULAR", "none"]))
    assert (run.changed, tags(store, base)) == (1, [()] * 6)


def test_a_note_is_added_below_the_others_or_set_in_their_place(store, staff, base):
    edit_customers(store, staff, EVERYBODY, FieldEdit.of("notes", "append", "Card sent"))
    assert notes(store, base) == ["First\nCard sent", *["Card sent"] * 5]
    edit_customers(store, staff, Chosen(ids=(base[0].id,)), FieldEdit.of("notes", "set", ""))
    assert notes(store, base[:2]) == ["", "Card sent"]


def test_whoever_cannot_hold_it_is_left_alone_and_named(store, staff, base):
    update_customer(store, staff, base[1].id, CustomerPatch(notes="x" * 1995))
    edit = FieldEdit.of("notes", "append", "Card sent")
    assert preview_edit(store, staff, EVERYBODY, edit).refused == 1
    run = edit_customers(store, staff, EVERYBODY, edit)
    assert (run.matched, run.changed) == (6, 5)
    assert [(each.customer_id, each.reason) for each in run.exceptions] == [
        ("C-1", "was left as it is: notes would be longer than 2,000 characters")
    ]


def test_an_undo_takes_back_only_what_the_run_added(store, manager, base):
    run = edit_customers(store, manager, EVERYBODY, REGULAR)
    edit_customers(store, manager, EVERYBODY, FieldEdit.of("tags", "add", ["late"]))
    noted = edit_customers(store, manager, EVERYBODY, FieldEdit.of("notes", "append", "Card sent"))
    update_customer(store, manager, base[0].id, CustomerPatch(notes="First\nCard sent\nCalled"))
    update_customer(store, manager, base[1].id, CustomerPatch(notes="Card came back"))
    undo = undo_run(store, manager, run.id)
    assert (undo.changed, undo.exceptions) == (5, [])
    assert tags(store, base) == [("late", "Regular"), *[("late",)] * 5]
    undo_run(store, manager, undo.id)
    assert tags(store, base)[1:] == [("late", "regular")] * 5
    undone = undo_run(store, manager, noted.id)
    assert notes(store, base) == ["First\nCalled", "Card came back", "", "", "", ""]
    assert [(each.customer_id, each.reason) for each in undone.exceptions] == [("C-1", "notes changed again since")]


def test_an_interrupted_run_is_rolled_back_and_nobody_keeps_half_of_it(
    store, manager, admin, base, cut_off, monkeypatch
):
    monkeypatch.setattr(runs, "BATCH", 2)
    cut_off(lambda progress: edit_customers(store, manager, EVERYBODY, REGULAR, on_progress=progress))
    assert tags(store, base).count(("regular",)) == 2
    assert recover_interrupted(store, -runs.SILENCE) == 1
    assert tags(store, base) == [("Regular",), *[()] * 5]
    assert check_database(store, admin).findings == []


def test_whoever_is_deleted_meanwhile_is_named(store, manager, base, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 2)

    def progress(done, total):
        if done == 2:
            delete_customer(store, manager, base[5].id)

    run = edit_customers(store, manager, EVERYBODY, REGULAR, on_progress=progress)
    assert (run.matched, run.changed) == (5, 4)
    assert [each.reason for each in run.exceptions] == ["was deleted meanwhile"]


def test_a_preview_of_membership_counts_those_whose_status_changes(store, staff, base):
    edit = preview_membership(store, staff, EVERYBODY, membership_status=True)
    assert (edit.matched, edit.count, edit.total) == (6, 6, Decimal("1500.00"))
    assert preview_membership(store, staff, EVERYBODY, membership_status=False).count == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("customerName", "set", "Ann"), "field"),
        (("purchaseAmount", "set", 5), "field"),
        (("membershipStatus", "set", True), "field"),
        (("nothing", "set", 5), "field"),
        (("notes", "add", "x"), "edit"),
        (("tags", "add", []), "value"),
        (("tags", "add", ["a,b"]), "value"),
        (("notes", "append", "  "), "value"),
    ],
)
def test_what_makes_no_sense_for_many_is_refused_by_name(asked, field):
    with pytest.raises(InvalidInput) as refused:
        FieldEdit.of(*asked)
    assert [error.field for error in refused.value.errors] == [field]


def test_what_was_entered_for_many_does_not_tell_of_somebody_erased(store, manager, base):
    run = edit_customers(store, manager, EVERYBODY, FieldEdit.of("notes", "append", "Knows Name 3 well"))
    erase_person(store, manager, base[3].id)
    assert store.runs.get(run.id).parameters["value"] == "(erased)"
