from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.errors import FieldError
from kinso.models.accounts import Actor, Permission, Role
from kinso.models.customers import Customer, CustomerEdit, CustomerQuery, EditOutcome, FieldConflict
from kinso.models.fields import BY_NAME
from kinso.ui.customers import grid as grid_module
from kinso.ui.customers.filters import View
from kinso.ui.customers.grid_state import GridState, new_rows, with_values
from kinso.ui.customers.saving import apply_outcomes, decide

AT = datetime(2026, 11, 22, tzinfo=UTC)
VIEW = View(CustomerQuery(), 1, 50)


def customer(number, **fields):
    values = {
        "id": f"id{number}",
        "customer_id": f"C-{number}",
        "customer_name": f"Name {number}",
        "contact_info": f"{number}@example.com",
        "purchase_amount": Decimal(number),
        "membership_status": False,
        "created_at": AT,
        "updated_at": AT,
        "version": 1,
    }
    return Customer.model_construct(**(values | fields))


@pytest.fixture
def grid():
    return GridState(VIEW, 3, new_rows([customer(1), customer(2), customer(3)]))


def pending(grid):
    return {row.base.customer_id: values for row, values in grid.all_pending()}


def test_only_what_differs_from_what_was_seen_is_pending(grid):
    grid.capture({0: {"customerName": "Other", "purchaseAmount": 1.0, "selected": True}, 2: {"contactInfo": None}})
    assert pending(grid) == {"C-1": {"customerName": "Other"}, "C-3": {"contactInfo": ""}}
    assert grid.pending_count == 2
    assert [row.base.customer_id for row in grid.selection()] == ["C-1"]


@pytest.mark.parametrize(("typed", "differs"), [(1, False), (1.0, False), (1.004, False), (1.005, True), (None, True)])
def test_amounts_are_compared_in_cents(grid, typed, differs):
    grid.capture({0: {"purchaseAmount": typed}})
    assert (grid.pending_count == 1) is differs


def test_what_a_grid_says_about_rows_that_are_not_there_is_ignored(grid):
    grid.capture({7: {"customerName": "Other"}})
    assert grid.pending_count == 0


def test_a_new_edition_shows_what_was_typed_before_and_still_counts_it(grid):
    grid.capture({1: {"customerName": "Other", "selected": True}})
    before = grid.edition
    grid.start_edition()
    assert grid.edition != before
    assert grid.rows[1].shown("customerName") == "Other"
    assert grid.rows[1].selected
    assert pending(grid) == {"C-2": {"customerName": "Other"}}
    grid.capture({1: {"customerName": "Name 2"}})
    assert grid.pending_count == 0


def test_removed_rows_take_nothing_of_the_others_with_them(grid):
    grid.capture({2: {"customerName": "Other"}})
    grid.remove(["id1"])
    assert [row.base.customer_id for row in grid.rows] == ["C-2", "C-3"]
    assert grid.total == 2
    assert pending(grid) == {"C-3": {"customerName": "Other"}}


def test_a_refresh_keeps_the_value_that_was_seen_under_a_typed_one(grid):
    grid.capture({0: {"customerName": "Mine"}})
    present = {
        "id1": customer(1, customer_name="Theirs", contact_info="their@contact", version=2),
        "id2": customer(2, customer_name="New", version=5),
    }
    grid.refresh(["id1", "id2", "id3"], present)
    first, second = grid.rows
    assert (first.base.customer_name, first.base.contact_info, first.base.version) == ("Name 1", "their@contact", 2)
    assert second.base.customer_name == "New"
    assert pending(grid) == {"C-1": {"customerName": "Mine"}}


def test_a_refresh_keeps_typed_values_of_a_customer_who_is_gone(grid):
    grid.capture({0: {"customerName": "Mine"}})
    grid.refresh(["id1", "id2", "id3"], {"id2": customer(2)})
    assert [(row.base.id, row.gone) for row in grid.rows] == [("id1", True), ("id2", False)]
    assert grid.versions() == {"id2": 1}
    assert pending(grid) == {"C-1": {"customerName": "Mine"}}


class TestOutcomes:
    def outcome(self, grid, place, current, *, errors=(), conflicts=()):
        row = grid.rows[place]
        return EditOutcome(CustomerEdit(row.base, grid.pending(row)), current, {}, errors, conflicts)

    def test_saved_cells_show_what_is_stored(self, grid):
        grid.capture({0: {"customerName": " Other "}})
        stored = customer(1, customer_name="Other", version=2)
        report = apply_outcomes(grid, [self.outcome(grid, 0, stored)])
        assert (report.saved, report.is_complete) == (1, True)
        assert grid.rows[0].shown("customerName") == "Other"
        assert grid.versions()["id1"] == 2
        assert grid.pending_count == 0

    def test_refused_cells_stay_as_typed_with_their_reason_until_typed_over(self, grid):
        grid.capture({0: {"contactInfo": "abc", "customerName": "Other"}})
        stored = customer(1, customer_name="Other", version=2)
        error = FieldError("contactInfo", "Contact is too short.")
        report = apply_outcomes(grid, [self.outcome(grid, 0, stored, errors=(error,))])
        assert (report.saved, report.refused) == (1, 1)
        assert pending(grid) == {"C-1": {"contactInfo": "abc"}}
        assert [problem.message for _, problem in grid.problems()] == ["Contact is too short."]
        grid.capture({0: {"contactInfo": "abcdef"}})
        assert grid.problems() == []

    def test_a_refused_cell_keeps_the_value_that_was_seen_so_that_theirs_is_not_overwritten_later(self, grid):
        grid.capture({0: {"contactInfo": "abc"}})
        stored = customer(1, contact_info="their@contact", version=2)
        apply_outcomes(grid, [self.outcome(grid, 0, stored, errors=(FieldError("contactInfo", "Short."),))])
        assert grid.rows[0].base.contact_info == "1@example.com"

    def test_rows_without_edits_stay_as_they_were(self, grid):
        grid.capture({0: {"customerName": "Other"}, 1: {"selected": True}})
        apply_outcomes(grid, [self.outcome(grid, 0, customer(1, customer_name="Other", version=2))])
        assert grid.rows[1].base == customer(2)
        assert [row.base.id for row in grid.selection()] == ["id2"]

    def test_what_was_saved_is_pending_again_only_when_it_is_typed_over(self, grid):
        grid.capture({0: {"customerName": " Other "}})
        before = grid.edition
        apply_outcomes(grid, [self.outcome(grid, 0, customer(1, customer_name="Other", version=2))])
        assert grid.edition == before
        grid.capture({0: {"customerName": " Other "}, 1: {"contactInfo": "right after"}})
        assert pending(grid) == {"C-2": {"contactInfo": "right after"}}
        grid.capture({0: {"customerName": "Name 1"}})
        assert pending(grid) == {"C-1": {"customerName": "Name 1"}}

    def test_someone_who_is_gone_keeps_what_was_typed(self, grid):
        grid.capture({0: {"customerName": "Other"}})
        report = apply_outcomes(grid, [self.outcome(grid, 0, None, errors=(FieldError("_id", "Gone."),))])
        assert report.refused == 1
        assert grid.rows[0].gone
        assert pending(grid) == {"C-1": {"customerName": "Other"}}
        assert [problem.message for _, problem in grid.problems()] == ["Gone."]


class TestDecisions:
    @pytest.fixture
    def grid(self, grid):
        grid.capture({0: {"customerName": "Mine", "contactInfo": "my@contact"}, 1: {"customerName": "Untouched"}})
        row = grid.rows[0]
        stored = customer(1, customer_name="Theirs", contact_info="their@contact", version=2)
        conflicts = (
            FieldConflict("customerName", "Name 1", "Theirs", "Mine"),
            FieldConflict("contactInfo", "1@example.com", "their@contact", "my@contact"),
        )
        apply_outcomes(grid, [EditOutcome(CustomerEdit(row.base, grid.pending(row)), stored, {}, (), conflicts)])
        return grid

    def test_until_then_both_cells_stay_pending(self, grid):
        assert [conflict.field for _, conflict in grid.conflicts()] == ["customerName", "contactInfo"]
        assert pending(grid)["C-1"] == {"customerName": "Mine", "contactInfo": "my@contact"}

    def test_mine_becomes_an_edit_of_what_they_saved_and_theirs_is_taken_over(self, grid):
        edits = decide(grid, {("id1", "customerName"): "mine", ("id1", "contactInfo"): "theirs"})
        assert [(edit.before.customer_name, edit.values) for edit in edits] == [("Theirs", {"customerName": "Mine"})]
        assert grid.rows[0].shown("contactInfo") == "their@contact"
        assert pending(grid) == {"C-1": {"customerName": "Mine"}, "C-2": {"customerName": "Untouched"}}
        assert grid.conflicts() == []

    def test_what_is_not_decided_stays_a_conflict(self, grid):
        decide(grid, {("id1", "customerName"): "theirs"})
        assert [conflict.field for _, conflict in grid.conflicts()] == ["contactInfo"]

    def test_mine_is_what_is_typed_last(self, grid):
        grid.capture({0: {"customerName": "Mine, corrected"}})
        edits = decide(grid, {("id1", "customerName"): "mine"})
        assert edits[0].values == {"customerName": "Mine, corrected"}

    def test_saving_mine_leaves_other_cells_of_the_row_pending(self, grid):
        edits = decide(grid, {("id1", "customerName"): "mine"})
        apply_outcomes(grid, [EditOutcome(edits[0], with_values(edits[0].before, {"customerName": "Mine"}))])
        assert pending(grid)["C-1"] == {"contactInfo": "my@contact"}
        assert [conflict.field for _, conflict in grid.conflicts()] == ["contactInfo"]


def test_a_column_is_locked_for_whom_the_field_is_closed(monkeypatch):
    monkeypatch.setattr(
        grid_module, "SHOWN", [BY_NAME["customerName"], replace(BY_NAME["tags"], permission=Permission.RULES)]
    )
    locked = {
        role: set(grid_module.locked_columns(Actor(user_id="1", name="Ann", role=role, source="app")))
        for role in (Role.STAFF, Role.MANAGER)
    }
    assert locked[Role.STAFF] - locked[Role.MANAGER] == {"tags"}
    assert "customerName" not in locked[Role.STAFF]
