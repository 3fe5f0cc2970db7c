"""Whatever is done, by whomever: every question is answered as if somebody had looked at every document.

`KINSO_MIRROR_STEPS=2000 pytest --timeout=0 -n0` takes ten thousand steps in five shops, and kills the server now and
then; `KINSO_MIRROR_SHOPS` says how many shops are tried.
"""

import io
import os
import random
import shutil
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kinso.database.connection import connect
from kinso.database.preparation import prepare
from kinso.errors import KinsoError
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import SORT_FIELDS, CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.rule_bases import RULE_BASES
from kinso.repository.documents import now
from kinso.repository.facts import FactsNow
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.customers.merging import merge_customers
from kinso.services.history.trash import erase_person, restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.insights import get_sales_months, get_statistics
from kinso.services.membership.activation import activate_at_threshold, set_membership_of_selected
from kinso.services.membership.eligibility import count_members_at, rule_of
from kinso.services.purchases.recording import list_entries, record_sale, refund_sale
from kinso.services.transfer.backups import make_backup, restore_shop
from kinso.services.transfer.customer_imports import import_customers
from tests.support.facts import FactOracle
from tests.support.mirror import cut_streams, differences
from tests.support.oracle import Oracle
from tests.support.processes import until

SHOPS = int(os.environ.get("KINSO_MIRROR_SHOPS", "5"))
STEPS = int(os.environ.get("KINSO_MIRROR_STEPS", "30"))
MAY_KILL = STEPS > 500
"""In a short run others work on the same server."""
NAMES = ["Ada Lovelace", "José Ñuñez", "রহিম উদ্দিন", "O'Brien (mother)", "Ada B", "Łódź Karim", "Li", "a.*b"]
CONTACTS = ["ada@shop.com", "+44 20 7946 0958", "01711-234567", "12 Mill Lane, Leeds", "+880 1711 234567, x@y.org"]
TEXTS = ["ada", "AD", "karim łódź", "020 7946", "+8801711234567", ".*", "(", "b ada", "shop.com", "none", "x", "উদ্দিন"]
TEXTS += ["01711-234567,", "234567 234567,", ", ;"]
COMPUTED = ("saleCount", "spent", "lastPurchase", "usualDaysBetween", "refundShare", "memberSince", "everMember")
GROUPS = ("eligible", "excluded", "members")


class Shop:
    """Some people at work, in this process and in another one."""

    def __init__(self, settings, folder, manager, chance):
        self.settings, self.folder, self.manager, self.chance = settings, folder, manager, chance
        self.store, self.other = self.open(), connect(settings)
        self.number, self.backup = 0, None

    def open(self):
        store = Store(connect(self.settings))
        store.mirror.keep_in(self.folder, keeps_snapshots=True, memory_limit="1GB")
        return store

    def step(self):
        """What is refused must change nothing."""
        often = (self.register, self.edit, self.sell)
        seldom = (self.refund, self.delete, self.restore, self.erase, self.undo, self.undo_run, self.merge)
        others = (self.activate, self.select, self.bring, self.by_hand, self.cut, self.come_again)
        rarely = [self.die, self.restore_backup, *([self.kill_server] if MAY_KILL else ())]
        with suppress(KinsoError):
            self.chance.choice([*often, *often, *seldom, *others] if self.chance.random() < 0.97 else rarely)()

    def register(self):
        self.number += 1
        values = {"customer_name": self.one_of(NAMES), "contact_info": self.one_of(CONTACTS)}
        amount = Decimal(self.chance.randrange(0, 200_000)) / 100
        draft = CustomerDraft(customer_id=f"C-{self.number}", purchase_amount=amount, tags=["a", "b"], **values)
        create_customer(self.store, self.manager, draft)

    def edit(self):
        field, value = self.one_of(
            [
                ("customer_name", self.one_of(NAMES)),
                ("contact_info", self.one_of(CONTACTS)),
                ("customer_id", f"c {self.number}"),
                ("purchase_amount", Decimal(self.chance.randrange(0, 200_000)) / 100),
                ("membership_status", self.chance.random() < 0.5),
                ("notes", "A note\nof two lines"),
                ("tags", ["c"]),
            ]
        )
        update_customer(self.store, self.manager, self.somebody(), CustomerPatch(**{field: value}))

    def sell(self):
        sold_at = now() - timedelta(days=self.chance.randrange(500), seconds=1)
        draft = PurchaseDraft(amount=Decimal(self.chance.randrange(1, 90_000)) / 100, sold_at=sold_at)
        record_sale(self.store, self.manager, self.somebody(), draft)

    def refund(self):
        sale = self.one_of(self.documents("sales", {"kind": "sale", "void": False}))
        amount = None if self.chance.random() < 0.5 else Decimal("0.01")
        refund_sale(self.store, self.manager, sale["saleId"], RefundDraft(amount=amount))

    def delete(self):
        delete_customer(self.store, self.manager, self.somebody())

    def restore(self):
        restore_customers(self.store, self.manager, [str(self.one_of(self.documents("trash"))["_id"])])

    def erase(self):
        erase_person(self.store, self.manager, self.somebody())

    def undo(self):
        revert_change(self.store, self.manager, str(self.one_of(self.documents("changes"))["_id"]))

    def undo_run(self):
        undo_run(self.store, self.manager, str(self.one_of(self.documents("runs"))["_id"]))

    def merge(self):
        merge_customers(self.store, self.manager, self.somebody(), self.somebody())

    def activate(self):
        activate_at_threshold(self.store, self.manager, self.chance.randrange(1, 2000))

    def select(self):
        ids = [str(each["_id"]) for each in self.documents("customers")[::2]]
        set_membership_of_selected(self.store, self.manager, ids, membership_status=self.chance.random() < 0.5)

    def bring(self):
        self.number += 1
        rows = [f"C-{self.number},{self.one_of(NAMES)},a{self.number}@b.org,{self.chance.randrange(2000)},false"]
        known = self.documents("customers")[:1]
        rows += [f"{each['customerId']},Somebody Else,c@d.org,7,true" for each in known]
        header = "customerId,customerName,contactInfo,purchaseAmount,membershipStatus"
        import_customers(self.store, self.manager, "\n".join([header, *rows]).encode())

    def by_hand(self):
        """Another process writes past Kinso, and this one has to hear of it."""
        change = self.one_of(
            [{"$set": {"customerName": "By Hand"}}, {"$push": {"tags": "z"}}, {"$inc": {"version": 1}}]
        )
        self.other.database["customers"].update_many({}, change)
        self.store.connection.database["customers"].update_one({}, {"$inc": {"version": 1}})

    def cut(self):
        """The server drops the stream."""
        cut_streams(self.store.connection)

    def come_again(self):
        """The process ends, others write meanwhile, and the next one goes on from what was kept on disk."""
        self.store.connection.close()
        self.by_another()
        self.store = self.open()

    def by_another(self):
        self.other.database["customers"].update_many({}, {"$inc": {"purchaseAmount": 1}})

    def die(self):
        """The same without a chance to write anything down: what is on disk is of some time ago, or nothing."""
        kept = self.folder.with_name("kept")
        shutil.copytree(self.folder, kept, ignore=shutil.ignore_patterns("memory-*"))
        self.store.connection.close()
        shutil.rmtree(self.folder)
        kept.rename(self.folder)
        self.by_another()
        self.store = self.open()

    def restore_backup(self):
        """Everything is as it was some time ago, while what is kept on disk is of a later one."""
        earlier, self.backup = self.backup, io.BytesIO()
        make_backup(self.store, COMMAND_LINE, self.settings, self.backup)
        if earlier is None:
            return
        self.store.connection.close()
        until(lambda: self.is_restored(earlier), "the backup is restored")
        prepare(self.other)
        self.store = self.open()

    def is_restored(self, backup):
        """What has just ended may write its last mark only now, and nothing is restored into what is not empty."""
        self.other.client.drop_database(self.settings.database)
        backup.seek(0)
        with suppress(KinsoError):
            restore_shop(self.settings, backup)
            return True
        return False

    def kill_server(self):
        """It is started again by itself; whatever was acknowledged is still there."""
        process = self.other.client.admin.command("serverStatus")["pid"]
        os.kill(process, signal.SIGKILL)
        until(self.is_back, "the server is back")

    def is_back(self):
        with suppress(KinsoError):
            self.other.ping()
            self.store.connection.ping()
            self.store.mirror.catch_up()
            return True
        return False

    def somebody(self):
        return str(self.one_of(self.documents("customers"))["_id"])

    def documents(self, name, match=None):
        return sorted(self.store.connection.database[name].find(match or {}), key=lambda each: each["_id"])

    def one_of(self, choices):
        if not choices:
            raise KinsoError("There is nothing to do this with.")
        return self.chance.choice(choices)


def compare(store, manager, chance, seen):
    """Every question, one text and one order of each kind at a time.

    `seen` are purchases of months that had ended, by what says whether they are still the same.
    """
    oracle = Oracle(store)
    people = oracle.customers
    told = get_statistics(store, manager)
    assert (told.total_customers, told.members) == (len(people), sum(each.membership_status for each in people))
    assert told.total_purchase_amount == sum(each.purchase_amount for each in people)
    query = CustomerQuery(
        search=chance.choice(["", *TEXTS]),
        membership_status=chance.choice([None, True, False]),
        sort_by=chance.choice(SORT_FIELDS),
        sort_order=chance.choice(["asc", "desc"]),
    )
    expected = oracle.ordered(query)
    assert [each.id for each in store.customers.iterate(query)] == expected
    page = chance.randrange(1, 5)
    found, total = store.customers.find_with_total(query, page=page, limit=3)
    assert ([each.id for each in found], total) == (expected[(page - 1) * 3 : page * 3], len(expected))
    by_id = {each.id: each for each in people}
    assert found == [by_id[each.id] for each in found]
    shop, at = store.shop.get(), now()
    for key in RULE_BASES:
        rule = rule_of(shop.model_copy(update={"threshold_basis": key}), at)
        spenders, spent = store.spenders(rule), oracle.spent(rule)
        largest = {each.customer.id: each.amount for group in GROUPS for each in spenders.largest(group, limit=9999)}
        assert {id: largest.get(id, 0) for id in spent} == spent
        below = {id for id, amount in spent.items() if amount < rule.threshold and by_id[id].membership_status}
        assert spenders.count_members_below(rule.threshold) == len(below)
        with spenders.at_once() as together:
            assert together.count_members_below(rule.threshold) == len(below)
            count, total = together.totals("eligible", at_or_above=rule.threshold)
        eligible = [each for each in people if not each.membership_status and not each.excluded]
        reached = [spent[each.id] for each in eligible if spent[each.id] >= rule.threshold and each.id in largest]
        assert (count, total) == (len(reached), sum(reached))
    facts = FactsNow(shop.zone, at.astimezone(shop.zone).date(), rule_of(shop, at))
    looked_at = FactOracle(store, facts.zone, facts.today, facts.rule)
    told = store.customers.facts_of([*by_id], COMPUTED, facts)
    assert told == {id: {name: looked_at.value(id, name) for name in COMPUTED} for id in by_id}
    starts = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=90 * number) for number in range(20)]
    months = get_sales_months(store, manager, starts)
    assert [*get_sales_months(store, manager, starts[:-1]), *get_sales_months(store, manager, starts[-2:])] == months
    ended = min(at - timedelta(days=chance.randrange(500)), starts[-2])
    told = [each for each in starts if each <= ended]
    if len(told) > 1:
        version = store.mirror.version_before(told[-1])
        assert seen.setdefault((version, told[-1]), months[: len(told) - 1]) == months[: len(told) - 1]
    assert [month.revenue for month in months] == oracle.revenue(starts)
    assert [(each.new_customers + each.returning_customers, each.new_customers) for each in months] == oracle.buyers(
        starts
    )
    assert [month.weekdays for month in months] == oracle.weekdays(starts)
    moment = at - timedelta(seconds=chance.randrange(5))
    assert count_members_at(store, manager, [moment]) == [oracle.members_at(moment)]
    listed = list_entries(store, manager, LedgerQuery(), page=2, limit=4)
    sales = oracle.sales()
    assert ([each.sale_id for each in listed.items], listed.total) == (sales[4:8], len(sales))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SHOPS))
def test_every_answer_is_that_of_a_look_at_every_document(new_database, settings, tmp_path, manager, seed):
    database = new_database()
    prepare(database)
    chance, seen = random.Random(seed), {}
    shop = Shop(settings.model_copy(update={"database": database.database.name}), tmp_path, manager, chance)
    try:
        for _step in range(STEPS):
            shop.step()
            if chance.random() < 0.3:
                compare(shop.store, manager, chance, seen)
        compare(shop.store, manager, chance, seen)
        assert differences(shop.store) == {}
    finally:
        shop.other.close()
        shop.store.connection.close()
