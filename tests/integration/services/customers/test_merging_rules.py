"""Whatever is merged, sold, refunded, edited, deleted and undone: every cent is its owner's in the end.

`KINSO_MERGE_STEPS=400 KINSO_MERGE_SHOPS=25 pytest --timeout=0 -n2` takes ten thousand steps.
"""

import os
import random
from collections import Counter
from contextlib import suppress
from decimal import Decimal

import pytest

from kinso.errors import KinsoError
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.customers.merging import merge_customers
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import preview_undo_of_merge, revert_change, undo_run
from kinso.services.membership.activation import set_membership_of_selected
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from tests.support.mirror import differences

SHOPS = int(os.environ.get("KINSO_MERGE_SHOPS", "3"))
STEPS = int(os.environ.get("KINSO_MERGE_STEPS", "60"))
CUSTOMERS = 7


class Shop:
    """Some people, who may be known under several `_id`s, and whose each sale really is."""

    def __init__(self, store, actor, chance):
        self.store, self.actor, self.chance = store, actor, chance
        self.database = store.connection.database
        self.owners: dict[str, str] = {}
        self.ids = [self.register(number) for number in range(CUSTOMERS)]

    def register(self, number):
        draft = CustomerDraft(
            customer_id=f"C-{number}",
            customer_name=f"Person {number}",
            contact_info=f"p{number}@shop.com",
            purchase_amount=self.amount(),
            notes=self.chance.choice(["", f"Note {number}"]),
            tags=[f"tag {number}"],
        )
        return create_customer(self.store, self.actor, draft).id

    def amount(self):
        return Decimal(self.chance.randrange(1, 50_000)) / 100

    def step(self):
        often = (self.merge, self.sell, self.sell, self.refund, self.edit, self.undo_merge)
        seldom = (self.undo_change, self.delete, self.restore, self.raise_amount, self.select, self.undo_selection)
        with suppress(KinsoError):
            self.chance.choice([*often, *often, *seldom])()

    def merge(self):
        fields = ("customerId", "customerName", "notes", "tags", "membershipStatus")
        keep = {field: self.chance.choice(["this", "other"]) for field in fields if self.chance.random() < 0.2}
        merge_customers(self.store, self.actor, self.somebody(), self.somebody(), keep)

    def sell(self):
        """To somebody by whatever `_id` the till knows."""
        owner = self.chance.choice(self.ids)
        recorded = record_sale(self.store, self.actor, owner, PurchaseDraft(amount=self.amount()))
        self.owners[recorded.entry.sale_id] = owner

    def refund(self):
        sale = self.one_of("sales", {"kind": "sale", "void": False})
        amount = self.chance.choice([None, Decimal("0.01")])
        refund_sale(self.store, self.actor, sale["saleId"], RefundDraft(amount=amount))

    def edit(self):
        values = [
            {"customer_name": f"Person {self.chance.randrange(99)}"},
            {"notes": self.chance.choice(["", "Typed"])},
            {"membership_status": self.chance.random() < 0.5},
            {"customer_id": f"N-{self.database['changes'].count_documents({})}"},
        ]
        update_customer(self.store, self.actor, self.somebody(), CustomerPatch(**self.chance.choice(values)))

    def raise_amount(self):
        customer = self.one_of("customers", {})
        amount = read_stored_amount(customer["purchaseAmount"]) + self.amount()
        update_customer(self.store, self.actor, str(customer["_id"]), CustomerPatch(purchase_amount=amount))

    def undo_merge(self):
        self.separate(self.one_of("merged", {}))

    def separate(self, merged):
        """Sales since go to whom they were made, as far as that one comes back, or comes with who does."""
        id = str(merged["_id"])
        back = {id, *self.store.merged.all_in(id)}
        sales = preview_undo_of_merge(self.store, self.actor, merged["run"]).sales
        theirs = {each.sale_id: "other" for each in sales if self.owners[each.sale_id] in back}
        undo_run(self.store, self.actor, merged["run"], sales=theirs)

    def undo_change(self):
        revert_change(self.store, self.actor, str(self.one_of("changes", {"kind": {"$ne": "create"}})["_id"]))

    def select(self):
        set_membership_of_selected(self.store, self.actor, self.ids[::2], membership_status=self.chance.random() < 0.5)

    def undo_selection(self):
        undo_run(self.store, self.actor, str(self.one_of("runs", {"kind": {"$ne": "merge"}})["_id"]))

    def delete(self):
        delete_customer(self.store, self.actor, self.somebody())

    def restore(self):
        restore_customers(self.store, self.actor, [str(self.one_of("trash", {})["_id"])])

    def somebody(self):
        return str(self.one_of("customers", {})["_id"])

    def one_of(self, collection, wanted):
        found = list(self.database[collection].find(wanted))
        if not found:
            raise KinsoError("Nothing is there yet.")
        return self.chance.choice(found)

    def come_apart(self):
        """Everybody is restored, and every merge undone, in any order."""
        for trashed in self.database["trash"].find():
            restore_customers(self.store, self.actor, [str(trashed["_id"])])
        merged = list(self.database["merged"].find())
        self.chance.shuffle(merged)
        for each in merged:
            self.separate(each)

    def expected(self):
        """What is everybody's, by whom each entry that counts was written about."""
        changes = {str(each["_id"]): each["customer"] for each in self.database["changes"].find()}
        owned = Counter()
        for entry in self.database["sales"].find({"void": False}):
            sale = entry["saleId"] if entry["kind"] == "sale" else entry.get("refundOf")
            owned[self.owners[sale] if sale else changes[entry["change"]]] += round(entry["amount"] * 100)
        return {id: owned[id] for id in self.ids}

    def stored(self):
        return {str(each["_id"]): round(each["purchaseAmount"] * 100) for each in self.database["customers"].find()}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("seed", range(SHOPS))
def test_every_cent_is_its_owners_once_everything_is_undone(store, manager, seed):
    shop = Shop(store, manager, random.Random(seed))
    for number in range(STEPS):
        shop.step()
        if number % 50 == 49:
            assert problems(store) == []
    assert problems(store) == []
    shop.come_apart()
    assert problems(store) == []
    assert shop.stored() == shop.expected()
    assert not list(shop.database["customers"].find({"mergedIds": {"$exists": True}}))
    store.mirror.catch_up()
    assert differences(store) == {}


def problems(store):
    return [each.sentence for each in check_database(store, COMMAND_LINE).findings]
