"""Runs in words, as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kinso.models.history import Run, RunKind, RunStatus
from kinso.models.rule_bases import LIFETIME, RULE_BASES, RuleBasis
from kinso.models.shop import ShopSettings
from kinso.ui.wording import amount_of, counted, membership, moment, number

STATUS: dict[RunStatus, str] = {"running": "under way", "done": "done", "rolled-back": "stopped and taken back"}
SOURCES = {"app": "in the app", "api": "through the API", "cli": "on the command line", "system": "by itself"}
_KINDS: dict[RunKind, str] = {
    "auto-activation": "an activation",
    "demotion": "a demotion",
    "bulk-membership": "a bulk change of membership",
    "import": "an import",
    "purchases": "an import of purchases",
    "undo": "an undo",
}
_FILTERS = {"search": "search", "customerName": "name"}


def headline(run: Run, shop: ShopSettings) -> str:
    """What, how many, when and by whom."""
    outcome = f"{number(run.changed)} of {counted(run.matched, 'customer')} changed, {STATUS[run.status]}"
    undone = " and undone later" if run.undone_by else ""
    return f"{describe(run, shop)}: {outcome}{undone} · {run.by_name} · {moment(run.started_at, shop)}"


def describe(run: Run, shop: ShopSettings) -> str:
    """What a run was asked to do."""
    asked = run.parameters
    match run.kind:
        case "auto-activation":
            return f"Activation at the threshold of {_rule(asked, shop)}"
        case "demotion":
            return f"Memberships ended below the threshold of {_rule(asked, shop)}"
        case "bulk-membership":
            change = "Membership given" if asked["membershipStatus"] else "Membership ended"
            return f"{change} to {_chosen(asked)}" if asked["membershipStatus"] else f"{change} for {_chosen(asked)}"
        case "import":
            return f"Import of {_imported(asked)}"
        case "purchases":
            return f"Import of purchases from {_imported(asked)}"
        case "undo":
            return f"Undo of {_KINDS.get(asked.get('kind', 'undo'), 'a run')}"


def undo_in_words(undo: Run) -> str:
    """`Taken back 34 · kept 2 because changed since · failed 0`."""
    outcomes = Counter(each.outcome for each in undo.exceptions)
    if undo.exception_count > len(undo.exceptions):
        rest = f"left {number(undo.exception_count)} as they are; the run lists the first of them with the reasons"
    else:
        rest = f"kept {number(outcomes['kept'])} because changed since · failed {number(outcomes['failed'])}"
    return f"Taken back {number(undo.changed)} · {rest}"


def asked_threshold(asked: Mapping[str, Any], shop: ShopSettings) -> str:
    """The threshold of a run that followed the rule, by its parameters; in money where nothing else is known."""
    basis = _basis(asked)
    return amount_of(basis.unit, Decimal(str(asked["threshold"])), shop)


def _rule(asked: Mapping[str, Any], shop: ShopSettings) -> str:
    return " ".join(filter(None, (asked_threshold(asked, shop), _basis(asked).within)))


def _basis(asked: Mapping[str, Any]) -> RuleBasis:
    return RULE_BASES.get(asked.get("basis", ""), LIFETIME)


def _chosen(asked: Mapping[str, Any]) -> str:
    if "selected" in asked:
        return counted(asked["selected"], "selected customer")
    filters = asked.get("filter", {})
    words = [f"{label} “{filters[name]}”" for name, label in _FILTERS.items() if filters.get(name)]
    if filters.get("membershipStatus") is not None:
        words.append(f"{membership(filters['membershipStatus'])}s".lower())
    if filters.get("eligible") is not None:
        words.append("eligible for membership" if filters["eligible"] else "not eligible for membership")
    return f"everyone matching {', '.join(words)}" if words else "everyone"


def _imported(asked: Mapping[str, Any]) -> str:
    if "samples" in asked:
        return "sample data"
    if "rows" in asked:
        return "a list from another program"
    return f"“{asked['file']}”" if asked.get("file") else "a file"
