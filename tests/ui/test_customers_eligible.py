"""Who is eligible: the badge in the grid and the filter next to it, on both bases of the rule."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.purchases.recording import record_sale
from tests.ui.customers_page import act, press, shown, texts, type_over


@pytest.fixture(params=["lifetime", "last-12-months"])
def shop_of_five(request, store, add_customer):
    """E-1 and E-2 are eligible at 100; on the yearly basis O-1 spent enough, but too long ago."""
    store.shop.save(ShopSettings(threshold=Decimal(100), threshold_basis=request.param))
    spent = {"E-1": "100.00", "E-2": "250.00", "N-1": "99.99", "M-1": "900.00", "O-1": "50.00"}
    customers = {name: add_customer(name, membership_status=name == "M-1") for name in spent}
    for name, amount in spent.items():
        record_sale(store, COMMAND_LINE, customers[name].id, PurchaseDraft(amount=Decimal(amount)))
    if request.param == "last-12-months":
        draft = PurchaseDraft(amount=Decimal("500.00"), sold_at=now() - timedelta(days=380))
        record_sale(store, COMMAND_LINE, customers["O-1"].id, draft)
    return customers


def test_everyone_sees_who_is_eligible(open_page, shop_of_five):
    page = open_page("customers", Role.ANALYST, sort="Customer ID", order="Ascending")

    badges = dict(zip(shown(page), shown(page, "eligible"), strict=True))
    assert {name for name, badge in badges.items() if list(badge) == ["Eligible"]} == {"E-1", "E-2"}


def test_the_filter_shows_and_counts_only_them(open_page, shop_of_five):
    page = open_page("customers", Role.STAFF, member="Eligible", sort="Customer ID", order="Ascending")

    assert shown(page) == ["E-1", "E-2"]
    assert "1–2 of 2 customers" in texts(page)


def test_the_filter_works_with_the_search(open_page, shop_of_five):
    page = open_page("customers", Role.STAFF, member="Eligible", q="e-2")

    assert shown(page) == ["E-2"]


def test_nobody_eligible_is_said(open_page, store, shop_of_five):
    store.shop.save(ShopSettings(threshold=Decimal(5000)))
    page = open_page("customers", Role.STAFF, member="Eligible")

    assert "There are no eligible customers." in texts(page)


def test_a_typed_amount_makes_eligible_as_soon_as_it_is_saved(open_page, store, shop_of_five):
    store.shop.save(ShopSettings(threshold_basis="lifetime"))
    page = open_page("customers", Role.STAFF, sort="Customer ID", order="Ascending")

    type_over(page, "N-1", purchaseAmount=100.0)
    press(page, "save_changes")
    page.run()

    badges = dict(zip(shown(page), shown(page, "eligible"), strict=True))
    assert list(badges["N-1"]) == ["Eligible"]


def test_all_eligible_customers_can_be_made_members_by_hand(open_page, store, shop_of_five):
    page = open_page("customers", Role.STAFF, member="Eligible")

    act(page, "members")
    assert "all eligible customers" in texts(page)
    press(page, "bulk_confirm")
    while page.get("progress"):
        page.run()

    assert store.figures.totals()[True][0] == 3
