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
from kinso.services.permissions import USE_CASES

ROOT = Path(__file__).parents[3]
MODULES = [
    importlib.import_module(module.name) for module in pkgutil.walk_packages(services.__path__, "kinso.services.")
]

LEAST = {
    Role.ANALYST: """
        accounts.users.change_own_password accounts.users.create_token accounts.users.list_own_tokens
        customers.duplicates.find_duplicate_pairs customers.duplicates.list_different
        customers.merging.preview_merge history.undo.preview_undo_of_merge
        accounts.users.rename_own accounts.users.revoke_own_token accounts.users.sign_out_everywhere
        customers.bulk_edits.list_values
        customers.editing.count_customers customers.editing.find_changed_since customers.editing.get_customer
        customers.editing.list_customers customers.finding.find_as_written customers.finding.find_by_customer_id
        customers.finding.find_customers
        customers.finding.find_deleted customers.finding.get_customers
        customers.finding.list_changed customers.recent.list_recent_customers customers.recent.note_opened
        facts.get_facts facts.list_facts
        history.changes.export_history history.changes.list_history
        history.changes.list_people_in_history history.runs.get_run history.runs.list_customers_of_run
        history.runs.list_run_page history.runs.list_runs history.undo.find_reverted insights.await_lists
        insights.data_version insights.get_lists_state insights.get_overview insights.sales_version
        insights.get_sales_months insights.get_statistics membership.activation.count_below
        membership.activation.preview_activation membership.activation.preview_demotion
        membership.eligibility.compare_thresholds membership.eligibility.count_members_at
        membership.eligibility.find_below membership.eligibility.find_eligible membership.eligibility.get_curve
        membership.eligibility.get_spending_distribution membership.eligibility.list_members_at
        membership.eligibility.list_memberships membership.eligibility.membership_status_of
        purchases.reading.export_purchases purchases.reading.list_ledger purchases.reading.list_refundable
        purchases.reading.summarize_purchases purchases.recording.get_entry purchases.recording.list_entries
        purchases.recording.refundable shop.settings.get_shop_settings shop.settings.list_settings_changes
        segments.create_segment segments.delete_segment segments.find_segments segments.get_segment
        segments.list_segments
        segment_moves.get_moves segments.list_templates segments.query_of_segment segments.update_segment
        accounts.preferences.get_columns accounts.preferences.save_columns
        customers.grouping.count_by_membership customers.grouping.group_customers
        transfer.exports.export_customers transfer.exports.export_ledger transfer.exports.export_selected
        """,
    Role.STAFF: """
        customers.bulk_edits.edit_customers customers.bulk_edits.preview_edit customers.bulk_edits.preview_membership
        customers.duplicates.forget_different customers.duplicates.remember_different
        customers.merging.merge_customers history.undo.undo_run
        customers.bulk.upsert_customers customers.editing.create_customer customers.editing.end_draft
        customers.editing.find_drafts customers.editing.keep_draft customers.saving.save_edits
        customers.editing.set_membership customers.editing.update_customer customers.registering.find_duplicates_of
        customers.registering.find_known_already customers.registering.find_likely_duplicates
        customers.registering.find_without_leading_zeros
        customers.registering.propose_customer_id history.runs.stop_run history.undo.revert_change
        membership.activation.activate_at_threshold membership.activation.count_eligible
        membership.activation.plan_activation membership.activation.set_membership_of_matching
        membership.activation.set_membership_of_selected purchases.recording.record_sale purchases.recording.refund_sale
        shop.samples.load_samples transfer.customer_imports.import_customers transfer.customer_imports.preview_import
        transfer.customer_imports.write_import_report transfer.purchase_imports.import_purchases
        transfer.purchase_imports.preview_purchases
        """,
    Role.MANAGER: """
        segments.share_segment customers.bulk_removal.delete_customers customers.bulk_removal.erase_customers
        customers.bulk_removal.plan_deletion customers.bulk_removal.plan_erasure
        customers.editing.delete_customer history.trash.count_trash history.trash.erase_person history.trash.list_trash
        history.trash.restore_customers membership.activation.demote_below_threshold
        membership.activation.plan_demotion shop.settings.save_rule
        """,
    Role.ADMIN: """
        insights.get_mirror_metrics
        accounts.users.change_role accounts.users.create_user accounts.users.list_all_tokens accounts.users.list_users
        accounts.users.reset_password accounts.users.revoke_any_token accounts.users.set_active
        shop.checks.check_database shop.settings.guess_country shop.settings.save_shop_settings
        transfer.backups.make_backup transfer.backups.move_shop transfer.daily_backups.back_up
        transfer.daily_backups.get_backup_state transfer.daily_backups.list_backups
        """,
}
"""The lesser role that may do each; within some of them more is asked, such as to undo the runs of others."""
PARTS = {
    "requests.attempt_request": "a request of the actor's own, around a use case",
    "transfer.customer_imports.import_run": "around an import",
    "history.separating.separate": "part of undoing",
    "history.reverting.revert": "part of undoing",
    "history.reverting.revert_and_report": "part of undoing",
    "history.trash.erase_within": "part of an erasure",
    "segments.existing_segment": "part of asking about a segment",
    "history.runs.running": "around a bulk change",
    "history.runs.set_membership_of_each": "part of a bulk change",
}
"""What else takes an actor, and why it is no use case; only use cases call it, but for the first."""
OPEN = {
    "permissions.demand",
    "permissions.may",
    "permissions.permission_of",
    "transfer.backups.examine_backup",
    "transfer.backups.restore_shop",
    "transfer.daily_backups.backup_folder",
    "transfer.exports.completed_file",
    "transfer.exports.new_file",
    "accounts.secrets.csrf_token",
    "accounts.secrets.form_token",
    "accounts.secrets.is_csrf_token",
    "accounts.secrets.is_form_token",
    "accounts.secrets.is_same_origin",
    "accounts.first_admin.known_country",
    "accounts.first_admin.needs_set_up",
    "accounts.first_admin.set_up_first_admin",
    "requests.attempt_request",
    "application.close_application",
    "application.current_application",
    "application.open_application",
    "history.runs.ignore_progress",
    "history.runs.ignore_run",
    "history.undo.permissions_to_revert",
    "history.undo.may_undo",
    "history.runs.may_stop",
    "accounts.sign_in.cookie_name",
    "accounts.sign_in.resume",
    "accounts.sign_in.session_id_of",
    "accounts.sign_in.sign_in",
    "accounts.sign_in.sign_out",
    "insights.month_starts",
    "accounts.users.is_api_token",
    "accounts.users.resume_token",
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


BY_HAND = {"kinso/api/description.py": {"OWN_ACCOUNT"}, "kinso/ui/accounts/dialogs.py": set(Permission.__members__)}
"""Who names a permission: calls about one's own account, which are no use cases, and the list of what roles may."""


def test_front_ends_take_permissions_from_use_cases():
    named = {}
    for folder in FRONT_ENDS:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Permission":
                    named.setdefault(str(file.relative_to(ROOT)), set()).add(node.attr)
    assert named.keys() == BY_HAND.keys()
    assert all(named[file] <= BY_HAND[file] for file in named)


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
