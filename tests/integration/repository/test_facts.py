"""Every fact and every filter is answered as by a look at every document."""

import random
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from kinso.errors import KinsoError
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.facts import AMOUNT, DAY, FACTS, NUMBER, SORTABLE, TEXT, YES_NO
from kinso.models.filters import read_filter, written_filter
from kinso.models.payment_methods import PAYMENT_METHODS
from kinso.models.purchases import PurchaseDraft, PurchaseItem, RefundDraft
from kinso.models.rule_bases import RULE_BASES
from kinso.repository.documents import now
from kinso.repository.facts import FactsNow
from kinso.services.customers.duplicates import remember_different
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.undo import revert_change
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.membership.eligibility import rule_of
from kinso.services.purchases.recording import record_sale, refund_sale
from tests.support.facts import FactOracle

CONTACTS = [
    "ada@shop.com",
    "+44 20 7946 0958",
    "12 Mill Lane, Leeds",
    "01711-234567, x@y.org",
    "no contact",
    "???@x 12345",
]
NAMES = ["Ada Lovelace", "José Ñuñez", "রহিম উদ্দিন", "O'Brien", "ada lovelace"]
WORDS = ["ada", "JOSE", "o", "C-1", "vip", "Été", "mill"]


class Shop:
    """Some people who buy, bring back, join and are changed."""

    def __init__(self, store, manager, chance):
        self.store, self.manager, self.chance, self.ids, self.sales = store, manager, chance, [], []

    def register(self):
        contact = self.chance.choice([*CONTACTS, *(f"a{len(self.ids)}{each}@b.org" for each in range(9))])
        values = {"customer_name": self.chance.choice(NAMES), "contact_info": contact}
        values["purchase_amount"] = Decimal(self.chance.choice([0, 5, 100_050])) / 100
        values["tags"] = self.chance.choice([[], ["VIP"], ["été", "vip"], ["b"]])
        values["notes"] = self.chance.choice(["", "Prefers\nÉTÉ", "vip"])
        draft = CustomerDraft(customer_id=f"C-{len(self.ids)}", **values)
        self.ids.append(create_customer(self.store, self.manager, draft).id)

    def sell(self):
        moment = now() - timedelta(hours=self.chance.choice([0, 1, 20, 24, 500, 5000, 9000]), seconds=1)
        items = [PurchaseItem(name="Tea", quantity=self.chance.choice([1, 0.5, 3]), unit_price=2)]
        extra = (
            {"items": items}
            if self.chance.random() < 0.5
            else {"amount": Decimal(self.chance.randrange(1, 90_000)) / 100}
        )
        method = self.chance.choice([None, *PAYMENT_METHODS])
        draft = PurchaseDraft(sold_at=moment, payment_method=method, **extra)
        self.sales.append(record_sale(self.store, self.manager, self.somebody(), draft).entry)

    def refund(self):
        amount = self.chance.choice([None, Decimal("0.01")])
        refund_sale(self.store, self.manager, self.chance.choice(self.sales).sale_id, RefundDraft(amount=amount))

    def edit(self):
        fields = [
            {"membership_status": self.chance.random() < 0.5},
            {"contact_info": self.chance.choice(CONTACTS)},
            {"tags": ["B"]},
            {"notes": "été"},
        ]
        update_customer(self.store, self.manager, self.somebody(), CustomerPatch(**self.chance.choice(fields)))

    def undo(self):
        revert_change(self.store, self.manager, self.chance.choice(self.sales).change)

    def activate(self):
        activate_at_threshold(self.store, self.manager, self.chance.choice([1, 500]))

    def delete(self):
        delete_customer(self.store, self.manager, self.somebody())

    def tell_apart(self):
        remember_different(self.store, self.manager, self.somebody(), self.somebody())

    def somebody(self):
        return self.chance.choice(self.ids)


def filters(chance, everyone, oracle):
    """One condition on each fact with each operator, its value that of somebody, and groups of some."""
    found = []
    for fact in FACTS.values():
        for operator in fact.type.operators:
            period = chance.choice([{"lastDays": 30}, {"from": "2026-01-01"}, {"to": str(oracle.today)}])
            periods = [{}, {"period": period}] if fact.takes_period else [{}]
            values = [value_for(chance, fact, operator, oracle.value(chance.choice(everyone), fact.name))]
            found += [{"fact": fact.name, "is": operator, "value": values[0], **each} for each in periods]
    for kind in ("all", "any"):
        found += [{kind: chance.sample(found, 3)} for _ in range(10)]
    return chance.sample([*found, *({"not": each} for each in chance.sample(found, 20))], 150)


def value_for(chance, fact, operator, present):
    if operator == "isEmpty":
        return chance.random() < 0.5
    if operator in ("inLast", "notInLast"):
        return chance.choice([1, 2, 30, 400])
    if fact.type is YES_NO:
        return chance.random() < 0.5
    if isinstance(present, list):
        present = chance.choice(present) if present else None
    if fact.type is TEXT:
        other, present = chance.choice(WORDS), (present or "none")[: chance.choice([3, 200])].strip() or "x"
    elif fact.options:
        other, present = chance.choice(fact.options), present or fact.options[0]
    elif fact.type in (AMOUNT, NUMBER):
        other, present = chance.choice([0, 1, 0.5, 20, 500]), present or 0
    elif fact.type is DAY:
        other, present = "2026-05-01", present or "2026-01-01"
    else:
        other, present = chance.choice(WORDS), present or "b"
    if operator == "in":
        return [present, other]
    if operator == "between":
        return sorted([present, other])
    return present


def compare(store, chance, facts):
    oracle = FactOracle(store, facts.zone, facts.today, facts.rule)
    everyone = sorted(oracle.customers)
    names = [*FACTS]
    told = store.customers.facts_of(everyone, names, facts)
    pairs = [(name, told[id][name], oracle.value(id, name)) for id in everyone for name in names]
    assert [each for each in pairs if each[1] != each[2]] == []
    for written in filters(chance, everyone, oracle):
        filter = read_filter(written)
        assert read_filter(written_filter(filter)) == filter
        query = CustomerQuery(filter=filter, sort_by="_id", sort_order="asc")
        expected = [id for id in everyone if oracle.meets(id, filter)]
        found, total = store.customers.find_with_total(query, page=1, limit=1000, facts=facts)
        assert ([each.id for each in found], total) == (expected, len(expected)), written
    assert [each.id for each in store.customers.iterate(query, facts=facts)] == expected
    assert store.customers.count(query, facts=facts) == len(expected)


def compare_orders(store, facts):
    oracle = FactOracle(store, facts.zone, facts.today, facts.rule)
    for name in SORTABLE[5:]:
        for order in ("asc", "desc"):
            query = CustomerQuery(sort_by=name, sort_order=order)
            pages = [store.customers.find_with_total(query, page=page, limit=7, facts=facts)[0] for page in range(1, 9)]
            values = [oracle.value(each.id, name) for page in pages for each in page]
            assert len(values) == len(oracle.customers)
            if FACTS[name].type is not TEXT and name not in ("createdAt", "updatedAt"):
                known = [value for value in values if value is not None]
                assert known == sorted(known, reverse=order == "desc"), name
                assert values[: len(known)] == known


@pytest.mark.parametrize("seed", range(4))
def test_every_fact_and_filter_is_that_of_a_look_at_every_document(store, manager, seed):
    chance = random.Random(seed)
    shop = Shop(store, manager, chance)
    zone = ZoneInfo(chance.choice(["UTC", "Asia/Dhaka", "America/New_York", "Pacific/Auckland"]))
    basis = [*RULE_BASES.values()][seed % len(RULE_BASES)]
    for _ in range(20):
        shop.register()
        shop.sell()
    for _round in range(3):
        for _ in range(25):
            with suppress(KinsoError):
                getattr(
                    shop, chance.choice(["sell", "sell", "refund", "edit", "undo", "activate", "delete", "tell_apart"])
                )()
        at = now()
        rule = rule_of(store.shop.get().model_copy(update={"threshold_basis": basis.key, "threshold": Decimal(3)}), at)
        facts = FactsNow(zone, at.astimezone(zone).date(), rule, store.different_people.pairs)
        compare(store, chance, facts)
        zone = ZoneInfo("Europe/Berlin") if chance.random() < 0.3 else zone
    compare_orders(store, facts)
