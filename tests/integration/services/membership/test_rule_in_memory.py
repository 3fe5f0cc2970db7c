"""A look without a database: what the membership page and the overview read works there as well."""

from decimal import Decimal

import pytest

from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, list_customers
from kinso.services.insights import get_sales_months, month_starts
from kinso.services.membership.activation import (
    activate_at_threshold,
    demote_below_threshold,
    plan_demotion,
    preview_activation,
    preview_demotion,
)
from kinso.services.membership.eligibility import compare_thresholds, get_curve, get_spending_distribution
from kinso.services.purchases.recording import record_sale


@pytest.mark.parametrize("basis", ["lifetime", "last-12-months"])
def test_the_rule_and_its_figures_work_in_memory(mock_store, manager, basis):
    store = mock_store
    store.shop.save(ShopSettings(threshold=100, threshold_basis=basis, time_zone="Asia/Dhaka"))
    for number in range(4):
        draft = CustomerDraft(customer_id=f"C-{number}", customer_name="Somebody", contact_info="a@shop.com")
        customer = create_customer(store, manager, draft)
        record_sale(store, manager, customer.id, PurchaseDraft(amount=Decimal(number) * 50 + Decimal("0.01")))

    assert preview_activation(store, manager, 100).count == 2
    found = list_customers(store, manager, CustomerQuery(eligible=True), page=1, limit=10)
    assert found.total == len(found.items) == 2
    assert compare_thresholds(store, manager, 50).gained.count == 1
    assert get_curve(store, manager)[0].members == 3
    assert sum(each.non_members for each in get_spending_distribution(store, manager)) == 4
    assert activate_at_threshold(store, manager, 100).changed == 2
    store.shop.save(ShopSettings(threshold=120))
    assert preview_demotion(store, manager).offered.count == 1
    assert demote_below_threshold(store, manager, plan_demotion(store, manager)).changed == 1
    [month] = get_sales_months(store, manager, month_starts(now().astimezone(store.shop.get().zone), 1))
    assert (month.revenue, month.sales, month.new_customers) == (Decimal("300.04"), 4, 4)
    assert month.returning_customers == 0
