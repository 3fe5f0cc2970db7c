"""Processes that are killed while people write; `python -m tests.crash.long` does the same for longer."""

import random

import pytest

from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft
from kinso.services.customers.editing import create_customer, get_customer
from tests.crash.apart import ApartShop, kill_one_by_one
from tests.crash.ledger import PROMISES
from tests.crash.long import database, kill_once
from tests.crash.shop import Shop

pytestmark = pytest.mark.xdist_group("crash")


def assert_every_promise_was_kept(shop: Shop | ApartShop) -> None:
    shop.verify()
    assert shop.ledger.problems == []
    assert {name: shop.ledger.counts[name] for name in PROMISES} == dict.fromkeys(PROMISES, 0)
    report = shop.check()
    assert report.findings == []
    assert report.customers > 0


@pytest.mark.timeout(300)
def test_kills_at_random_instants_lose_nothing_and_leave_nothing_half_done(shop):
    chance, kills = random.Random(1), 0
    while kills < 6:
        shop.open()
        kills += kill_once(shop, chance, [])
    shop.open()
    assert_every_promise_was_kept(shop)
    assert shop.ledger.counts["confirmed writes"] > 20
    assert shop.ledger.counts["confirmed runs"] > 5


@pytest.mark.timeout(300)
def test_kills_of_processes_whose_database_lives_on_lose_nothing_either(tmp_path):
    chance, kills = random.Random(2), 0
    with database(tmp_path / "servers", servers=1) as uri:
        shop = ApartShop(uri, tmp_path, seed=2)
        while kills < 5:
            kills += kill_one_by_one(shop, chance, serve=kills == 0)
        assert_every_promise_was_kept(shop)
    assert shop.ledger.counts["confirmed writes"] > 20
    assert shop.ledger.counts["confirmed runs"] > 2


def test_two_processes_that_write_at_once_lose_nothing_of_each_other(shop):
    shop.open()
    with shop.store() as store:
        drafts = [CustomerDraft(customer_id=f"Shared {n}", customer_name="Ann", contact_info="a@b.com") for n in (1, 2)]
        shared = [create_customer(store, COMMAND_LINE, draft).id for draft in drafts]
    shop.kill_kinso()
    shop.open(workers=2, shared=shared)
    shop.go()
    shop.wait_for_confirmations(150)
    shop.kill_kinso()
    cut_off = len(shop.ledger.open)
    shop.open()
    assert_every_promise_was_kept(shop)
    with shop.store() as store:
        cents = sum(get_customer(store, COMMAND_LINE, id).purchase_amount * 100 for id in shared)
    confirmed = shop.ledger.counts["confirmed additions"]
    assert confirmed > 50
    assert confirmed <= cents <= confirmed + cut_off
