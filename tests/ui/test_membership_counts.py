"""A rule that counts purchases, and one on a basis of the test's own, from the form to the customer's page."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.purchases import PurchaseDraft
from kinso.models.rule_bases import RULE_BASES
from kinso.models.shop import MembershipRule, ShopSettings
from kinso.repository.documents import now
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.settings import save_rule
from kinso.ui.membership.demotion import EXPANDER
from kinso.ui.membership.rule import EDITOR
from tests.support.rule_bases import LAST_QUARTER


@pytest.fixture
def buyers(store, add_customer):
    """A made six purchases, B four, C one; M is a member with two."""
    return {
        name: bought(add_customer(name, membership_status=name == "M"), store, times)
        for name, times in {"A": 6, "B": 4, "C": 1, "M": 2}.items()
    }


def bought(customer, store, times, amount="10.00", days_ago=0):
    for _ in range(times):
        sold_at = now() - timedelta(days=days_ago, seconds=1)
        record_sale(store, COMMAND_LINE, customer.id, PurchaseDraft(amount=Decimal(amount), sold_at=sold_at))
    return customer


def texts(page):
    return "\n".join(each.value for kind in (page.markdown, page.caption) for each in kind).replace("\\", "")


def table(page, alt):
    return next((frame.value for frame in page.dataframe if frame.proto.alt == alt), None)


def choose(page, basis):
    page.session_state[EDITOR] = True
    page.run()
    return page.radio(key="rule_basis").set_value(basis).run()


def test_a_manager_chooses_the_number_of_purchases_and_its_threshold(open_page, store, buyers, toasts):
    page = choose(open_page("membership", Role.MANAGER), "purchases")
    threshold = page.number_input(key="rule_threshold_count")
    assert (threshold.label, threshold.value, threshold.step) == ("Threshold (purchases)", 5, 1)

    threshold.set_value(3)
    page = page.button(key="save_rule").click().run()

    assert toasts(page) == ["The rule is saved."]
    assert store.shop.get() == ShopSettings(threshold=3, threshold_basis="purchases")
    assert "Who made **3 purchases** or more **in total** is eligible" in texts(page)
    assert page.number_input(key="threshold_count").value == 3
    assert table(page, "How the rule changed")["What"][0] == (
        "Threshold: $1,000.00 → 3 purchases; Basis of the threshold: spent in total → purchases in total"
    )
    back = choose(page, "lifetime")
    assert back.number_input(key="rule_threshold_amount").value == 1000.0


def test_the_page_speaks_of_purchases_and_activates_by_them(open_page, store, manager, buyers):
    save_rule(store, manager, MembershipRule(threshold=5, threshold_basis="purchases"))
    page = open_page("membership", Role.MANAGER)
    page.number_input(key="threshold_count").set_value(4).run()

    assert [(each.label, each.value) for each in page.metric if each.label == "Their purchases"] == [
        ("Their purchases", "10")
    ]
    listed = table(page, "Who would become a member")
    assert (list(listed["Customer ID"]), list(listed["Purchases"])) == (["A", "B"], [6, 4])
    assert list(table(page, "Non-members just below the threshold")["Short by"]) == [3]
    page.session_state[EXPANDER] = True
    page.session_state["threshold_view"] = "What if it were the rule"
    page.run()
    assert "spent" not in texts(page)
    assert "made fewer than **5 purchases**" in texts(page)
    assert "Non-members from 4 purchases up to today's 5 purchases, who would be eligible." in texts(page)
    page.button(key="activate").click().run()
    assert "Make **2 non-members** with **4 purchases** or more members? Together they made **10 purchases**." in texts(
        page
    )
    page.button(key="activation_confirm").click().run()
    assert any("became members at the threshold of 4 purchases" in each.value for each in page.success)
    assert "Activation at the threshold of 4 purchases" in "\n".join(each.label for each in page.expander)


def test_the_customers_page_says_how_many_purchases_are_missing(open_page, store, manager, buyers):
    save_rule(store, manager, MembershipRule(threshold=5, threshold_basis="purchases-last-12-months"))

    def told(name):
        return texts(open_page("customer", Role.STAFF, id=buyers[name].id))

    assert "**1 purchase to go.** Made 4 purchases in the last 12 months; the threshold is 5 purchases." in told("B")
    assert "**Still a member, 2 of 5 purchases** in the last 12 months." in told("M")


def test_an_unknown_basis_leaves_a_sentence_and_the_form(open_page, store, buyers):
    store.connection.database["settings"].update_one(
        {"_id": "shop"}, {"$set": {"thresholdBasis": "visits"}}, upsert=True
    )
    page = open_page("membership", Role.MANAGER)

    assert [each.value.startswith("The membership rule counts “visits”") for each in page.error] == [True]
    page = choose(page, "purchases").button(key="save_rule").click().run()
    assert not page.error
    assert store.shop.get() == ShopSettings(threshold=5, threshold_basis="purchases")


def test_an_entry_of_its_own_goes_through_form_preview_activation_demotion_and_card(
    open_page, store, manager, buyers, monkeypatch
):
    entry = LAST_QUARTER
    monkeypatch.setitem(RULE_BASES, entry.key, entry)
    bought(buyers["C"], store, 1, "900.00", days_ago=150)
    page = choose(open_page("membership", Role.MANAGER), entry.key)
    assert entry.choice in page.radio(key="rule_basis").options

    page.number_input(key="rule_threshold_amount").set_value(50.0)
    page = page.button(key="save_rule").click().run()

    assert "Who spent **$50.00** or more **in the last 3 months** is eligible" in texts(page)
    assert list(table(page, "Who would become a member")["Last 3 months"]) == [60.0]
    page.button(key="activate").click().run()
    assert "with purchases in the last 3 months of **$50.00** or more members?" in texts(page)
    page.button(key="activation_confirm").click().run()
    assert store.customers.get(buyers["A"].id).membership_status
    save_rule(store, manager, MembershipRule(threshold=70))
    page = open_page("membership", Role.MANAGER)
    page.session_state[EXPANDER] = True
    assert list(table(page.run(), "Members below the threshold")["Short by"]) == [10.0]
    save_rule(store, manager, MembershipRule(threshold=50))
    card = texts(open_page("customer", Role.STAFF, id=buyers["C"].id))
    assert "**$40.00 to go.** Spent $10.00 in the last 3 months; the threshold is $50.00." in card
