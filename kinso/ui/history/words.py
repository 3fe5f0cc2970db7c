"""Changes and runs in words, as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kinso.models.accounts import Source
from kinso.models.customers import Customer
from kinso.models.fields import BY_NAME, FIELDS, SPECIFIED
from kinso.models.filters import read_filter
from kinso.models.history import Change, ChangeKind, Run, RunKind, RunStatus
from kinso.models.rule_bases import LIFETIME, RULE_BASES, RuleBasis
from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.services.history.trash import erase_person
from kinso.services.history.undo import permissions_to_revert, revert_change
from kinso.services.purchases.ledger import PURCHASE_CHANGES
from kinso.ui.customers.filter_words import filter_in_words
from kinso.ui.customers.words import kept_apart, value_in_words
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import amount_of, counted, membership, moment, money, number

KINDS: dict[ChangeKind, str] = {
    "create": "Registered",
    "edit": "Edited",
    "membership": "Membership changed",
    "purchase": "Purchase",
    "refund": "Refund",
    "delete": "Deleted",
    "restore": "Restored",
    "erase": "Erased",
    "merge": "Merged",
}
SOURCES: dict[Source, str] = {"app": "App", "api": "API", "cli": "Command line", "system": "Kinso"}

_KNOWN_BY_SIGHT = frozenset(field.label for field in FIELDS[:SPECIFIED])
_EXCLUDED = {True: "not allowed", False: "allowed", None: "allowed"}


@dataclass(frozen=True)
class FieldChange:
    """One field of a change; `before` or `after` is empty where there was no customer."""

    label: str
    before: str
    after: str


def fields_of(change: Change, shop: ShopSettings) -> list[FieldChange]:
    """What the change did to each field, in the order of the forms."""
    before, after = change.before, change.after
    found = [
        FieldChange(LABELS[name], _side(before, name, shop), _side(after, name, shop))
        for name in BY_NAME
        if name in (before or {}) or name in (after or {})
    ]
    if not found and "membershipHeld" in (after or {}):
        was, is_now = (_EXCLUDED[(side or {}).get("membershipHeld")] for side in (before, after))
        found.append(FieldChange("Activation at the threshold", was, is_now))
    return found


def what_changed(change: Change, shop: ShopSettings) -> str:
    """`Customer name: Ada → Ada Byron; Total spent: $100.00 → $7.00`, or what else was done."""
    fields = fields_of(change, shop)
    if change.kind in PURCHASE_CHANGES:
        return _purchase_in_words(change, fields, shop)
    if change.kind == "erase" or not fields:
        return KINDS[change.kind]
    if change.before is None or change.after is None:
        values = [_value_of(each) for each in fields if each.label != LABELS["customerId"]]
        return f"{KINDS[change.kind]}: {', '.join(values)}"
    return "; ".join(f"{each.label}: {kept_apart(each.before)} → {kept_apart(each.after)}" for each in fields)


def _value_of(change: FieldChange) -> str:
    value = kept_apart(change.after or change.before)
    return value if change.label in _KNOWN_BY_SIGHT else f"{change.label}: {value}"


def reason_of(change: Change) -> str:
    """Why, where that is known."""
    if change.reason:
        return change.reason
    return "Undoes an earlier change" if change.undoes else ""


def who_and_how(change: Change) -> str:
    """`Ann · App`; who did it, and from where unless that says the same."""
    how = next((words for source, words in SOURCES.items() if source == change.source), change.source)
    return change.by_name if how == change.by_name else f"{change.by_name} · {how}"


def effect_of_reverting(change: Change) -> str:
    """What undoing the change does, as a sentence."""
    if change.after is None:
        return "Undoing this brings the customer back from the trash."
    if change.before is None:
        return "Undoing this moves the customer to the trash."
    if change.kind in PURCHASE_CHANGES:
        entry = KINDS[change.kind].lower()
        if change.undoes:
            return f"Undoing this counts the {entry} again; all other purchases stay as they are."
        return f"Undoing this has the {entry} count no more; all other purchases and the membership stay."
    return "Undoing this gives the customer the old values again, as a new change."


def may_revert(change: Change, context: RequestContext) -> bool:
    """Whether this person's role allows it; what was erased, or removed with an unfinished run, is gone for good."""
    if change.kind in ("erase", "merge") or (change.kind == "delete" and change.source == "system"):
        return False
    return context.may(revert_change) and all(map(context.actor.may, permissions_to_revert(change)))


def may_erase(change: Change, context: RequestContext) -> bool:
    """Whether the person behind a deletion can be erased by this role; one who has been erased has no name to erase."""
    return change.kind == "delete" and change.customer not in change.customer_id and context.may(erase_person)


def as_they_were(change: Change) -> Customer:
    """The customer whom a deletion tells of."""
    known = {"createdAt": change.at, "updatedAt": change.at, "version": change.version}
    return Customer.model_validate({**known, **(change.before or {}), "_id": change.customer})


def _purchase_in_words(change: Change, fields: Sequence[FieldChange], shop: ShopSettings) -> str:
    """`Purchase of $12.50; Total spent: $100.00 → $112.50`; one of 0 changes nothing."""
    before, after = ((side or {}).get("purchaseAmount", Decimal("0.00")) for side in (change.before, change.after))
    undone = " undone" if change.undoes else ""
    purchase = f"{KINDS[change.kind]} of {money(abs(after - before), shop)}{undone}"
    return "; ".join([purchase, *(f"{each.label}: {each.before} → {each.after}" for each in fields)])


def _side(values: Mapping[str, Any] | None, name: str, shop: ShopSettings) -> str:
    return "" if values is None else value_in_words(name, values.get(name), shop)


STATUS: dict[RunStatus, str] = {"running": "under way", "done": "done", "rolled-back": "stopped and undone"}
RUN_SOURCES = {"app": "in the app", "api": "through the API", "cli": "on the command line", "system": "by itself"}
_RUNS: dict[RunKind, str] = {
    "auto-activation": "an activation",
    "demotion": "a demotion",
    "bulk-membership": "a bulk change of membership",
    "bulk-edit": "a bulk change",
    "bulk-delete": "a deletion of many",
    "bulk-erase": "an erasure of many",
    "import": "an import",
    "purchases": "an import of purchases",
    "merge": "a merge",
    "undo": "an undo",
}
_OTHER_RUN = "a bulk change"
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
            return (
                f"{change} to {_chosen(asked, shop)}"
                if asked["membershipStatus"]
                else f"{change} for {_chosen(asked, shop)}"
            )
        case "bulk-edit":
            return f"{_edit(asked, shop)} {_chosen(asked, shop)}"
        case "bulk-delete":
            return f"Deletion of {_chosen(asked, shop)}"
        case "bulk-erase":
            return f"Erasure of {_chosen(asked, shop)}"
        case "import":
            return f"Import of {_imported(asked)}"
        case "purchases":
            return f"Import of purchases from {_imported(asked)}"
        case "merge":
            return f"Merged {_one_of(asked['other'])} into {_one_of(asked['this'])}"
        case "undo":
            return f"Undo of {_RUNS.get(asked.get('kind', 'undo'), _OTHER_RUN)}"


def _one_of(side: Mapping[str, Any]) -> str:
    return f"{side['customerName']} ({side['customerId']})"


def noun_of(run: Run) -> str:
    """`import of purchases`."""
    return _RUNS.get(run.kind, _OTHER_RUN).split(" ", 1)[1]


def undo_in_words(undo: Run) -> str:
    """`Undone 34 · kept 2 because changed since · failed 0`."""
    outcomes = Counter(each.outcome for each in undo.exceptions)
    if undo.exception_count > len(undo.exceptions):
        left = f"left {number(undo.exception_count)} as they are"
        rest = f"{left}; the list of bulk changes names the first of them with the reasons"
    else:
        rest = f"kept {number(outcomes['kept'])} because changed since · failed {number(outcomes['failed'])}"
    return f"Undone {number(undo.changed)} · {rest}"


def asked_threshold(asked: Mapping[str, Any], shop: ShopSettings) -> str:
    """The threshold of a run that followed the rule, by its parameters; in money where nothing else is known."""
    basis = _basis(asked)
    return amount_of(basis.unit, Decimal(str(asked["threshold"])), shop)


def _rule(asked: Mapping[str, Any], shop: ShopSettings) -> str:
    return " ".join(filter(None, (asked_threshold(asked, shop), _basis(asked).within)))


def _basis(asked: Mapping[str, Any]) -> RuleBasis:
    return RULE_BASES.get(asked.get("basis", ""), LIFETIME)


def _chosen(asked: Mapping[str, Any], shop: ShopSettings) -> str:
    if "selected" in asked:
        return counted(asked["selected"], "selected customer")
    filters = asked.get("filter", {})
    words = [f"{label} “{filters[name]}”" for name, label in _FILTERS.items() if filters.get(name)]
    if filters.get("membershipStatus") is not None:
        words.append(f"{membership(filters['membershipStatus'])}s".lower())
    if filters.get("eligible") is not None:
        words.append("eligible for membership" if filters["eligible"] else "not eligible for membership")
    if filters.get("filter") is not None:
        words.append(_facts(filters["filter"], shop))
    return f"everyone matching {', '.join(words)}" if words else "everyone"


def _edit(asked: Mapping[str, Any], shop: ShopSettings) -> str:
    """`Tags “regular” added to`."""
    name, edit = asked["field"], asked["edit"]
    field = BY_NAME.get(name)
    label = field.label if field else name
    return edit_in_words(label, edit, value_in_words(name, asked["value"], shop))


def edit_in_words(label: str, edit: str, value: str) -> str:
    """What is done to a field, as the beginning of a sentence that goes on with the customers."""
    match edit:
        case "add" | "append":
            return f"{label} “{value}” added to"
        case "remove":
            return f"{label} “{value}” removed from"
        case _:
            return f"{label} set to “{value}” for"


def _facts(written: Any, shop: ShopSettings) -> str:
    try:
        return filter_in_words(read_filter(written), shop)
    except ValueError:
        return "a filter that this Kinso does not know"


def _imported(asked: Mapping[str, Any]) -> str:
    if "samples" in asked:
        return "sample data"
    if "rows" in asked:
        return "a list from another program"
    return f"“{asked['file']}”" if asked.get("file") else "a file"
