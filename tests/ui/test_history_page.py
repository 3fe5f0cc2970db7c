"""The history page: what is listed and filtered, and undoing one change, for every role."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.history.trash import erase_person
from kinso.services.history.undo import revert_change
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.samples import load_samples
from tests.ui.customers_page import button_keys, press, texts


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)
    return create_customer(store, staff, draft)


@pytest.fixture
def bea(store, manager):
    draft = CustomerDraft(customer_id="B-1", customer_name="Bea", contact_info="bea@shop.com", purchase_amount=5)
    return create_customer(store, manager, draft)


def changes(store, **query):
    """What is stored, the latest first."""
    found = list(store.connection.database["changes"].find(query).sort("_id", -1))
    return [store.changes.get(str(document["_id"])) for document in found]


def shown(page):
    """What the list says about each change, top down."""
    return [text.value.replace("\u2068", "").replace("\u2069", "") for text in page.text]


def rows(page, store):
    """The kinds of the changes that are listed, top down."""
    keys = [key.removeprefix("change_") for key in _containers(page)]
    return [(store.changes.get(id).kind, store.changes.get(id).customer_id) for id in keys]


def _containers(page):
    found = []

    def look(block):
        for child in block.children.values():
            key = getattr(getattr(child, "proto", None), "id", "")
            if "change_" in key:
                found.append(key[key.index("change_") :])
            if hasattr(child, "children"):
                look(child)

    look(page.main)
    return found


def ask(page, change):
    return press(page, f"undo_{change.id}")


def test_everyone_reads_who_changed_what_from_what_to_what(open_page, store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Ada Byron", purchase_amount=7))
    page = open_page("history", Role.ANALYST)
    assert shown(page) == [
        "Customer name: Ada → Ada Byron; Total spent: $100.00 → $7.00",
        "Registered: Ada, ada@shop.com, $100.00, Non-member",
    ]
    said = texts(page).replace("\\", "")
    assert "Ada Byron" in said
    assert "A-1" in said
    assert "Staff Person · App" in said
    assert "1–2 of 2 changes, newest first" in said


def test_each_kind_of_change_is_told(open_page, store, staff, manager, ada, bea):
    set_membership(store, staff, ada.id, membership_status=True)
    delete_customer(store, manager, bea.id)
    erase_person(store, manager, bea.id)
    assert shown(open_page("history"))[:3] == [
        "Erased",
        "Deleted: (erased), (erased), $5.00, Non-member",
        "Membership: Non-member → Member",
    ]


def test_times_are_those_of_the_shop(open_page, store, ada):
    shop = ShopSettings(time_zone="Asia/Dhaka")
    store.shop.save(shop)
    local = changes(store)[0].at.astimezone(shop.zone)
    assert f"{local:%H:%M}" in texts(open_page("history")).replace("\\", "")


def test_a_rule_gives_its_reason_and_leads_to_its_run(open_page, store, staff, ada, bea):
    run = activate_at_threshold(store, staff, 50)
    page = open_page("history")
    assert "Purchase amount at or above 50.00" in texts(page).replace("\\", "")
    press(page, f"only_run_{changes(store)[0].id}")
    assert rows(page, store) == [("membership", "A-1")]
    assert page.query_params["run"] == run.id
    assert page.selectbox(key="history_run").value == run.id


def test_markup_in_names_is_shown_as_it_was_typed(open_page, store, staff):
    nasty = "<b>Ann</b> *Lee* [x](http://y) $5"
    person = staff.model_copy(update={"name": nasty})
    draft = CustomerDraft(customer_id="*A-1*", customer_name=nasty, contact_info="ann@shop.com")
    customer = create_customer(store, person, draft)
    update_customer(store, person, customer.id, CustomerPatch(contact_info=nasty))
    page = open_page("history", of=customer.id)
    assert f"Contact: ann@shop.com → {nasty}" in shown(page)
    marked = [markdown.value for markdown in page.markdown] + [page.button(key="history_all_customers").label]
    assert not [text for text in marked if any(part in text for part in ("<b>", "*Lee*", "[x](", "*A-1*"))]
    assert page.selectbox(key="person").options == [nasty]
    ask(page, changes(store)[0])
    assert all("<b>" not in caption.value for caption in page.caption)


def test_nothing_recorded_yet_is_said(open_page, store):
    page = open_page("history")
    assert "Nothing has happened yet" in texts(page)
    assert "history_clear" not in button_keys(page)


class TestFilters:
    def test_a_person(self, open_page, store, manager, ada, bea):
        page = open_page("history")
        page.selectbox(key="person").set_value(manager.name).run()
        assert rows(page, store) == [("create", "B-1")]

    def test_a_customer_id_in_any_letter_case(self, open_page, store, ada, bea):
        page = open_page("history")
        page.text_input(key="customer").set_value(" a-1 ").run()
        assert rows(page, store) == [("create", "A-1")]

    def test_a_kind(self, open_page, store, staff, ada, bea):
        set_membership(store, staff, ada.id, membership_status=True)
        page = open_page("history")
        page.selectbox(key="kind").set_value("Membership changed").run()
        assert rows(page, store) == [("membership", "A-1")]

    def test_days_begin_and_end_in_the_zone_of_the_shop(self, open_page, store, ada, bea):
        shop = ShopSettings(time_zone="Asia/Dhaka")
        store.shop.save(shop)
        late, early = datetime(2026, 3, 9, 18, 0, tzinfo=UTC), datetime(2026, 3, 9, 17, 59, tzinfo=UTC)
        for customer, at in ((ada, late), (bea, early)):
            store.connection.database["changes"].update_one({"customer": customer.id}, {"$set": {"at": at}})
        page = open_page("history")
        page.date_input(key="from").set_value(datetime(2026, 3, 10, tzinfo=UTC).date()).run()
        assert rows(page, store) == [("create", "A-1")]
        page.date_input(key="from").set_value(None)
        page.date_input(key="until").set_value(datetime(2026, 3, 9, tzinfo=UTC).date()).run()
        assert rows(page, store) == [("create", "B-1")]

    def test_days_in_the_wrong_order_are_pointed_out(self, open_page, ada):
        page = open_page("history")
        page.date_input(key="from").set_value(now().date())
        page.date_input(key="until").set_value(now().date() - timedelta(days=1)).run()
        assert "“From” is later than “Until”" in texts(page)
        assert "No such change" in texts(page)

    def test_a_run(self, open_page, store, staff, ada, bea):
        run = activate_at_threshold(store, staff, 50)
        page = open_page("history")
        page.selectbox(key="history_run").set_value(run.id).run()
        assert rows(page, store) == [("membership", "A-1")]
        page.selectbox(key="history_run").set_value(None).run()
        assert len(rows(page, store)) == 3

    def test_the_address_sets_them(self, open_page, store, staff, manager, ada, bea):
        run = activate_at_threshold(store, staff, 3)
        page = open_page("history", person=staff.name, kind="Membership changed", customer="B-1", run=run.id)
        assert rows(page, store) == [("membership", "B-1")]

    def test_an_unknown_run_in_the_address_finds_nothing(self, open_page, ada):
        page = open_page("history", run="0" * 24)
        assert "No such change" in texts(page)

    def test_one_customer_is_followed_through_other_ids_and_let_go_again(self, open_page, store, staff, ada, bea):
        update_customer(store, staff, ada.id, CustomerPatch(customer_id="A-2"))
        page = open_page("history", of=ada.id)
        assert rows(page, store) == [("edit", "A-2"), ("create", "A-1")]
        press(page, "history_all_customers")
        assert len(rows(page, store)) == 3

    def test_a_link_is_not_narrowed_by_what_was_chosen_before(self, open_page, store, ada, bea):
        page = open_page("history")
        page.selectbox(key="kind").set_value("Deleted").run()
        assert "No such change" in texts(page)
        page.query_params.clear()
        page.query_params["of"] = ada.id
        assert rows(page.run(), store) == [("create", "A-1")]
        assert page.selectbox(key="kind").value is None

    def test_a_deleted_customer_can_still_be_followed(self, open_page, store, manager, ada, bea):
        delete_customer(store, manager, ada.id)
        page = open_page("history", of=ada.id)
        assert rows(page, store) == [("delete", "A-1"), ("create", "A-1")]
        assert "deleted now" in page.button(key="history_all_customers").label

    def test_clearing_them_shows_everything(self, open_page, store, ada, bea):
        page = open_page("history", customer="nobody", of=ada.id)
        assert "No such change" in texts(page)
        press(page, "history_clear")
        assert len(rows(page, store)) == 2

    @pytest.mark.parametrize("page", ["99", "0", "-1", "many", "²", "9" * 40])
    def test_a_page_that_is_none_shows_one_that_is(self, open_page, store, staff, ada, page):
        for amount in range(30):
            update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=amount))
        assert "25 of 31 changes" in texts(open_page("history", history_page=page))

    def test_long_histories_have_pages_and_a_filter_begins_at_the_first(self, open_page, store, staff, ada):
        for amount in range(30):
            update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=amount))
        page = open_page("history", history_page="2")
        assert "26–31 of 31 changes" in texts(page)
        page.selectbox(key="kind").set_value("Edited").run()
        assert "1–25 of 30 changes" in texts(page)


class TestDownload:
    def test_it_is_what_is_filtered(self, open_page, store, staff, ada):
        page = open_page("history", Role.ANALYST, person=staff.name, kind="Registered", customer="A-1")
        page.date_input(key="from").set_value(now().date()).run()
        (link,) = [html.value for html in page.html if "/download/history.csv" in html.value]
        for part in ("customerId=A-1", "byName=Staff+Person", "kind=create", f"since={now().date()}T00%3A00%3A00Z"):
            assert part in link

    def test_it_is_offered_only_to_those_who_may(self, open_page, ada, monkeypatch):
        monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.EXPORT})
        page = open_page("history", Role.STAFF)
        assert not [html for html in page.html if "/download/" in html.value]


class TestUndoing:
    def test_is_asked_with_old_and_new_and_done_as_a_new_change(self, open_page, store, staff, ada, toasts):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea", purchase_amount=5))
        page = open_page("history", Role.STAFF)
        change = changes(store)[0]
        ask(page, change)
        assert {"Ada → Bea", "$100.00 → $5.00"} <= set(shown(page))
        assert store.customers.get(ada.id).customer_name == "Bea"
        press(page, "undoing_confirm")
        assert not page.exception
        stored = store.customers.get(ada.id)
        assert (stored.customer_name, stored.purchase_amount) == ("Ada", Decimal("100.00"))
        assert changes(store)[0].undoes == change.id
        assert "A-1" in toasts(page)[0].replace("\\", "")
        assert "was undone" in toasts(page)[0]
        assert "Undoes an earlier change" in texts(page)
        assert "undoing_confirm" not in button_keys(page)

    def test_is_not_offered_for_what_was_undone_until_it_is_brought_back(self, open_page, store, staff, ada):
        sale = record_sale(store, staff, ada.id, PurchaseDraft(amount=Decimal(5))).entry
        record = revert_change(store, staff, sale.change)
        page = open_page("history", Role.STAFF)
        assert f"undo_{sale.change}" not in button_keys(page)
        assert [caption.value for caption in page.caption].count("Undone") == 1
        press(ask(page, record), "undoing_confirm")
        assert f"undo_{record.id}" not in button_keys(page)
        assert f"undo_{sale.change}" in button_keys(page)

    def test_keeping_changes_nothing(self, open_page, store, ada):
        page = ask(open_page("history", Role.MANAGER), changes(store)[0])
        press(page, "undoing_keep")
        assert "undoing_confirm" not in button_keys(page)
        assert len(changes(store)) == 1

    def test_what_somebody_built_on_is_refused_with_the_reason(self, open_page, store, staff, ada):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        change = changes(store)[0]
        page = ask(open_page("history", Role.STAFF), change)
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Cara"))
        press(page, "undoing_confirm")
        assert "customer A-1 customer name changed again since" in page.error[0].value.replace("\\", "")
        assert "undoing_confirm" not in button_keys(page)
        assert store.customers.get(ada.id).customer_name == "Cara"
        press(page, "undoing_keep")
        assert not page.error

    def test_a_deleted_customer_comes_back_and_a_registered_one_goes_to_the_trash(self, open_page, store, manager, ada):
        delete_customer(store, manager, ada.id)
        page = ask(open_page("history", Role.MANAGER), changes(store)[0])
        assert "back from the trash" in texts(page)
        press(page, "undoing_confirm")
        assert store.customers.get(ada.id).customer_name == "Ada"
        ask(page, changes(store)[0])
        assert "moves the customer to the trash" in texts(page)
        press(page, "undoing_confirm")
        assert store.customers.get(ada.id) is None
        assert store.trash.count() == 1

    @pytest.mark.parametrize(
        ("role", "kinds"),
        [
            (Role.ANALYST, set()),
            (Role.STAFF, {"edit", "membership"}),
            (Role.MANAGER, {"create", "edit", "membership", "delete"}),
            (Role.ADMIN, {"create", "edit", "membership", "delete"}),
        ],
    )
    def test_is_offered_as_the_role_allows(self, open_page, store, staff, manager, ada, bea, role, kinds):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        set_membership(store, staff, ada.id, membership_status=True)
        delete_customer(store, manager, bea.id)
        keys = button_keys(open_page("history", role))
        assert {change.kind for change in changes(store) if f"undo_{change.id}" in keys} == kinds

    def test_of_whom_is_deleted_only_the_deletion_can_be_undone(self, open_page, store, staff, manager, ada):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        delete_customer(store, manager, ada.id)
        deletion, *_ = changes(store)
        offered = [key for key in button_keys(open_page("history")) if key.startswith("undo_")]
        assert offered == [f"undo_{deletion.id}"]

    def test_what_was_removed_with_an_unfinished_run_cannot_be_brought_back(self, open_page, store, manager):
        def stop(done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            load_samples(store, manager, 3, stop)
        page = open_page("history")
        assert len([change for change in changes(store) if change.kind == "delete"]) == 3
        assert not [key for key in button_keys(page) if key.startswith("undo_")]
        assert "The bulk change was not finished" in texts(page)

    def test_an_erasure_is_for_good(self, open_page, store, manager, ada):
        erase_person(store, manager, ada.id)
        keys = button_keys(open_page("history", Role.ADMIN))
        assert f"undo_{changes(store, kind='erase')[0].id}" not in keys

    def test_a_role_taken_away_meanwhile_takes_nothing_back(self, open_page, store, staff, ada):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        page = ask(open_page("history", Role.STAFF), changes(store)[0])
        (user,) = store.users.all()
        store.users.update(user.id, role=Role.ANALYST.value)
        press(page, "undoing_confirm")
        assert "does not allow" in page.error[0].value
        assert store.customers.get(ada.id).customer_name == "Bea"


class TestErasing:
    @pytest.mark.parametrize(("role", "offered"), [(Role.STAFF, False), (Role.MANAGER, True)])
    def test_is_offered_for_deleted_customers_as_the_role_allows(
        self, open_page, store, manager, ada, bea, role, offered
    ):
        delete_customer(store, manager, ada.id)
        keys = [key for key in button_keys(open_page("history", role)) if key.startswith("erase_")]
        assert keys == ([f"erase_{changes(store, kind='delete')[0].id}"] if offered else [])

    def test_whom_only_the_history_tells_of_is_erased_after_the_id_was_typed(self, open_page, store, manager, ada):
        delete_customer(store, manager, ada.id)
        store.trash.empty(deleted_before=now() + timedelta(seconds=1))
        page = press(open_page("history"), f"erase_{changes(store)[0].id}")
        press(page, "erasure_confirm")
        assert "This is not the customer ID" in texts(page)
        [field] = [field for field in page.text_input if field.key.startswith("erasure_")]
        field.set_value("a-1")
        press(page, "erasure_confirm")
        assert not page.exception
        assert shown(page) == [
            "Erased",
            "Deleted: (erased), (erased), $100.00, Non-member",
            "Registered: (erased), (erased), $100.00, Non-member",
        ]
        assert not [key for key in button_keys(page) if key.startswith("erase_")]

    def test_keeping_erases_nobody(self, open_page, store, manager, ada):
        delete_customer(store, manager, ada.id)
        press(press(open_page("history"), f"erase_{changes(store)[0].id}"), "erasure_keep")
        assert changes(store)[0].customer_id == "A-1"
