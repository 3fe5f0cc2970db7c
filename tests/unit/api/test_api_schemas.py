from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from kinso.api.customers_schemas import CustomerPatchIn, customer_json
from kinso.models.customers import Customer

CUSTOMER = Customer(
    id="65b0a1f2c3d4e5f6a7b8c9d0",
    customer_id="C-1",
    customer_name="Ada",
    contact_info="ada@shop.com",
    purchase_amount=Decimal("0.10"),
    membership_status=True,
    created_at=datetime(2026, 1, 31, 23, 59, 59, 999000, UTC),
    updated_at=datetime(2026, 2, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    version=3,
)


def test_moments_are_utc_to_the_millisecond():
    told = customer_json(CUSTOMER)
    assert (told["createdAt"], told["updatedAt"]) == ("2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00.000Z")


def test_an_amount_is_a_number():
    assert customer_json(CUSTOMER)["purchaseAmount"] == 0.1


def test_a_version_is_a_condition_and_not_a_change():
    patch = CustomerPatchIn.model_validate({"customerName": "Ada", "version": 0})
    assert (patch.changes(), patch.expected_version) == ({"customerName": "Ada"}, 0)
    assert CustomerPatchIn.model_validate({}).expected_version is None
