"""Every use case × role; the tables below are complete, so that whoever adds a use case has to say who may do it."""

import ast
import importlib
import inspect
import pkgutil
from itertools import pairwise
from pathlib import Path

import pytest

from kinso import services
from kinso.errors import NotPermitted
from kinso.models.accounts import PERMISSIONS, Actor, Permission, Role
from kinso.services.access import USE_CASES

ROOT = Path(__file__).parents[3]
MODULES = [
    importlib.import_module(module.name) for module in pkgutil.iter_modules(services.__path__, "kinso.services.")
]

LEAST = {
    Role.ANALYST: """
        customers.count_customers customers.find_changed_since customers.get_customer
        customers.list_customers demotion.count_below demotion.preview_demotion eligibility.find_eligible
        exports.export_customers
        finding.find_customers history.export_history history.find_taken_back history.list_history
        history.list_people_in_history intervals.count_members_at intervals.list_members_at
        intervals.list_memberships ledger_exports.export_ledger lookup.find_by_customer_id
        lookup.find_deleted lookup.find_page lookup.get_customers membership.preview_activation
        purchases.export_purchases purchases.list_ledger purchases.list_refundable purchases.summarize_purchases
        runs.get_run runs.list_customers_of_run runs.list_run_page runs.list_runs sales.get_sale sales.list_sales
        sales.refundable shop.get_shop_settings shop.list_settings_changes standing.find_below standing.standing_of
        statistics.get_overview statistics.get_sales_months statistics.get_statistics statistics.total_purchases
        sync.list_changed
        tokens.create_token tokens.list_own_tokens
        tokens.revoke_own_token users.change_own_password users.rename_own users.sign_out_everywhere
        what_if.compare_thresholds what_if.get_curve what_if.get_spending_distribution
        """,
    Role.STAFF: """
        bulk.upsert_customers customers.create_customer customers.set_membership customers.update_customer
        drafts.end_draft drafts.find_drafts drafts.keep_draft edits.save_edits history.revert_change
        import_reports.write_import_report imports.import_customers imports.rehearse_import
        likely_twins.find_likely_twins likely_twins.find_twins_of likely_twins.find_without_leading_zeros
        membership.activate_at_threshold membership.count_eligible numbering.propose_customer_id
        purchase_imports.import_purchases purchase_imports.rehearse_purchases
        membership.plan_activation membership.set_membership_of_matching membership.set_membership_of_selected
        runs.stop_run sales.record_sale sales.refund_sale samples.load_samples
        """,
    Role.MANAGER: """
        customers.delete_customer demotion.demote_below_threshold demotion.plan_demotion shop.save_rule
        trash.count_trash trash.erase_person trash.list_trash trash.restore_customers undo.undo_run
        """,
    Role.ADMIN: """
        backups.make_backup daily_backups.back_up daily_backups.get_backup_state daily_backups.list_backups
        checks.check_database shop.guess_country shop.save_shop_settings moving.move_shop tokens.list_all_tokens
        tokens.revoke_any_token users.change_role
        users.create_user users.list_users users.reset_password users.set_active
        """,
}
"""The lesser role that may do each; within some of them more is asked, such as to undo the runs of others."""
PARTS = {
    "idempotency.attempt_request": "a request of the actor's own, around a use case",
    "import_runs.import_run": "around an import",
    "reverting.revert": "part of taking back",
    "reverting.revert_and_report": "part of taking back",
    "runs.running": "around a bulk change",
    "runs.set_membership_of_each": "part of a bulk change",
}
"""What else takes an actor, and why it is no use case; only use cases call it, but for the first."""
OPEN = {
    "access.demand",
    "backups.examine_backup",
    "backups.restore_shop",
    "daily_backups.backup_folder",
    "new_file.completed_file",
    "new_file.new_file",
    "csrf.csrf_token",
    "csrf.form_token",
    "csrf.is_csrf_token",
    "csrf.is_form_token",
    "csrf.is_same_origin",
    "first_admin.known_country",
    "first_admin.needs_set_up",
    "first_admin.set_up_first_admin",
    "idempotency.attempt_request",
    "office.close_office",
    "office.current_office",
    "office.open_office",
    "runs.ignore_progress",
    "runs.ignore_run",
    "sign_in.cookie_name",
    "sign_in.resume",
    "sign_in.session_id_of",
    "sign_in.sign_in",
    "sign_in.sign_out",
    "statistics.month_starts",
    "tokens.is_api_token",
    "tokens.resume_token",
}
"""What pages, the API and the command line may call without a permission: it comes before there is an actor, or shows
nothing."""
FRONT_ENDS = ("kinso/ui", "kinso/api", "kinso/web", "kinso/cli", "pages")


class Untouchable:
    """A store that fails the test as soon as anything is read from it."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was used")


def short(name):
    return name.removeprefix("kinso.services.")


def actor_of(role):
    return Actor(user_id="1", name="Somebody", role=role, source="app")


MATRIX = [
    pytest.param(case, role, case.permission in PERMISSIONS[role], id=f"{short(name)}-{role}")
    for name, case in sorted(USE_CASES.items())
    for role in Role
]


@pytest.mark.parametrize(("case", "role", "may"), MATRIX)
def test_a_role_without_the_permission_is_refused_before_anything_is_read(case, role, may):
    with pytest.raises(AssertionError if may else NotPermitted, match="was used" if may else role):
        case.function(Untouchable(), actor_of(role))


def test_every_use_case_is_in_the_table_with_the_lesser_role_that_may_do_it():
    least = {
        short(name): next(role for role in Role if case.permission in PERMISSIONS[role])
        for name, case in USE_CASES.items()
    }
    assert least == {name: role for role, names in LEAST.items() for name in names.split()}


def test_whatever_acts_for_somebody_is_a_use_case_or_known_as_a_part_of_some():
    acting = {
        short(f"{module.__name__}.{name}")
        for module in MODULES
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
        if {"store", "actor"} <= inspect.signature(function).parameters.keys()
    }
    assert acting - {short(name) for name in USE_CASES} == PARTS.keys()


def called_by_front_ends():
    """The functions of services that their modules import, or reach through a module that they import."""
    for folder in FRONT_ENDS:
        for file in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            modules = {}
            for node in ast.walk(tree):
                assert not (isinstance(node, ast.Import) and "kinso.services" in ast.unparse(node)), file
                if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kinso.services")):
                    continue
                for alias in node.names:
                    found = getattr(importlib.import_module(node.module), alias.name)
                    if inspect.ismodule(found):
                        modules[alias.asname or alias.name] = found
                    yield found
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                    yield getattr(modules[node.value.id], node.attr)


def test_front_ends_call_use_cases_and_what_is_open_and_nothing_else():
    functions = {found for found in called_by_front_ends() if inspect.isfunction(found)}
    called = {short(f"{function.__module__}.{function.__qualname__}") for function in functions}
    assert called - {short(name) for name in USE_CASES} == OPEN


def test_front_ends_never_reach_past_the_services():
    reached = [
        f"{file}: store.{node.attr}"
        for folder in FRONT_ENDS
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute | ast.Name)
        if getattr(node.value, "attr", getattr(node.value, "id", "")) == "store"
        if node.attr not in {"name", "transact", "connection"}
    ]
    assert reached == []


def test_every_role_may_do_what_the_one_before_it_may():
    for lower, higher in pairwise(Role):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
