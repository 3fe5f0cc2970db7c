import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE

import pytest

from kinso.errors import Conflict, DatabaseUnavailable, InvalidInput, StillUnderWay
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.history import RunException
from kinso.models.requests import KeptAnswer
from kinso.repository.documents import now
from kinso.services import requests
from kinso.services.customers.editing import create_customer
from kinso.services.history.runs import new_run
from kinso.services.history.trash import erase_person, finish_erasures
from kinso.services.requests import HOLD, LIFETIME, Attempt, attempt_request

DRAFT = CustomerDraft(customer_id="C-1", customer_name="Ada", contact_info="ada@shop.com")
ANSWER = KeptAnswer(status=201, content='{"data":1}', headers={"ETag": '"v1"'})


ROOT = Path(__file__).parents[4]
_THIS_PROCESS = "from kinso.database.processes import this_process"


def register(store, actor, attempt, *, crash=None):
    def work():
        created = create_customer(store, actor, DRAFT)
        attempt.keep(ANSWER.model_copy(update={"customers": [created.id]}))
        if crash:
            raise crash
        return created

    return store.transact(work)


def how_many(store):
    return store.customers.count(CustomerQuery())


def later(monkeypatch, delta):
    moment = now() + delta
    monkeypatch.setattr(requests, "now", lambda: moment)


def test_what_was_done_is_answered_again_and_not_done_again(store, staff):
    created = register(store, staff, attempt_request(store, staff, "key", "print"))
    again = attempt_request(store, staff, "key", "print")
    assert again == ANSWER.model_copy(update={"customers": [created.id]})
    assert how_many(store) == 1


def test_a_key_stands_for_one_request_only(store, staff):
    register(store, staff, attempt_request(store, staff, "key", "print"))
    with pytest.raises(InvalidInput) as refused:
        attempt_request(store, staff, "key", "another")
    assert refused.value.errors[0].field == "Idempotency-Key"


def test_keys_of_different_people_have_nothing_to_do_with_each_other(store, staff, manager):
    register(store, staff, attempt_request(store, staff, "key", "print"))
    assert isinstance(attempt_request(store, manager, "key", "another"), Attempt)


def test_while_it_is_under_way_the_same_request_has_to_wait(store, staff):
    attempt_request(store, staff, "key", "print")
    with pytest.raises(StillUnderWay) as refused:
        attempt_request(store, staff, "key", "print")
    assert 0 < refused.value.retry_after <= HOLD.total_seconds()
    with pytest.raises(InvalidInput):
        attempt_request(store, staff, "key", "another")


def test_what_failed_can_be_sent_again_at_once(store, staff):
    attempt_request(store, staff, "key", "print").give_up()
    assert isinstance(attempt_request(store, staff, "key", "print"), Attempt)


def test_giving_up_never_forgets_what_was_done(store, staff):
    attempt = attempt_request(store, staff, "key", "print")
    register(store, staff, attempt)
    attempt.give_up()
    assert isinstance(attempt_request(store, staff, "key", "print"), KeptAnswer)


class Crash(BaseException):
    """The process ends here: nobody gives anything up any more."""


def test_a_crash_before_the_end_leaves_nothing_and_the_retry_does_it_once(store, staff, monkeypatch):
    with pytest.raises(Crash):
        register(store, staff, attempt_request(store, staff, "key", "print"), crash=Crash())
    assert how_many(store) == 0
    with pytest.raises(StillUnderWay):
        attempt_request(store, staff, "key", "print")
    later(monkeypatch, HOLD + timedelta(seconds=1))
    register(store, staff, attempt_request(store, staff, "key", "print"))
    assert isinstance(attempt_request(store, staff, "key", "print"), KeptAnswer)
    assert how_many(store) == 1


def test_an_attempt_that_was_given_up_for_dead_cannot_be_finished(store, staff, monkeypatch):
    first = attempt_request(store, staff, "key", "print")
    later(monkeypatch, HOLD + timedelta(seconds=1))
    second = attempt_request(store, staff, "key", "print")
    with pytest.raises(Conflict):
        register(store, staff, first)
    assert how_many(store) == 0
    first.give_up()
    register(store, staff, second)
    assert how_many(store) == 1


def test_work_that_goes_on_is_not_given_up_for_dead(store, staff, monkeypatch):
    attempt = attempt_request(store, staff, "key", "print")
    later(monkeypatch, HOLD - timedelta(seconds=1))
    attempt.hold()
    later(monkeypatch, 2 * HOLD - timedelta(seconds=2))
    with pytest.raises(StillUnderWay):
        attempt_request(store, staff, "key", "print")


def test_a_key_is_free_again_after_a_day(store, staff, monkeypatch):
    register(store, staff, attempt_request(store, staff, "key", "print"))
    later(monkeypatch, LIFETIME + timedelta(seconds=1))
    assert isinstance(attempt_request(store, staff, "key", "another"), Attempt)


def test_without_a_database_giving_up_is_no_second_failure(store, staff):
    attempt = attempt_request(store, staff, "key", "print")
    store.connection.close()
    attempt.give_up()
    with pytest.raises(DatabaseUnavailable):
        attempt_request(store, staff, "key", "print")


def test_an_erased_person_is_erased_from_kept_answers_and_the_request_stays_done(store, staff, manager):
    created = register(store, staff, attempt_request(store, staff, "key", "print"))
    erase_person(store, manager, created.id)
    assert ANSWER.content not in str(list(store.connection.database["requests"].find()))
    with pytest.raises(Conflict, match="erased"):
        attempt_request(store, staff, "key", "print")


def test_what_was_under_way_during_an_erasure_is_erased_soon_after_it(store, staff, manager):
    created = create_customer(store, staff, DRAFT)
    alias = erase_person(store, manager, created.id)
    attempt_request(store, staff, "key", "print").keep(ANSWER.model_copy(update={"customers": [created.id]}))
    run = new_run(staff, "bulk-membership", {}, 1)
    store.runs.insert(run)
    skipped = RunException(
        customer=created.id,
        customer_id=created.customer_id,
        outcome="skipped",
        reason="was changed by someone meanwhile",
    )
    store.runs.advance(run.id, changed=0, at=now(), exceptions=[skipped])
    assert finish_erasures(store) == 1
    assert ANSWER.content not in str(list(store.connection.database["requests"].find()))
    assert [each.customer_id for each in store.runs.get(run.id).exceptions] == [alias]


def test_many_at_once_do_it_once(store, staff):
    barrier = threading.Barrier(6)
    outcomes = []

    def send():
        barrier.wait()
        try:
            attempt = attempt_request(store, staff, "key", "print")
            if isinstance(attempt, Attempt):
                register(store, staff, attempt)
                outcomes.append("done")
            else:
                outcomes.append("told")
        except StillUnderWay:
            outcomes.append("waits")

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6
    assert outcomes.count("done") == 1
    assert how_many(store) == 1


def test_a_request_whose_process_is_gone_is_done_again_at_once(store, staff, monkeypatch):
    with subprocess.Popen(
        [sys.executable, "-c", f"{_THIS_PROCESS}; print(this_process())"], stdout=PIPE, cwd=ROOT
    ) as gone:
        mark = gone.communicate()[0].decode().strip()
    monkeypatch.setattr(requests, "this_process", lambda: mark)
    assert isinstance(attempt_request(store, staff, "key", "print"), Attempt)
    monkeypatch.undo()
    assert isinstance(attempt_request(store, staff, "key", "print"), Attempt)
    with pytest.raises(StillUnderWay):
        attempt_request(store, staff, "key", "print")
