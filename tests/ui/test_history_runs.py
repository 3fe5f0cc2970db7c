"""Recent bulk changes on the membership page: what they tell, undoing them, undoing that; and members of the past."""

import json
import time
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerPatch
from kinso.models.history import Run, RunException
from kinso.models.shop import ShopSettings
from kinso.repository.documents import new_id, now
from kinso.services.customers.editing import delete_customer, set_membership, update_customer
from kinso.services.history.runs import new_run
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import activate_at_threshold, plan_activation
from kinso.ui.history.words import undo_in_words
from tests.ui.customers_page import button_keys, press, texts


@pytest.fixture
def shop_of_four(add_customer):
    """Non-members who spent 10, 1,000, 2,000 and 3,000."""
    amounts = (10, 1000, 2000, 3000)
    return [
        add_customer(f"N-{place}", purchase_amount=Decimal(amount)) for place, amount in enumerate(amounts, start=1)
    ]


def finished(page):
    """The page when nothing that it started is under way any more."""
    deadline = time.monotonic() + 20
    while page.progress and time.monotonic() < deadline:
        page.run()
    assert not page.exception
    return page


def opened(page, run):
    page.session_state[f"run_{run.id}"] = True
    return page.run()


def said(page):
    return texts(page).replace("\\", "").replace("\u2068", "").replace("\u2069", "")


def table(page, alt):
    return next((frame.value for frame in page.dataframe if frame.proto.alt == alt), None)


def undo(page, run):
    press(opened(page, run), f"undo_{run.id}")
    return finished(press(page, "undo_confirm"))


def members(store):
    return store.figures.totals()[True][0]


class TestRuns:
    def test_an_opened_run_tells_who_when_how_and_leads_to_its_changes(self, open_page, store, staff, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        page = opened(open_page("membership", Role.ANALYST), run)
        assert "in the app by Staff Person" in said(page)
        assert "3 customers changed:" in said(page)
        (link,) = [link for link in page.page_link if link.label == "Its changes in the history"]
        assert link.proto.query_string == f"run={run.id}"

    def test_those_left_alone_are_listed_with_the_reason(self, open_page, store, staff, manager, shop_of_four):
        plan = plan_activation(store, staff, 1000)
        delete_customer(store, manager, shop_of_four[1].id)
        update_customer(store, manager, shop_of_four[2].id, CustomerPatch(purchase_amount=5))
        run = activate_at_threshold(store, staff, 1000, plan=plan)
        left = table(opened(open_page("membership", Role.STAFF), run), "Customers left as they are")
        told = {tuple(row) for row in left.to_numpy().tolist()}
        assert told == {
            ("(deleted)", "Skipped", "was deleted meanwhile"),
            ("N-3", "Skipped", "was changed by someone meanwhile"),
        }

    def test_a_run_that_left_more_alone_than_it_names_says_so(self, open_page, store, staff):
        one = RunException(customer=new_id(), customer_id="X-1", outcome="kept", reason="was edited since")
        run = a_run(staff, exception_count=3456, exceptions=[one])
        store.runs.insert(run)
        assert "The first 1 of 3,456 customers left as they are:" in said(opened(open_page("membership"), run))

    def test_a_run_that_was_undone_says_by_whom(self, open_page, store, staff, manager, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        undo_run(store, manager, run.id)
        page = opened(open_page("membership"), run)
        assert "done and undone later" in page.expander(key=f"run_{run.id}").label.replace("\\", "")
        assert "Undone by Manager Person" in said(page)
        assert f"undo_{run.id}" not in button_keys(page)


class TestUndo:
    @pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
    def test_is_asked_with_the_number_of_customers_and_takes_all_back(
        self, open_page, store, staff, shop_of_four, toasts, role
    ):
        run = activate_at_threshold(store, staff, 1000)
        page = opened(open_page("membership", role), run)
        press(page, f"undo_{run.id}")
        assert "**3 customers**" in said(page)
        assert "Activation at the threshold of $1,000.00" in said(page)
        assert page.button(key="undo_confirm").label == "Undo for 3 customers"
        assert members(store) == 3
        finished(press(page, "undo_confirm"))
        assert members(store) == 0
        assert page.success[0].value.replace("\\", "") == "Undone 3 · kept 0 because changed since · failed 0"
        assert any("Undone 3" in toast for toast in toasts(page))
        assert page.metric[0].value == "0"
        latest = store.runs.recent(limit=1)[0]
        assert (latest.kind, latest.changed) == ("undo", 3)
        assert store.runs.get(run.id).undone_by == latest.id

    def test_is_reported_until_the_page_is_left(self, open_page, store, staff, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        page = undo(open_page("membership", Role.MANAGER), run)
        assert page.run().success
        page.switch_page("../../pages/history.py").run()
        page.switch_page("../../pages/membership.py").run()
        assert not page.success

    def test_of_an_undo_brings_everything_back(self, open_page, store, staff, manager, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        first = undo_run(store, manager, run.id)
        page = open_page("membership", Role.MANAGER)
        assert "Undo of an activation" in opened(page, first).expander(key=f"run_{first.id}").label
        assert page.button(key=f"undo_{first.id}").label == "Undo this undo"
        undo(page, first)
        assert members(store) == 3
        assert store.runs.get(run.id).undone_by is None

    def test_reports_what_was_kept_and_why(self, open_page, store, staff, manager, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        set_membership(store, manager, shop_of_four[3].id, membership_status=False)
        page = undo(open_page("membership", Role.MANAGER), run)
        assert "Undone 2 · kept 1 because changed since · failed 0" in page.success[0].value.replace("\\", "")
        latest = store.runs.recent(limit=1)[0]
        left = table(opened(page, latest), "Customers left as they are")
        assert left.to_numpy().tolist() == [["N-4", "Kept", "membership changed again since"]]

    def test_says_that_nothing_was_undone_when_a_colleague_was_quicker(
        self, open_page, store, staff, manager, shop_of_four
    ):
        run = activate_at_threshold(store, staff, 1000)
        page = press(opened(open_page("membership", Role.MANAGER), run), f"undo_{run.id}")
        undo_run(store, manager, run.id)
        finished(press(page, "undo_confirm"))
        assert "This bulk change was undone already" in page.error[0].value
        assert members(store) == 0

    def test_kept_leaves_everything(self, open_page, store, staff, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        page = press(opened(open_page("membership", Role.MANAGER), run), f"undo_{run.id}")
        press(page, "undo_keep")
        assert "undo_confirm" not in button_keys(page)
        assert members(store) == 3

    @pytest.mark.parametrize("role", [Role.ANALYST, Role.STAFF])
    def test_is_not_offered_to_others(self, open_page, store, staff, shop_of_four, role):
        run = activate_at_threshold(store, staff, 1000)
        assert f"undo_{run.id}" not in button_keys(opened(open_page("membership", role), run))

    def test_is_refused_to_a_role_that_was_taken_away_meanwhile(self, open_page, store, staff, shop_of_four):
        run = activate_at_threshold(store, staff, 1000)
        page = press(opened(open_page("membership", Role.MANAGER), run), f"undo_{run.id}")
        (user,) = store.users.all()
        store.users.update(user.id, role=Role.STAFF.value)
        finished(press(page, "undo_confirm"))
        assert "does not allow" in page.error[0].value
        assert members(store) == 3

    @pytest.mark.parametrize("fields", [{"status": "running"}, {"status": "rolled-back"}, {"changed": 0}])
    def test_is_not_offered_where_there_is_nothing_to_undo(self, open_page, store, staff, fields):
        run = a_run(staff, **fields)
        store.runs.insert(run)
        assert f"undo_{run.id}" not in button_keys(opened(open_page("membership"), run))


def a_run(actor, **fields):
    values = {
        "id": new_id(),
        "kind": "undo",
        "status": "done",
        "by_id": actor.user_id,
        "by_name": actor.name,
        "source": "app",
        "parameters": {"undoes": new_id(), "kind": "import"},
        "matched": 5000,
        "changed": 34,
        "started_at": now(),
        "heartbeat_at": now(),
    }
    return Run(**(values | fields))


def test_the_report_does_not_guess_what_a_run_does_not_name(staff):
    one = RunException(customer=new_id(), customer_id="X-1", outcome="kept", reason="was edited since")
    named = a_run(staff, exception_count=1, exceptions=[one])
    assert undo_in_words(named) == "Undone 34 · kept 1 because changed since · failed 0"
    most = a_run(staff, exception_count=2000, exceptions=[one])
    assert undo_in_words(most).startswith("Undone 34 · left 2,000 as they are")


class TestMembersOfThePast:
    @pytest.fixture
    def past(self, store, staff, manager, shop_of_four):
        """One and Two became members on 1 and 2 March in Dhaka, Two ceased on 3 March; Three is one since then."""
        zone = ShopSettings(time_zone="Asia/Dhaka").zone
        store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
        one, two, three, _ = shop_of_four
        spans = [(one, (2026, 3, 1, 23), None), (two, (2026, 3, 2, 0), (2026, 3, 3, 12)), (three, (2026, 3, 3), None)]
        for customer, begin, end in spans:
            set_membership(store, staff, customer.id, membership_status=True)
            if end:
                set_membership(store, staff, customer.id, membership_status=False)
            dates = {"from": datetime(*begin, tzinfo=zone), "to": datetime(*end, tzinfo=zone) if end else None}
            store.connection.database["memberships"].update_one({"customer": customer.id}, {"$set": dates})
        return shop_of_four

    @pytest.mark.parametrize(
        ("day", "count", "listed"),
        [
            ("2026-02-28", "0 customers", []),
            ("2026-03-01", "1 customer", ["N-1"]),
            ("2026-03-02", "2 customers", ["N-2", "N-1"]),
            ("2026-03-03", "2 customers", ["N-3", "N-1"]),
        ],
    )
    def test_are_those_at_the_end_of_the_day_in_the_zone_of_the_shop(self, open_page, past, day, count, listed):
        page = open_page("membership", Role.ANALYST)
        page.session_state["members_at"] = True
        page.run()
        page.date_input(key="members_at_day").set_value(date.fromisoformat(day)).run()
        assert f"**{count}**" in said(page)
        shown = table(page, "Members then")
        assert (list(shown["Customer ID"]) if shown is not None else []) == listed

    def test_are_counted_and_not_listed_when_they_are_deleted_now(self, open_page, store, manager, past):
        delete_customer(store, manager, past[0].id)
        page = open_page("membership", Role.ANALYST)
        page.session_state["members_at"] = True
        page.run()
        page.date_input(key="members_at_day").set_value(date(2026, 3, 2)).run()
        assert "**2 customers** were members" in said(page)
        assert list(table(page, "Members then")["Customer ID"]) == ["N-2"]
        assert "who are not deleted now" in said(page)

    def test_are_drawn_over_the_months(self, open_page, store, staff, shop_of_four):
        begun = now().replace(day=1) - timedelta(days=40)
        set_membership(store, staff, shop_of_four[0].id, membership_status=True)
        store.connection.database["memberships"].update_one({}, {"$set": {"from": begun}})
        set_membership(store, staff, shop_of_four[1].id, membership_status=True)
        (chart,) = [
            json.loads(chart.proto.spec)
            for chart in open_page("overview").get("plotly_chart")
            if chart.proto.alt.startswith("Members at the end of each")
        ]
        assert chart["data"][0]["y"][-4:] == [0, 1, 1, 2]
        assert len(chart["data"][0]["x"]) == 12


class TestStopping:
    @pytest.fixture
    def run(self, store, manager):
        run = new_run(manager, "bulk-membership", {"membershipStatus": True}, 9000)
        store.runs.insert(run)
        return run

    @pytest.mark.parametrize(("role", "offered"), [(Role.MANAGER, True), (Role.STAFF, False)])
    def test_a_run_of_somebody_else_is_stopped_by_those_who_may_undo(self, open_page, store, run, role, offered):
        page = opened(open_page("membership", role), run)
        assert (f"stop_{run.id}" in button_keys(page)) is offered
        if offered:
            press(page, f"stop_{run.id}")
            assert not page.exception
            assert not store.runs.advance(run.id, changed=1, at=now())

    def test_a_run_that_has_ended_meanwhile_is_not_stopped(self, open_page, store, toasts, run):
        page = opened(open_page("membership", Role.MANAGER), run)
        store.runs.finish(run.id, now())
        press(page, f"stop_{run.id}")
        assert toasts(page) == ["This bulk change has ended already; look at the list again."]
