"""What one writer does: a random stream of use cases on customers of its own, each announced with what it will leave.

A state is [name, contact, amount, member], or None for a customer who is not there.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kinso.errors import ImportUnderWay, StaleVersion
from kinso.models.accounts import Actor, Role
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch
from kinso.models.history import ActivationPlan
from kinso.models.membership import Rule
from kinso.models.money import CENT
from kinso.repository.store import Store
from kinso.services.customers.editing import (
    create_customer,
    delete_customer,
    get_customer,
    set_membership,
    update_customer,
)
from kinso.services.customers.saving import save_edits
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import activate_at_threshold, set_membership_of_selected
from kinso.services.transfer.customer_imports import import_customers

State = list[Any] | None
States = dict[str, State]
Announce = Callable[[str, str, States], None]

THRESHOLD = 500
_FEW = 8
_MANY = 60
_HEADER = "customerId,customerName,contactInfo,purchaseAmount,membershipStatus\n"


class Unexpected(Exception):
    """A use case answered with something else than what it was asked for."""


@dataclass
class _Known:
    """A customer as this writer left it; `excluded` when a rule must not make it a member."""

    id: str
    state: list[Any]
    excluded: bool = False


@dataclass
class _Done:
    """A run that can still be undone exactly, with what its customers were before; None for those it created."""

    id: str
    before: dict[str, _Known | None]


@dataclass
class Writer:
    """Works with customers whose IDs begin with its name."""

    store: Store
    name: str
    seed: int
    announce: Announce
    finished: Callable[[str], None]
    number: int = 0
    known: dict[str, _Known] = field(default_factory=dict)
    trashed: dict[str, _Known] = field(default_factory=dict)
    last_run: _Done | None = None
    shared: list[str] = field(default_factory=list)
    """The `_id`s of customers whose amount all writers raise by a cent at a time."""

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.name} {self.seed}")
        self.actor = Actor(user_id=f"{self.seed:024x}", name=self.name, role=Role.MANAGER, source="app")

    def step(self) -> None:
        """Do one thing; when it fails nobody it touched is touched again, because how they were left is not known."""
        self.number += 1
        self.op = f"{self.name}-{self.number}"
        self.touched: set[str] = set()
        try:
            self._choose()()
        except BaseException:
            for customer_id in self.touched:
                self.known.pop(customer_id, None)
                self.trashed.pop(customer_id, None)
            self.last_run = None
            raise
        self.finished(self.op)

    def _choose(self) -> Callable[[], None]:
        if self.shared and self.random.random() < 0.5:
            return self._add_cent
        if len(self.known) < _FEW:
            return self._import if self.random.random() < 0.2 else self._create
        choices: list[tuple[int, Callable[[], None]]] = [
            (12, self._create),
            (20, self._edit),
            (10, self._save_in_grid),
            (10, self._set_membership),
            (5, self._delete),
            (5 if self.trashed else 0, self._restore),
            (8, self._import),
            (8, self._bulk),
            (6, self._activate),
            (16 if self.last_run else 0, self._undo),
        ]
        return self.random.choices([work for _, work in choices], [weight for weight, _ in choices])[0]

    def _begin(self, kind: str, after: States) -> None:
        self.touched = set(after)
        if kind != "undo" and self.last_run and self.touched & self.last_run.before.keys():
            self.last_run = None
        self.announce(self.op, kind, after)

    def _new_state(self) -> list[Any]:
        return [f"By {self.op}", f"{self.op}@shop.com", self.random.randrange(100_000) / 100, False]

    def _create(self) -> None:
        customer_id, state = self.op, self._new_state()
        self._begin("create", {customer_id: state})
        draft = CustomerDraft(
            customer_id=customer_id, customer_name=state[0], contact_info=state[1], purchase_amount=state[2]
        )
        self.known[customer_id] = _Known(create_customer(self.store, self.actor, draft).id, state)

    def _add_cent(self) -> None:
        """What two people lose of each other where the later save wins."""
        id = self.random.choice(self.shared)
        self._begin("addition", {})
        while True:
            customer = get_customer(self.store, self.actor, id)
            patch = CustomerPatch(purchase_amount=customer.purchase_amount + CENT)
            with suppress(StaleVersion):
                update_customer(self.store, self.actor, id, patch, version=customer.version)
                return

    def _pick(self) -> tuple[str, _Known]:
        return self.random.choice(list(self.known.items()))

    def _edit(self) -> None:
        customer_id, known = self._pick()
        _, contact, amount, _ = self._new_state()
        state = [f"By {self.op}", contact, amount, known.state[3]]
        self._begin("edit", {customer_id: state})
        patch = CustomerPatch(customer_name=state[0], contact_info=contact, purchase_amount=amount)
        _expect(update_customer(self.store, self.actor, known.id, patch).customer_name == state[0])
        known.state = state

    def _save_in_grid(self) -> None:
        customer_id, known = self._pick()
        state = [f"By {self.op}", *known.state[1:]]
        self._begin("edit", {customer_id: state})
        before = get_customer(self.store, self.actor, known.id)
        [outcome] = save_edits(self.store, self.actor, [CustomerEdit(before, {"customerName": state[0]})])
        _expect(outcome.is_complete)
        known.state = state

    def _set_membership(self) -> None:
        customer_id, known = self._pick()
        state = [*known.state[:3], not known.state[3]]
        self._begin("membership", {customer_id: state})
        set_membership(self.store, self.actor, known.id, membership_status=state[3])
        known.state, known.excluded = state, not state[3]

    def _delete(self) -> None:
        customer_id, known = self._pick()
        self._begin("delete", {customer_id: None})
        delete_customer(self.store, self.actor, known.id)
        self.trashed[customer_id] = self.known.pop(customer_id)

    def _restore(self) -> None:
        customer_id, known = self.random.choice(list(self.trashed.items()))
        self._begin("restore", {customer_id: known.state})
        restore_customers(self.store, self.actor, [known.id])
        self.known[customer_id] = self.trashed.pop(customer_id)

    def _some(self) -> dict[str, _Known]:
        return dict(self.random.sample(list(self.known.items()), min(_MANY, len(self.known))))

    def _import(self) -> None:
        updated = dict(list(self._some().items())[: _MANY // 2])
        after: States = {customer_id: [f"By {self.op}", *each.state[1:]] for customer_id, each in updated.items()}
        for number in range(self.random.randrange(5, _MANY)):
            after[f"{self.op}-{number}"] = self._new_state()
        self._begin("import", after)
        rows = "".join(_row(customer_id, state) for customer_id, state in after.items() if state)
        run = None
        while run is None:
            with suppress(ImportUnderWay):
                run = import_customers(self.store, self.actor, (_HEADER + rows).encode()).run
        _expect(run.status == "done" and run.changed == len(after))
        self.last_run = _Done(run.id, {customer_id: _copy(self.known.get(customer_id)) for customer_id in after})
        with self.store.guarded():
            found = self.store.customers.get_by_customer_ids(after)
        for customer in found:
            known = self.known.setdefault(customer.customer_id, _Known(customer.id, []))
            known.state = list(after[customer.customer_id] or [])

    def _bulk(self) -> None:
        chosen, status = self._some(), self.random.random() < 0.5
        changing = {customer_id: known for customer_id, known in chosen.items() if known.state[3] is not status}
        self._begin("bulk", {customer_id: [*known.state[:3], status] for customer_id, known in changing.items()})
        run = set_membership_of_selected(
            self.store, self.actor, [known.id for known in chosen.values()], membership_status=status
        )
        self._after_membership_run(run, changing, status, excluded=not status)

    def _activate(self) -> None:
        """By the rule, but only of customers of this writer."""
        chosen = self._some()
        changing = {
            customer_id: known
            for customer_id, known in chosen.items()
            if not known.state[3] and not known.excluded and known.state[2] >= THRESHOLD
        }
        with self.store.guarded():
            versions = self.store.customers.versions([known.id for known in changing.values()])
        self._begin("activate", {customer_id: [*known.state[:3], True] for customer_id, known in changing.items()})
        plan = ActivationPlan(Rule(Decimal(THRESHOLD)), versions)
        run = activate_at_threshold(self.store, self.actor, THRESHOLD, plan=plan)
        self._after_membership_run(run, changing, True, excluded=False)

    def _after_membership_run(self, run: Any, changing: dict[str, _Known], status: bool, *, excluded: bool) -> None:
        _expect(run.status == "done" and run.changed == len(changing))
        self.last_run = _Done(run.id, {customer_id: _copy(known) for customer_id, known in changing.items()})
        for known in changing.values():
            known.state, known.excluded = [*known.state[:3], status], excluded

    def _undo(self) -> None:
        assert self.last_run is not None
        before = self.last_run.before
        self._begin("undo", {customer_id: known.state if known else None for customer_id, known in before.items()})
        run = undo_run(self.store, self.actor, self.last_run.id)
        _expect(run.status == "done" and run.changed == len(before) and not run.exception_count)
        self.last_run = None
        for customer_id, known in before.items():
            if known is None:
                self.trashed[customer_id] = self.known.pop(customer_id)
            else:
                self.known[customer_id] = known


def _copy(known: _Known | None) -> _Known | None:
    return _Known(known.id, known.state, known.excluded) if known else None


def _row(customer_id: str, state: list[Any]) -> str:
    return f"{customer_id},{state[0]},{state[1]},{state[2]:.2f},{str(state[3]).lower()}\n"


def _expect(condition: bool) -> None:
    if not condition:
        raise Unexpected
