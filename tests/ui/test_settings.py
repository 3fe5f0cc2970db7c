"""The settings page: name, currency, time zone and trash of the shop."""

from decimal import Decimal

import pytest

from kinso.errors import InvalidInput
from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services.insights import get_statistics
from kinso.services.shop.settings import save_shop_settings


def save(page):
    return next(button for button in page.button if button.label == "Save settings").click().run()


def words(page):
    return "\n".join(element.value.replace("\\", "") for element in [*page.markdown, *page.caption])


def test_the_present_settings_are_shown(open_page, store):
    store.shop.save(
        ShopSettings(shop_name="Corner", country="BD", currency="BDT", time_zone="Asia/Dhaka", trash_days=7)
    )

    page = open_page("settings", Role.ADMIN)

    assert page.text_input(key="shop_name").value == "Corner"
    assert page.selectbox(key="shop_country").value == "BD"
    assert page.selectbox(key="shop_currency").value == "BDT"
    assert page.selectbox(key="shop_time_zone").value == "Asia/Dhaka"
    assert page.number_input(key="shop_trash_days").value == 7


def test_another_country_changes_by_what_customers_are_found(open_page, store, admin, add_customer):
    add_customer("A-1", contact_info="01711-234567")
    search = CustomerQuery(search="+880 1711-2345")
    assert store.customers.find(search, page=1, limit=5) == []
    page = open_page("settings", Role.ADMIN)
    assert page.selectbox(key="shop_country").value == ""
    page.selectbox(key="shop_country").set_value("BD")
    save(page)
    assert [found.customer_id for found in store.customers.find(search, page=1, limit=5)] == ["A-1"]
    page.run()
    assert "Country: not set → Bangladesh" in page.dataframe[0].value["What"].tolist()


def test_an_unset_country_is_guessed_from_the_numbers(open_page, store, add_customer):
    add_customer("A-1", contact_info="+46 70 174 06 79")
    assert open_page("settings", Role.ADMIN).selectbox(key="shop_country").value == "SE"


def test_currencies_are_offered_with_name_code_and_sign(open_page):
    options = open_page("settings", Role.ADMIN).selectbox(key="shop_currency").options

    assert {"US Dollar (USD, $)", "Bangladeshi Taka (BDT, ৳)", "Euro (EUR, €)", "Swiss Franc (CHF)"} <= set(options)
    assert not any("DEM" in option for option in options)


def test_every_time_zone_is_offered_with_its_offset(open_page):
    options = open_page("settings", Role.ADMIN).selectbox(key="shop_time_zone").options

    assert {"Asia/Dhaka (UTC+06:00)", "UTC (UTC+00:00)", "Asia/Kathmandu (UTC+05:45)"} <= set(options)


def test_saved_settings_are_used_at_once(open_page, store, add_customer, toasts):
    add_customer("A-1", purchase_amount=Decimal(5))
    page = open_page("settings", Role.ADMIN)

    page.text_input(key="shop_name").set_value("Corner Shop")
    page.selectbox(key="shop_currency").set_value("BDT")
    page.selectbox(key="shop_time_zone").set_value("Asia/Dhaka")
    save(page)

    assert toasts(page) == ["Settings saved."]
    expected = ShopSettings(shop_name="Corner Shop", currency="BDT", time_zone="Asia/Dhaka")
    assert store.shop.get() == expected

    page.switch_page("../../pages/membership.py").run()
    page.number_input(key="threshold_amount").set_value(4.0).run()
    assert "৳5.00" in [metric.value for metric in page.metric]


def test_an_empty_name_is_refused_beside_the_field_and_the_rest_stays_typed(open_page, store):
    page = open_page("settings", Role.ADMIN)

    page.text_input(key="shop_name").set_value("  ")
    page.selectbox(key="shop_currency").set_value("EUR")
    save(page)

    assert "Shop name is required." in words(page)
    assert page.selectbox(key="shop_currency").value == "EUR"
    assert store.shop.get() == ShopSettings()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("shop_trash_days", "Days in the trash must be 1 or more."),
        ("shop_backup_days", "Days a backup is kept must be 1 or more."),
    ],
)
def test_a_number_of_days_out_of_range_is_refused_beside_the_field(open_page, store, key, sentence):
    page = open_page("settings", Role.ADMIN)

    page.number_input(key=key).set_value(0)
    save(page)

    assert sentence in words(page)
    assert page.number_input(key=key).value == 0
    assert store.shop.get() == ShopSettings()


def test_a_threshold_that_would_activate_everyone_is_refused(store, admin):
    with pytest.raises(InvalidInput, match="Threshold must be more than 0"):
        save_shop_settings(store, admin, ShopSettings(threshold=Decimal(0)))

    assert store.shop.get().threshold == 1000


def test_a_stored_threshold_of_zero_does_not_break_the_pages(open_page, store, add_customer):
    add_customer("A-1")
    store.shop.save(ShopSettings(threshold=Decimal(0)))

    assert not open_page("settings", Role.ADMIN).exception
    assert open_page("membership", Role.STAFF).number_input(key="threshold_amount").value == 0.01


def test_a_demoted_administrator_saves_nothing(open_page, store):
    page = open_page("settings", Role.ADMIN)
    (me,) = store.users.all()
    store.users.update(me.id, role=Role.MANAGER.value)

    page.text_input(key="shop_name").set_value("Mine")
    save(page)

    assert store.shop.get().shop_name == "Kinso"


def test_a_shop_may_be_called_like_any_part_of_the_navigation(open_page, store):
    store.shop.save(ShopSettings(shop_name="Account"))

    page = open_page("overview", Role.ADMIN)

    assert page.title[0].value == "Overview"
    assert not page.exception


def test_a_currency_that_is_nobodys_any_more_stays_selectable(open_page, store):
    store.shop.save(ShopSettings(currency="DEM"))

    page = open_page("settings", Role.ADMIN)

    assert page.selectbox(key="shop_currency").value == "DEM"
    save(page)
    assert store.shop.get().currency == "DEM"


def test_what_was_changed_and_by_whom_is_told(open_page, store, admin):
    save_shop_settings(store, admin, ShopSettings(shop_name="*Corner*", trash_days=9, threshold=Decimal(5)))

    [told] = [frame.value for frame in open_page("settings", Role.ADMIN).dataframe]

    assert list(told["Who"]) == [admin.name]
    assert list(told["What"]) == ["Shop name: Kinso → *Corner*; Days in the trash: 30 → 9"]


def test_what_others_saved_meanwhile_stays(open_page, store):
    page = open_page("settings", Role.ADMIN)
    store.shop.save(ShopSettings(currency="BDT", threshold=Decimal(750), activate_on_purchase=True, trash_days=9))

    page.text_input(key="shop_name").set_value("Corner Shop")
    save(page)

    assert store.shop.get() == ShopSettings(
        shop_name="Corner Shop", currency="BDT", threshold=Decimal(750), activate_on_purchase=True, trash_days=9
    )


def test_two_settings_can_be_saved_one_after_the_other(open_page, store):
    page = open_page("settings", Role.ADMIN)

    page.text_input(key="shop_name").set_value("Corner Shop")
    page = save(page)
    page.text_input(key="shop_name").set_value("Kinso")
    save(page)

    assert store.shop.get().shop_name == "Kinso"


class TestBackups:
    @pytest.fixture
    def folder(self, tmp_path, application):
        folder = tmp_path / "backups"
        folder.mkdir()
        application.settings = application.settings.model_copy(update={"backup_dir": folder})
        return folder

    def test_one_is_made_at_the_press_of_a_button_and_listed(self, open_page, store, add_customer, folder):
        add_customer("A-1")
        page = open_page("settings", Role.ADMIN)
        assert "There is none yet. The first one is made at 03:00." in words(page)
        page.button(key="back_up_now").click().run()
        until_ended(page)
        (made,) = folder.iterdir()
        told = page.success[0].value.replace("\\", "")
        assert told.startswith(f"{made.name} holds everything as of")
        assert told.endswith(" 1 customer.")
        assert page.dataframe[0].value["File"].tolist() == [made.name]

    def test_why_there_is_none_is_told_here_and_on_the_overview_to_administrators(
        self, open_page, store, add_customer, folder
    ):
        add_customer("A-1")
        store.backups.note_problem(now(), "The disk is full.")
        for name in ("settings", "overview"):
            told = open_page(name, Role.ADMIN).error[0].value.replace("\\", "")
            assert "failed. The disk is full. There is none yet." in told
        assert not open_page("overview", Role.MANAGER).error

    def test_without_a_folder_the_way_to_one_is_told(self, open_page):
        assert "Set KINSO_BACKUP_DIR to a folder" in open_page("settings", Role.ADMIN).info[0].value

    def test_hour_and_days_are_saved_and_out_of_bounds_refused(self, open_page, store, folder):
        page = open_page("settings", Role.ADMIN)
        page.toggle(key="shop_daily_backups").set_value(False)
        page.selectbox(key="shop_backup_hour").set_value(22)
        page.number_input(key="shop_backup_days").set_value(30)
        save(page)
        shop = store.shop.get()
        assert (shop.daily_backups, shop.backup_hour, shop.backup_days) == (False, 22, 30)
        page.run()
        assert "Back up every day: on → off; Time of the backup: 3 → 22; Days a backup is kept: 14 → 30" in [
            what for table in page.dataframe for what in table.value.get("What", [])
        ]
        assert "They are switched off above." in words(page)
        for field, value in {"backupHour": 24, "backupDays": 0}.items():
            with pytest.raises(InvalidInput):
                parse(ShopSettings, {field: value})


def until_ended(page):
    job = page.session_state["backup_under_way"]
    assert job.has_ended(30)
    page.run()


def test_it_says_what_lists_and_figures_are_answered_from(open_page, store, admin, add_customer):
    add_customer("A-1")
    assert get_statistics(store, admin).total_customers == 1
    assert "1 customer, 0 purchases" in words(open_page("settings", Role.ADMIN))
