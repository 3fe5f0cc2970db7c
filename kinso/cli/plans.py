"""What commands tell about a file that is to be imported."""

from __future__ import annotations

from kinso.cli.console import counted, remark
from kinso.models.csv_plan import ImportPlan, ImportResult
from kinso.models.purchase_plan import PurchasePlan, PurchaseResult


def tell_reading(outcome: ImportPlan | ImportResult | PurchasePlan | PurchaseResult) -> None:
    """How the file was understood."""
    for notice in outcome.notices:
        remark(notice)
    if outcome.ignored_columns:
        remark(f"Ignored columns: {', '.join(outcome.ignored_columns)}.")


def tell_errors(plan: ImportPlan | PurchasePlan) -> None:
    """What is wrong with its rows."""
    for error in plan.errors:
        remark(str(error))
    if plan.error_count > len(plan.errors):
        remark(f"… and {plan.error_count - len(plan.errors):,} more.")


def count_of_errors(plan: ImportPlan | PurchasePlan) -> str:
    """`1 error`, `2,000 errors`."""
    return counted(plan.error_count, "error")
