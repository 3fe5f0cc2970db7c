"""How many commands each kind of work sends: not one more for more rows, as long as they fit one transaction."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from kinso.models.accounts import Actor
from kinso.models.customers import Customer, CustomerDraft, CustomerEdit
from kinso.models.purchases import PurchaseDraft
from kinso.models.transfer.plans import ImportChoices
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import create_customer
from kinso.services.customers.saving import save_edits
from kinso.services.history import runs
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import (
    activate_at_threshold,
    demote_below_threshold,
    plan_activation,
    plan_demotion,
    set_membership_of_selected,
)
from kinso.services.purchases.recording import record_sale
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.purchase_imports import import_purchases
from tests.support.commands import CountedCommands, counted

FEW, MANY = 5, 150
"""The driver brings 101 documents by itself before it has to ask once more."""
Work = Callable[[], object]
Kind = Callable[[Store, Actor, Sequence[Customer]], Work]


@pytest.fixture
def commands(connection, settings) -> Iterator[CountedCommands]:
    with counted(settings) as commands:
        yield commands


def customers(store: Store, count: int) -> list[Customer]:
    """Non-members of whom a file of purchases explains nothing."""
    first = len(store.customers.recent_ids(limit=1000))
    drafts = [
        CustomerDraft(customer_id=f"C-{first + number:04}", customer_name="Ada Byron", contact_info="ada@shop.com")
        for number in range(count)
    ]
    return store.customers.insert_many(drafts, now())


def edits(field: str, value: object, store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    return lambda: save_edits(store, actor, [CustomerEdit(each, {field: value}) for each in some])


def ids(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    return lambda: save_edits(
        store, actor, [CustomerEdit(each, {"customerId": f"New-{each.customer_id}"}) for each in some]
    )


def upsert(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    rows = [{"customerId": each.customer_id, "customerName": "Bea Byron"} for each in some]
    return lambda: upsert_customers(store, actor, rows, all_or_nothing=True)


def members(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    return lambda: set_membership_of_selected(store, actor, [each.id for each in some], membership_status=True)


def non_members(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    members(store, actor, some)()
    return lambda: set_membership_of_selected(store, actor, [each.id for each in some], membership_status=False)


def activation(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    spent(store, some)
    plan = plan_activation(store, actor, 100)
    return lambda: activate_at_threshold(store, actor, 100, plan=plan)


def spent(store: Store, some: Sequence[Customer]) -> None:
    store.customers.update_many([(each, {"purchaseAmount": 500}) for each in some], now())


def demotion(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    activation(store, actor, some)()
    plan = plan_demotion(store, actor)
    return lambda: demote_below_threshold(store, actor, plan)


def new_customers(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    lines = [f"N-{each.customer_id},Eve,{number}@shop.com,true,7" for number, each in enumerate(some)]
    return imported(store, actor, ["customerId,customerName,contactInfo,membershipStatus,purchaseAmount", *lines])


def changed_customers(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    return imported(store, actor, ["customerId,customerName", *(f"{each.customer_id},Bea" for each in some)])


def imported(store: Store, actor: Actor, lines: Sequence[str]) -> Work:
    return lambda: import_customers(store, actor, "\n".join(lines).encode()).run


def purchases(store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    lines = [f"S-{each.customer_id},{each.customer_id},2026-01-31,{number}.5" for number, each in enumerate(some)]
    source = "\n".join(["saleId,customerId,soldAt,amount", *lines]).encode()
    return lambda: import_purchases(store, actor, source, choices=ImportChoices(opening_balance="keep")).run


def undo_of(kind: Kind, store: Store, actor: Actor, some: Sequence[Customer]) -> Work:
    run = kind(store, actor, some)()
    return lambda: undo_run(store, actor, run.id)


KINDS: dict[str, Kind] = {
    "names in the grid": partial(edits, "customerName", "Bea"),
    "amounts in the grid": partial(edits, "purchaseAmount", 12.5),
    "memberships in the grid": partial(edits, "membershipStatus", True),
    "IDs in the grid": ids,
    "a list of customers": upsert,
    "bulk members": members,
    "bulk non-members": non_members,
    "activation": activation,
    "demotion": demotion,
    "import of new customers": new_customers,
    "import of changes": changed_customers,
    "import of purchases": purchases,
}
RUNS = [name for name in KINDS if "grid" not in name and "list" not in name]


@pytest.mark.parametrize("name", KINDS)
def test_many_customers_take_as_many_round_trips_as_few(commands, admin, name):
    few, many = (taken(commands, KINDS[name], admin, count) for count in (FEW, MANY))
    assert many == few


@pytest.mark.parametrize("name", RUNS)
def test_undoing_many_takes_as_many_round_trips_as_undoing_few(commands, admin, name):
    few, many = (taken(commands, partial(undo_of, KINDS[name]), admin, count) for count in (FEW, MANY))
    assert many == few


def test_a_registration_reads_only_whether_its_id_was_that_of_somebody_merged(commands, staff):
    draft = CustomerDraft(customer_id="C-1", customer_name="Ada Byron", contact_info="ada@shop.com")
    sent = commands.of(lambda: create_customer(commands.store, staff, draft))
    assert sent == ["find customers", "find settings", "insert customers", "insert changes", "commitTransaction"]


def test_a_purchase_reads_and_writes_every_collection_once(commands, staff):
    [ada] = customers(commands.store, 1)
    sent = commands.of(lambda: record_sale(commands.store, staff, ada.id, PurchaseDraft(amount=5)))
    reads = ["find customers", "find runs", "find settings"]
    assert sorted(sent) == sorted([*reads, "update customers", "insert changes", "insert sales", "commitTransaction"])


def test_rows_of_the_grid_are_saved_in_one_transaction(commands, staff):
    save = edits("purchaseAmount", 12.5, commands.store, staff, customers(commands.store, MANY))
    writes = ["update customers", "insert changes", "insert sales", "commitTransaction"]
    assert commands.of(save) == ["find customers", "find runs", *writes]


def test_a_batch_of_an_activation_reads_and_writes_every_collection_once(commands, admin, monkeypatch):
    def sent(batches: int) -> Counter[str]:
        monkeypatch.setattr(runs, "BATCH", -(-MANY // batches))
        return taken(commands, activation, admin, MANY)

    once, twice = sent(1), sent(2)
    reads = ["find customers", "find runs", "find memberships", "find users"]
    writes = ["update customers", "insert changes", "insert memberships", "update runs"]
    assert twice - once == Counter([*reads, *writes, "commitTransaction"])


def taken(commands: CountedCommands, kind: Kind, actor: Actor, count: int) -> Counter[str]:
    return Counter(commands.of(kind(commands.store, actor, customers(commands.store, count))))
