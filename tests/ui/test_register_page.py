from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.shop import ShopSettings
from tests.ui.customers_page import press, session_of, shown, texts, type_over

EVERYONE = CustomerQuery()
GRACE = {"customerId": "N-1", "customerName": "Grace Hopper", "contactInfo": "grace@example.com"}


def form_of(page):
    return page.session_state["registration"]


def fill(page, **values):
    for name, value in values.items():
        page.get_by_key(form_of(page).key(name)).set_value(value)
    return page


def save(page, *, another=False):
    return press(page, form_of(page).key("another" if another else "save"))


def register_anyway(page):
    return press(page, form_of(page).key("anyway"))


def errors(page):
    return [text.value for text in page.markdown if ":red[" in text.value]


def links(page):
    """Labels and queries of the links on the page."""
    return "\n".join(f"{link.proto.label} {link.proto.query_string}" for link in page.get("page_link"))


@pytest.fixture
def page(open_page):
    return open_page("register", Role.STAFF)


def test_the_five_fields_are_saved(page, store, toasts):
    save(fill(page, **GRACE, purchaseAmount=99.5, membershipStatus=True))
    stored = store.customers.get_by_customer_id("N-1")
    assert (stored.customer_name, stored.contact_info) == ("Grace Hopper", "grace@example.com")
    assert (stored.purchase_amount, stored.membership_status) == (Decimal("99.50"), True)
    assert toasts(page) == ["Grace Hopper \\(N\\-1\\) is registered\\."]


def test_amount_and_membership_may_be_left_alone(page, store):
    save(fill(page, **GRACE))
    stored = store.customers.get_by_customer_id("N-1")
    assert (stored.purchase_amount, stored.membership_status) == (Decimal("0.00"), False)


@pytest.mark.parametrize("amount", [None, 0.0])
def test_who_comes_with_nothing_has_no_opening_balance(page, open_page, store, amount):
    save(fill(page, **GRACE, purchaseAmount=amount))
    stored = store.customers.get_by_customer_id("N-1")
    assert list(store.ledger.iterate(LedgerQuery(customer=stored.id))) == []
    details = open_page("customer", Role.STAFF, id=stored.id)
    assert "No purchases yet." in texts(details)
    assert not details.dataframe


def test_every_bad_field_is_named_beside_it_and_what_was_typed_stays(page, store, toasts):
    save(fill(page, customerId="x" * 65, customerName="Grace", contactInfo="abc", purchaseAmount=-1.0))
    contact, identity, amount = errors(page)
    assert "Customer ID is too long" in identity
    assert "Contact is too short" in contact
    assert "Total spent cannot be negative" in amount
    assert toasts(page) == ["Not registered: 3 fields need attention."]
    assert page.get_by_key(form_of(page).key("customerName")).value == "Grace"
    assert page.get_by_key(form_of(page).key("purchaseAmount")).value == -1.0
    assert store.customers.count(EVERYONE) == 0

    save(fill(page, **GRACE, purchaseAmount=1.0))
    assert not errors(page)
    assert store.customers.count(EVERYONE) == 1


def test_an_empty_form_names_what_is_required(page):
    save(fill(page, customerId=""))
    assert [text.split(": ")[1].rstrip("]") for text in errors(page)] == [
        "Customer name is required\\.",
        "Contact is required\\.",
        "Customer ID is required\\.",
    ]


def test_the_next_free_id_is_there_already_and_need_not_be_typed(page, store, toasts):
    save(fill(page, customerName="Grace Hopper", contactInfo="grace@example.com"))
    assert store.customers.get_by_customer_id("C-0001").customer_name == "Grace Hopper"


def test_an_untouched_proposal_that_was_taken_meanwhile_becomes_the_next_one(page, store, add_customer, toasts):
    add_customer("C-0001")
    save(fill(page, customerName="Grace Hopper", contactInfo="grace@example.com"))
    assert store.customers.get_by_customer_id("C-0002").customer_name == "Grace Hopper"
    assert toasts(page) == ["Grace Hopper \\(C\\-0002\\) is registered\\. C\\-0001 was taken meanwhile\\."]


def test_a_proposal_that_was_changed_to_a_taken_one_is_refused(page, store, add_customer):
    add_customer("N-7")
    save(fill(page, **{**GRACE, "customerId": "N\u20117"}))
    assert "is taken by" in errors(page)[0]
    assert store.customers.count(EVERYONE) == 1


def test_a_taken_id_is_named_beside_the_field_whatever_its_letter_case(page, store, add_customer):
    add_customer("N-1", customer_name="Ada Lovelace")
    save(fill(page, **{**GRACE, "customerId": " n-1 "}))
    assert errors(page) == [
        ":small[:red[:material/error: Customer ID “N\\-1” is taken by Ada Lovelace; choose another one\\.]]"
    ]
    assert store.customers.count(EVERYONE) == 1


def test_a_very_similar_customer_is_shown_before_anything_is_saved(page, store, add_customer):
    add_customer("C-1", customer_name="Grace Hoper", contact_info="+1 555 0100")
    save(fill(page, **GRACE))
    assert "Is it one of these?" in texts(page)
    assert "**Grace Hoper (C\\-1)** has nearly the same name." in texts(page)
    assert store.customers.count(EVERYONE) == 1
    assert "Open id=" in links(page)
    press(page, form_of(page).key("check"))
    assert store.customers.count(EVERYONE) == 1
    register_anyway(page)
    assert store.customers.get_by_customer_id("N-1") is not None


def test_the_same_contact_counts_as_similar(page, store, add_customer):
    add_customer("C-1", customer_name="Somebody Else", contact_info="GRACE@example.com")
    save(fill(page, **GRACE))
    assert "**Somebody Else (C\\-1)** has the same e-mail address." in texts(page)
    assert store.customers.count(EVERYONE) == 1


def test_another_name_is_looked_up_again(page, store, add_customer):
    add_customer("C-1", customer_name="Grace Hoper", contact_info="+1 555 0100")
    add_customer("C-2", customer_name="Alan Turing", contact_info="+1 555 0101")
    save(fill(page, **GRACE))
    register_anyway(fill(page, customerName="Alan Turin"))
    assert "**Alan Turing (C\\-2)** has nearly the same name." in texts(page)
    assert store.customers.count(EVERYONE) == 2


@pytest.mark.parametrize("typed", ["+880 1711 234567", "০১৭১১-২৩৪৫৬৭", "01711234567"])
def test_whoever_has_the_same_number_in_another_notation_is_shown(page, store, add_customer, typed):
    store.shop.save(ShopSettings(country="BD"))
    add_customer("C-1", customer_name="Sadia Karim", contact_info="01711-234567")
    save(fill(page, **{**GRACE, "contactInfo": typed}))
    assert "**Sadia Karim (C\\-1)** has the same phone number." in texts(page)
    assert store.customers.count(EVERYONE) == 1


def test_the_similar_one_can_be_opened_instead(page, add_customer):
    similar = add_customer("C-1", customer_name="Grace Hoper", contact_info="+1 555 0100")
    add_customer("C-2")
    save(fill(page, **GRACE))
    assert f"id={similar.id}" in links(page)


def test_whoever_has_the_id_already_can_be_opened(page, add_customer):
    holder = add_customer("N-1", customer_name="Alan Turing")
    save(fill(page, **GRACE))
    assert f"Open Alan Turing (N\\-1) id={holder.id}" in links(page)
    save(fill(page, customerId="N-2"))
    assert f"id={holder.id}" not in links(page)


def test_saving_ends_with_the_new_customer_and_ways_on(page):
    save(fill(page, **GRACE))
    assert "**Grace Hopper (N\\-1)** is registered." in texts(page)
    assert "Open customer" in links(page)
    press(page, "register_another")
    assert page.get_by_key(form_of(page).key("customerName")).value == ""
    cursor = f"st-key-{form_of(page).key('customerName')} input"
    assert any(cursor in html.proto.body for html in page.get("html"))


def test_the_new_customer_can_be_opened(page, store):
    save(fill(page, **GRACE))
    created = store.customers.get_by_customer_id("N-1")
    assert f"Open customer id={created.id}" in links(page)


def test_adding_another_empties_the_form_and_suggests_the_next_id(page, store):
    save(fill(page, **GRACE, purchaseAmount=5.0, membershipStatus=True), another=True)
    assert page.get_by_key(form_of(page).key("customerName")).value == ""
    assert page.get_by_key(form_of(page).key("purchaseAmount")).value is None
    assert page.get_by_key(form_of(page).key("customerId")).value == "N-2"
    save(fill(page, customerName="Alan Turing", contactInfo="alan@example.com"), another=True)
    assert store.customers.count(EVERYONE) == 2
    assert store.customers.get_by_customer_id("N-2").membership_status is False


def test_the_second_half_of_a_double_click_is_no_mistake(page, store):
    save(fill(page, **GRACE), another=True)
    save(page, another=True)
    assert not errors(page)
    assert store.customers.count(EVERYONE) == 1


def test_typed_values_are_still_there_after_a_look_at_another_page(page):
    save(fill(page, customerId="N-1", customerName="Grace Hopper"))
    page.switch_page("../../pages/customers.py").run()
    page.switch_page("../../pages/register.py").run()
    assert page.get_by_key(form_of(page).key("customerName")).value == "Grace Hopper"


@pytest.mark.parametrize("name", ["<b>Bold</b>", "**stars** _x_ [a](b)", "محمد العلوي", "🦊 Foxy", "`$x$` :smile:"])
def test_names_are_saved_as_typed_and_never_read_as_markup(page, store, toasts, name):
    save(fill(page, **{**GRACE, "customerName": name}))
    assert store.customers.get_by_customer_id("N-1").customer_name == name
    assert "<b>" not in toasts(page)[0]
    assert "**stars**" not in toasts(page)[0]


def test_whoever_lost_the_permission_meanwhile_registers_nobody(page, store, toasts):
    for user in store.users.all():
        store.users.update(user.id, role=Role.ANALYST.value)
    fill(page, **GRACE)
    page.button(key=form_of(page).key("save")).click().run()
    assert store.customers.count(EVERYONE) == 0


def test_unsaved_changes_among_the_customers_are_not_lost_by_registering(open_page, add_customer):
    add_customer("C-1")
    page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Typed")
    page.switch_page("../../pages/register.py").run()
    save(fill(page, **GRACE))
    page.switch_page("../../pages/customers.py").run()
    assert session_of(page).pending_count == 1
    assert shown(page, "customerName") == ["Typed"]
