"""Every kind of run has the same panel: it is found again after a look at another page, and its report leads back."""

from decimal import Decimal
from threading import Event

import pytest

from kinso.models.accounts import Role
from kinso.ui.job import Job
from tests.ui.customers_page import act, bulk_of, button_keys, press, shown


@pytest.fixture
def shop_of_three(add_customer):
    for number in range(3):
        add_customer(f"N-{number}", purchase_amount=Decimal(2000))


@pytest.fixture
def waiting():
    """Work that goes on until it is let go, and then has advanced by one."""
    go_on = Event()

    def work(on_progress):
        assert go_on.wait(30)
        on_progress(1, 10)
        return "All is done."

    yield Job("Waiting", work), go_on
    go_on.set()


def members(store):
    return store.figures.totals()[True][0]


def ended(page):
    """The page when nothing that it shows is under way."""
    while page.get("progress"):
        page.run()
    assert not page.exception
    return page


def at(page, name):
    return page.switch_page(f"../../pages/{name}.py").run()


def activated(page):
    return ended(press(press(page, "activate"), "activation_confirm"))


@pytest.mark.parametrize(("panel", "name"), [("activation", "membership"), ("undo", "imports"), ("bulk", "customers")])
def test_a_run_that_goes_on_is_found_again_and_stopped(open_page, shop_of_three, waiting, panel, name):
    page, (job, go_on) = open_page(name, Role.MANAGER), waiting
    page.session_state["run_panels"][panel].job = job
    assert at(page.run(), name).get("progress")
    assert not at(page, "trash").get("progress")

    press(at(page, name), "stop_Waiting")
    go_on.set()

    assert [error.value for error in ended(page.run()).error] == ["Stopped as you asked; what was done is undone\\."]


def test_what_ended_on_another_page_is_reported_once(open_page, shop_of_three, waiting, toasts):
    page, (job, go_on) = open_page("membership", Role.MANAGER), waiting
    page.session_state["run_panels"]["activation"].job = job
    at(page.run(), "history")
    go_on.set()
    assert job.has_ended(within=10)

    assert [success.value for success in at(page, "membership").success] == ["All is done\\."]
    assert toasts(page) == ["All is done\\."]

    at(page, "history")
    assert not at(page, "membership").success


def test_the_report_of_an_activation_takes_it_back_and_goes(open_page, store, shop_of_three):
    page = activated(open_page("membership", Role.MANAGER))
    (run,) = store.runs.recent(limit=5)
    assert members(store) == 3

    ended(press(press(page, f"report_undo_{run.id}"), "undo_confirm"))

    assert members(store) == 0
    assert [success.value.replace("\\", "").split(" · ")[0] for success in page.success] == ["Undone 3"]


def test_the_report_of_a_bulk_change_takes_it_back_in_the_list(open_page, store, shop_of_three):
    page = act(open_page("customers", Role.MANAGER), "members")
    ended(press(page, "bulk_confirm"))
    (run,) = store.runs.recent(limit=5)
    assert shown(page, "membershipStatus") == [True] * 3

    ended(press(press(page, f"report_undo_{run.id}"), "undo_confirm"))

    assert members(store) == 0
    assert shown(page, "membershipStatus") == [False] * 3
    assert bulk_of(page).ended is None


def test_those_who_may_not_undo_see_the_report_alone(open_page, store, shop_of_three):
    page = activated(open_page("membership", Role.STAFF))
    assert page.success
    assert not any("undo_" in key for key in button_keys(page))
