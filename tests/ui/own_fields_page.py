"""Own fields on the pages: grid, forms, card, history."""

from datetime import date

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.fields import FIELDS
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import create_customer, update_customer
from kinso.ui.customers.words import value_in_words
from kinso.ui.transfer.imports import cell_in_words
from tests.ui.customers_page import press, shown, texts, type_over


def test_the_grid_shows_and_saves_them(open_page, add_customer, store):
    ada = add_customer("C-1", nick_name="Addi", birthday="2000-02-29", shoe_size=42.5, newsletter=True, tags=["vip"])
    page = open_page("customers", Role.STAFF)
    assert shown(page, "nickName") == ["Addi"]
    assert shown(page, "shoeSize") == [42.5]
    assert shown(page, "newsletter") == [True]
    assert list(shown(page, "tags")[0]) == ["vip"]
    type_over(page, "C-1", birthday="1999-01-31", shoeSize=None, language="German", tags=["vip", "regular"])
    press(page, "save_changes")
    assert not page.exception
    after = store.customers.get(ada.id)
    assert (after.birthday, after.shoe_size, after.language) == (date(1999, 1, 31), None, "German")
    assert after.tags == ("regular", "vip")


def test_what_is_shown_again_is_no_edit(open_page, add_customer, store):
    ada = add_customer("C-1", birthday="2000-02-29", shoe_size=42.5, tags=["vip"])
    page = open_page("customers", Role.STAFF)
    type_over(page, "C-1", birthday="2000-02-29", shoeSize=42.5, tags=["vip"])
    assert not page.session_state["customers_page"].pending_count
    assert store.customers.get(ada.id).version == 1


def test_the_import_page_names_their_columns(open_page):
    said = texts(open_page("imports", Role.STAFF))
    assert all(field.label in said for field in FIELDS)


def test_the_import_page_tells_their_cells_as_the_card_tells_the_values():
    shop = ShopSettings()
    for field in FIELDS:
        value = field.type.accept(field.example)
        told = cell_in_words(field.name, field.type.to_cell(value), shop)
        assert told == value_in_words(field.name, value, shop) != "(empty)"
        assert cell_in_words(field.name, "", shop) == "(empty)"


def test_the_form_registers_with_them(open_page, store):
    page = open_page("register", Role.STAFF)
    page.text_input(key="register_1_customerName").input("Ada Lovelace")
    page.text_input(key="register_1_contactInfo").input("ada@shop.com")
    page.text_input(key="register_1_nickName").input("Addi")
    page.date_input(key="register_1_birthday").set_value(date(2000, 2, 29))
    page.number_input(key="register_1_shoeSize").set_value(42.5)
    page.checkbox(key="register_1_newsletter").check()
    page.selectbox(key="register_1_language").select("German")
    page.text_area(key="register_1_notes").input("Likes tea\nand cake")
    press(page, "register_1_save")
    assert not page.exception
    [made] = store.customers.find(CustomerQuery(), page=1, limit=10)
    assert (made.nick_name, made.birthday, made.shoe_size) == ("Addi", date(2000, 2, 29), 42.5)
    assert (made.newsletter, made.language, made.notes) == (True, "German", "Likes tea\nand cake")


def test_the_card_and_the_history_tell_of_them(open_page, store):
    draft = {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com", "nickName": "Addi"}
    ada = create_customer(store, COMMAND_LINE, CustomerDraft(**draft, language="German"))
    update_customer(store, COMMAND_LINE, ada.id, CustomerPatch(birthday="2000-02-29", tags=["vip"]))
    said = texts(open_page("customer", Role.STAFF, id=ada.id))
    assert "Addi" in said
    assert "German" in said
    assert "29 February 2000" in said or "29 Feb 2000" in said
    told = texts(open_page("history", Role.STAFF))
    assert "Nickname: Addi" in told
    assert "Birthday" in told
    assert "vip" in told
