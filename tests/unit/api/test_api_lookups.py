import asyncio
import threading

import pytest

from kinso.api.callers import SharedLookups


class Register:
    """Answers with what it holds when it is asked, once it is let go."""

    def __init__(self):
        self.value = "before"
        self.asked = []
        self.may_answer = threading.Semaphore(0)
        self.under_way = threading.Semaphore(0)

    def look_up(self, key, wanted):
        found = self.value
        self.asked.append((key, *sorted(wanted)))
        self.under_way.release()
        assert self.may_answer.acquire(timeout=10)
        if found == "nobody":
            raise LookupError(key)
        return found

    async def until_asked(self):
        assert await asyncio.to_thread(self.under_way.acquire, timeout=10)


@pytest.fixture
def register():
    return Register()


def ask(find, key="ada"):
    return asyncio.ensure_future(find(key))


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_those_who_ask_at_the_same_time_share_one_look_up(register):
    async def story():
        find = SharedLookups(register.look_up)
        register.may_answer.release()
        return await asyncio.gather(*(find("ada") for _ in range(20)))

    assert asyncio.run(story()) == ["before"] * 20
    assert register.asked == [("ada",)]


def test_nobody_is_told_what_was_true_before_they_asked(register):
    async def story():
        find = SharedLookups(register.look_up)
        early = ask(find)
        await register.until_asked()
        register.value = "after"
        late = [ask(find) for _ in range(20)]
        await settle()
        register.may_answer.release(2)
        return await early, await asyncio.gather(*late)

    assert asyncio.run(story()) == ("before", ["after"] * 20)
    assert register.asked == [("ada",), ("ada",)]


def test_those_who_wait_are_asked_for_together_with_all_that_they_want(register):
    async def story():
        find = SharedLookups(register.look_up)
        first = asyncio.ensure_future(find("ada", "C-1"))
        await register.until_asked()
        others = [asyncio.ensure_future(find("ada", wanted)) for wanted in ("C-2", "C-3", "C-2")]
        await settle()
        register.may_answer.release(2)
        await asyncio.gather(first, *others)

    asyncio.run(story())
    assert register.asked == [("ada", "C-1"), ("ada", "C-2", "C-3")]


def test_every_request_in_turn_is_a_look_up_of_its_own(register):
    async def story():
        find = SharedLookups(register.look_up)
        register.may_answer.release(3)
        return [await find("ada") for _ in range(3)]

    asyncio.run(story())
    assert register.asked == [("ada",)] * 3


def test_other_things_are_looked_up_meanwhile(register):
    async def story():
        find = SharedLookups(register.look_up)
        ada, bea = ask(find, "ada"), ask(find, "bea")
        await register.until_asked()
        await register.until_asked()
        register.may_answer.release(2)
        await asyncio.gather(ada, bea)

    asyncio.run(story())
    assert sorted(register.asked) == [("ada",), ("bea",)]


def test_a_refusal_is_for_those_who_waited_for_it_and_not_for_those_after(register):
    async def story():
        find = SharedLookups(register.look_up)
        register.value = "nobody"
        refused = [ask(find) for _ in range(3)]
        await register.until_asked()
        register.value = "somebody"
        late = ask(find)
        await settle()
        register.may_answer.release(2)
        return [type(outcome) for outcome in await asyncio.gather(*refused, return_exceptions=True)], await late

    assert asyncio.run(story()) == ([LookupError] * 3, "somebody")


def test_one_who_hangs_up_takes_nothing_from_the_others(register, caplog):
    async def story():
        find = SharedLookups(register.look_up)
        register.value = "nobody"
        first, second, third = (ask(find) for _ in range(3))
        await register.until_asked()
        first.cancel()
        gone = ask(find)
        await settle()
        gone.cancel()
        register.may_answer.release(2)
        outcomes = await asyncio.gather(second, third, return_exceptions=True)
        await register.until_asked()
        await settle()
        return [type(outcome) for outcome in outcomes]

    assert asyncio.run(story()) == [LookupError] * 2
    assert caplog.records == []
