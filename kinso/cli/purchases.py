"""Purchases from and to CSV files: `import --purchases` and `export --purchases`."""

from __future__ import annotations

from kinso.cli.console import counted, progress, remark, say
from kinso.cli.imports import count_of_errors, tell_conflicts, tell_errors, tell_likely_duplicates, tell_reading
from kinso.cli.opening import name_of, opened, opened_store, write_chunks
from kinso.models.accounts import COMMAND_LINE
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices, Overlap, PurchaseFigures, PurchasePlan, Unknown
from kinso.services.shop.settings import get_shop_settings
from kinso.services.transfer.exports import Flavour, export_ledger
from kinso.services.transfer.purchase_imports import (
    PurchasesRefused,
    PurchasesUndecided,
    import_purchases,
    rehearse_purchases,
)


def import_purchases_file(file: str, choices: ImportChoices, *, create_unknown: bool, dry_run: bool) -> int:
    """Record what a file says, or tell what would be recorded."""
    unknown: Unknown = "create" if create_unknown else "refuse"
    with opened(file) as source, opened_store() as store:
        if dry_run:
            with progress("Checking the file"):
                plan = rehearse_purchases(store, COMMAND_LINE, source, unknown=unknown, choices=choices)
            return _tell_plan(plan, get_shop_settings(store, COMMAND_LINE))
        try:
            with progress("Importing") as tell:
                result = import_purchases(
                    store, COMMAND_LINE, source, tell, unknown=unknown, choices=choices, file_name=name_of(file)
                )
        except PurchasesRefused as refused:
            tell_errors(refused.plan)
            _advise(refused.plan)
            raise
        except PurchasesUndecided as undecided:
            tell_conflicts(undecided.plan)
            _tell_ways(undecided.plan)
            raise
    tell_reading(result)
    tell_likely_duplicates(result)
    members = f", made {counted(result.activated, 'customer')} members" if result.activated else ""
    say(
        f"Recorded {_purchases(result.figures)}, {result.figures.total:,} in all, created"
        f" {counted(result.created, 'customer')}{members}; {_recorded(result.figures)}.{_gave_way(result.gives_way)}"
    )
    return 0


def export_ledger_file(file: str, flavour: Flavour) -> int:
    """Write everything that purchase amounts consist of."""
    with opened_store() as store:
        write_chunks(export_ledger(store, COMMAND_LINE, flavour), file)
    return 0


def _tell_plan(plan: PurchasePlan, shop: ShopSettings) -> int:
    tell_reading(plan)
    if plan.error_count:
        tell_errors(plan)
        _advise(plan)
        remark(f"The file has {count_of_errors(plan)}; nothing would be imported.")
        return 1
    tell_likely_duplicates(plan)
    tell_conflicts(plan)
    if plan.overlap.customers:
        remark(f"{plan.overlap_in_words}.")
    if plan.undecided_rows or plan.is_overlap_undecided:
        _tell_ways(plan)
        remark("Nothing would be imported before that is decided.")
        return 1
    figures = plan.figures
    period = ""
    if figures.first_at and figures.last_at:
        first, last = (moment.astimezone(shop.zone).date() for moment in (figures.first_at, figures.last_at))
        period = f" from {first} to {last}"
    say(
        f"Would record {_purchases(figures)}{period}, {figures.total:,} in all, and create"
        f" {counted(figures.unknown, 'customer')}; {_recorded(figures)}."
    )
    return 0


def _tell_ways(plan: PurchasePlan) -> None:
    if plan.is_overlap_undecided:
        remark(
            "With --opening-balance give-way the opening balances are lowered by that amount, with --opening-balance"
            " keep the purchases come on top of them."
        )


def _gave_way(overlap: Overlap) -> str:
    if not overlap.customers:
        return ""
    return f" Opening balances of {counted(overlap.customers, 'customer')} gave way, by {overlap.amount:,} in all."


def _purchases(figures: PurchaseFigures) -> str:
    return f"{counted(figures.new, 'purchase')} of {counted(figures.customers, 'customer')}"


def _recorded(figures: PurchaseFigures) -> str:
    return f"{figures.recorded:,} {'was' if figures.recorded == 1 else 'were'} recorded already"


def _advise(plan: PurchasePlan) -> None:
    if plan.unknown == "refuse" and plan.figures.unknown:
        are, they_are = ("is", "it is") if plan.figures.unknown == 1 else ("are", "they are")
        unknown = counted(plan.figures.unknown, "customer")
        remark(f"{unknown} {are} not known; with --create-unknown {they_are} created.")
