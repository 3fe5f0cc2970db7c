"""A program that keeps a copy of all customers and asks for what changed."""

import random
import re
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bson import ObjectId

from kinso.database.transactions import ALLOWANCE
from kinso.models.accounts import NewUser, Role
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.customers_sync import Place
from kinso.repository.customers_search import deleted_after
from kinso.repository.documents import now
from kinso.services.accounts.users import create_token
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.trash import restore_customers

GUIDE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EVER = "1970-01-01"
STEPS = 30


@pytest.fixture
def ask(api, token):
    def ask(**parameters):
        answer = api("GET", "/customers", token=token("analyst"), params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def ids(answer):
    return [customer["customerId"] for customer in answer["data"]]


def cursor_of(answer):
    return answer["pagination"]["nextCursor"]


def test_changes_are_told_in_their_order_and_each_once(ask, api, token, register):
    first, *_ = [register(f"C-{number}") for number in range(5)]
    api("PUT", f"/customers/{first['_id']}", token=token(), json={"customerName": "Eva"})

    answer, found = ask(updatedSince=EVER, limit=2), []
    assert answer["pagination"] | {"nextCursor": ""} == {
        "page": 1,
        "limit": 2,
        "total": 5,
        "totalPages": 3,
        "nextCursor": "",
        "more": True,
        "deleted": [],
    }
    found += ids(answer)
    while answer["pagination"]["more"]:
        answer = ask(cursor=cursor_of(answer), limit=2)
        found += ids(answer)
    assert (found, answer["pagination"]["page"]) == (["C-1", "C-2", "C-3", "C-4", "C-0"], 3)

    nothing = ask(cursor=cursor_of(answer), updatedSince=EVER)
    assert (nothing["data"], nothing["pagination"]["deleted"], nothing["pagination"]["total"]) == ([], [], 0)


def test_who_changes_while_the_answers_are_read_comes_again_at_the_end(ask, api, token, register):
    first, *_ = [register(f"C-{number}") for number in range(3)]
    answer = ask(updatedSince=EVER, limit=1)
    assert ids(answer) == ["C-0"]
    api("PUT", f"/customers/{first['_id']}", token=token(), json={"customerName": "Eva"})
    answer = ask(cursor=cursor_of(answer))
    assert ids(answer) == ["C-1", "C-2", "C-0"]
    assert answer["data"][2]["customerName"] == "Eva"


def test_who_was_told_and_is_changed_again_counts_as_new(ask, api, token, register):
    everybody = [register(f"C-{number}") for number in range(3)]
    cursor = cursor_of(ask(updatedSince=EVER))
    for each in everybody:
        api("PUT", f"/customers/{each['_id']}", token=token(), json={"customerName": "Eva"})
    counted = ask(cursor=cursor, limit=2)["pagination"]
    assert (counted["total"], counted["totalPages"], counted["more"]) == (3, 2, True)


def test_what_was_before_is_not_told(ask, register):
    register("C-1")
    since = register("C-2")["updatedAt"]
    assert ids(ask(updatedSince=since))[-1] == "C-2"
    later = (datetime.fromisoformat(since) + timedelta(milliseconds=1)).isoformat()
    assert ids(ask(updatedSince=later)) == []


def test_a_deletion_is_told_and_so_is_a_return(ask, register, store, manager):
    ada = register("C-1")
    begun = ask(updatedSince=EVER)
    delete_customer(store, manager, ada["_id"])
    gone = ask(cursor=cursor_of(begun))
    assert gone["data"] == []
    [deleted] = gone["pagination"]["deleted"]
    assert deleted | {"deletedAt": ""} == {"_id": ada["_id"], "customerId": "C-1", "deletedAt": ""}
    restore_customers(store, manager, [ada["_id"]])
    back = ask(cursor=cursor_of(gone))
    assert (ids(back), back["pagination"]["deleted"]) == (["C-1"], [])


def test_whom_an_undone_run_had_registered_is_told_as_deleted(ask, api, token):
    rows = [{"customerId": f"B-{n}", "customerName": "Bea Moss", "contactInfo": "bea@shop.com"} for n in range(3)]
    run = api("POST", "/customers/bulk", token=token(), json={"mode": "per-row", "customers": rows}).json()["data"]
    begun = ask(updatedSince=EVER)
    assert len(begun["data"]) == 3
    api("POST", f"/runs/{run['runId']}/undo", token=token())
    assert {each["customerId"] for each in ask(cursor=cursor_of(begun))["pagination"]["deleted"]} == {
        "B-0",
        "B-1",
        "B-2",
    }


def test_a_change_that_is_committed_late_is_not_missed(ask, register, store, manager):
    """Its moment is before that of changes that were told already."""
    late, quick = register("C-1"), register("C-2")
    cursor = cursor_of(ask(updatedSince=EVER))
    wrote, told = threading.Event(), threading.Event()

    def work():
        update_customer(store, manager, late["_id"], CustomerPatch(customer_name="Late"))
        wrote.set()
        assert told.wait(30)

    thread = threading.Thread(target=lambda: store.transact(work))
    thread.start()
    try:
        assert wrote.wait(30)
        update_customer(store, manager, quick["_id"], CustomerPatch(customer_name="Quick"))
        answer = ask(cursor=cursor)
        assert ids(answer) == ["C-2"]
    finally:
        told.set()
        thread.join(30)
    assert [customer["customerName"] for customer in ask(cursor=cursor_of(answer))["data"]] == ["Late"]


def test_who_can_be_asked_for_by_no_id_keeps_nobody_else_waiting(ask, register, store):
    customers = store.connection.database["customers"]
    stored = customers.find_one({"_id": ObjectId(register("C-1")["_id"])})
    odd = {**stored, "_id": "odd", "customerId": "C-0", "search": {**stored["search"], "id": "c-0"}}
    customers.insert_one(odd)
    register("C-2")
    answer = ask(updatedSince=EVER, limit=1)
    assert ids(answer) + ids(ask(cursor=cursor_of(answer), limit=1)) == ["C-1", "C-2"]


def test_what_is_old_enough_costs_a_cursor_nothing(ask, register, store):
    for number in range(20):
        register(f"C-{number:02}")
    short = len(cursor_of(ask(updatedSince=EVER, limit=1)))
    old = now() - 2 * ALLOWANCE
    store.connection.database["customers"].update_many({}, {"$set": {"updatedAt": old}})
    answer = ask(updatedSince=EVER)
    assert len(cursor_of(answer)) < short
    assert len(ids(answer) + ids(ask(cursor=cursor_of(answer)))) == 20


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({"updatedSince": "yesterday"}, "updatedSince", "updatedSince is not a date; write it like 2025-01-31"),
        ({"updatedSince": ""}, "updatedSince", "updatedSince is empty"),
        ({"updatedSince": "2026-02-30"}, "updatedSince", "updatedSince is not a date"),
        ({"updatedSince": "0001-01-01T00:00:00+14:00"}, "updatedSince", "updatedSince is not between"),
        ({"cursor": ""}, "cursor", "cursor is none of those that an answer gave; begin again with updatedSince"),
        ({"cursor": "é"}, "cursor", "cursor is none of those"),
        ({"updatedSince": EVER, "cursor": "AAAA"}, "cursor", "cursor is none of those"),
        ({"updatedSince": EVER, "page": "2"}, "updatedSince", "updatedSince goes with limit only; leave page out"),
        (
            {"updatedSince": EVER, "search": "ada"},
            "updatedSince",
            "updatedSince goes with limit only; leave search out",
        ),
        ({"updatedSince": EVER, "membershipStatus": "true"}, "updatedSince", "leave membershipStatus out"),
        ({"updatedSince": EVER, "sortBy": "customerName"}, "updatedSince", "leave sortBy out"),
        ({"updatedSince": EVER, "limit": "0"}, "limit", "limit must be 1 or more"),
        ({"updated_since": EVER}, "updated_since", "write updatedSince"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(api, token, parameters, field, message):
    answer = api("GET", "/customers", token=token(), params=parameters)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert message in error["message"]


@pytest.mark.parametrize("path", ["/customers/export", "/customers/membership/by-status/true"])
def test_other_lists_know_nothing_of_it(api, token, path):
    answer = api("GET", path, token=token(), params={"updatedSince": EVER})
    assert [error["field"] for error in answer.json()["errors"]] == ["updatedSince"]


def test_deletions_are_read_from_an_index(store, register, manager):
    for number in range(30):
        delete_customer(store, manager, register(f"C-{number}")["_id"])
    after = Place(now() - timedelta(hours=1), True, "0" * 24)
    found = store.connection.database["changes"].find(deleted_after(after)).sort([("at", 1), ("_id", 1)]).limit(5)
    plan = found.explain()
    assert '"SORT"' not in str(plan["queryPlanner"]["winningPlan"]).replace("'", '"')
    assert plan["executionStats"]["totalDocsExamined"] <= 6


class Person(threading.Thread):
    """Somebody who registers, changes, deletes and restores customers for a while, sometimes with a slow commit."""

    def __init__(self, store, actor, number):
        super().__init__()
        self.store, self.actor, self.number, self.dice = store, actor, number, random.Random(number)
        self.mine, self.deleted = [], []

    def run(self):
        for step in range(STEPS):
            self.store.transact(lambda step=step: self.do(step))

    def do(self, step):
        # A transaction that collides is done again, with another throw of the dice.
        dice = self.dice.random()
        if dice < 0.4 or not self.mine:
            draft = CustomerDraft(
                customer_id=f"C-{self.number}-{step}-{dice}", customer_name="Ada", contact_info="a@shop.com"
            )
            self.mine.append(create_customer(self.store, self.actor, draft).id)
        elif dice < 0.8:
            patch = CustomerPatch(customer_name=f"Ada {dice}")
            update_customer(self.store, self.actor, self.dice.choice(self.mine), patch)
        elif dice < 0.9 or not self.deleted:
            self.deleted.append(self.mine.pop(self.dice.randrange(len(self.mine))))
            delete_customer(self.store, self.actor, self.deleted[-1])
        else:
            self.mine.append(self.deleted.pop())
            restore_customers(self.store, self.actor, [self.mine[-1]])
        if dice < 0.2:
            time.sleep(dice)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("allowance", [ALLOWANCE, timedelta(milliseconds=50)])
def test_the_job_of_the_guide_has_an_exact_copy_whatever_people_do_meanwhile(
    live, store, manager, monkeypatch, allowance
):
    monkeypatch.setattr("kinso.database.transactions.ALLOWANCE", allowance)
    new = NewUser(email="job@shop.com", name="Job", role=Role.ANALYST, password="not used here")
    owner = store.users.insert(new, "no hash", now())
    monkeypatch.setenv("KINSO", live)
    monkeypatch.setenv("TOKEN", create_token(store, owner.acting("app"), "Copy").secret)
    job, told = {}, []
    exec(re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1], job)
    as_written = job["ask"]

    def ask(**parameters):
        answer = as_written(**{**parameters, "limit": 3})
        told.extend((customer["_id"], customer["version"]) for customer in answer["data"])
        return answer

    job["ask"] = ask
    copy = {"customers": {}, "cursor": ""}
    people = [Person(store, manager, number) for number in range(3)]
    for person in people:
        person.start()
    while any(person.is_alive() for person in people):
        job["catch_up"](copy)
    job["catch_up"](copy)
    update_customer(store, manager, next(iter(copy["customers"])), CustomerPatch(customer_name="After all"))
    job["catch_up"](copy)
    stored = {customer.id: customer.version for customer in store.customers.iterate(CustomerQuery())}
    assert {id: customer["version"] for id, customer in copy["customers"].items()} == stored
    assert len(told) == len(set(told)) > len(stored)
