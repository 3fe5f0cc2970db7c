"""Where a customer stands as to membership."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.errors import NotFound
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, set_membership
from kinso.services.membership.eligibility import find_below, membership_status_of
from kinso.services.purchases.recording import record_sale, refund_sale


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)
    return create_customer(store, staff, draft)


@pytest.mark.parametrize(
    ("threshold", "status", "missing"),
    [("253.20", "short", "153.20"), ("100.01", "short", "0.01"), ("100.00", "eligible", "0.00")],
)
def test_the_threshold_decides_to_the_cent(store, analyst, ada, threshold, status, missing):
    store.shop.save(ShopSettings(threshold=Decimal(threshold)))
    found = membership_status_of(store, analyst, ada.id)
    assert (found.status, found.missing, found.amount) == (status, Decimal(missing), Decimal("100.00"))


def test_a_person_decides_over_the_threshold(store, analyst, staff, ada):
    store.shop.save(ShopSettings(threshold=Decimal(50)))
    set_membership(store, staff, ada.id, membership_status=True)
    assert membership_status_of(store, analyst, ada.id).status == "member"
    set_membership(store, staff, ada.id, membership_status=False)
    assert membership_status_of(store, analyst, ada.id).status == "excluded"


def test_only_the_purchases_of_a_year_count_where_the_shop_says_so(store, analyst, ada, enter):
    store.shop.save(ShopSettings(threshold=Decimal(50), threshold_basis="last-12-months"))
    enter(ada, "40.00", now() - timedelta(days=300))
    enter(ada, "500.00", now() - timedelta(days=400))
    found = membership_status_of(store, analyst, ada.id)
    assert (found.status, found.amount, found.missing) == ("short", Decimal("40.00"), Decimal("10.00"))
    assert found.rule.basis.key == "last-12-months"


class TestAMemberBelowTheThreshold:
    @pytest.fixture(autouse=True)
    def _member(self, store, staff, ada):
        store.shop.save(ShopSettings(threshold=Decimal(500)))
        record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=600))
        set_membership(store, staff, ada.id, membership_status=True)

    def test_is_told_by_the_refund_that_leaves_them_so(self, store, staff):
        part = refund_sale(store, staff, "S-1", RefundDraft(amount=Decimal(200)))
        assert (part.status.status, part.status.amount, part.status.is_below) == ("member", 500, False)
        rest = refund_sale(store, staff, "S-1", RefundDraft(sale_id="R-1"))
        assert (rest.status.amount, rest.status.rule.threshold, rest.status.is_below) == (100, 500, True)
        again = refund_sale(store, staff, "S-1", RefundDraft(sale_id="R-1"))
        assert (again.repeated, again.status.is_below) == (True, True)

    def test_is_found_among_others_by_what_counts_for_the_rule(self, store, analyst, staff, ada):
        everyone = list(store.customers.get_many([ada.id]).values())
        assert find_below(store, analyst, everyone) == []
        store.shop.save(ShopSettings(threshold_basis="last-12-months", threshold=Decimal(700)))
        [found] = find_below(store, analyst, everyone)
        assert (found.customer.id, found.amount, found.missing) == (ada.id, 600, 100)
        set_membership(store, staff, ada.id, membership_status=False)
        assert find_below(store, analyst, list(store.customers.get_many([ada.id]).values())) == []


@pytest.mark.parametrize("id", ["", "nonsense", "0123456789abcdef01234567"])
def test_nobody_stands_nowhere(store, analyst, id):
    with pytest.raises(NotFound):
        membership_status_of(store, analyst, id)
