from datetime import UTC, datetime
from decimal import Decimal

from kinso.models.customers import Customer
from kinso.models.stored import trusted

VALUES = {
    "customer_id": "C-1",
    "customer_name": "Ada Lovelace",
    "contact_info": "ada@shop.com",
    "purchase_amount": Decimal("12.50"),
    "membership_status": True,
    "notes": "",
    "tags": ("regular",),
    "id": "6b0a4cde7c70b25dec14213c",
    "created_at": datetime(2026, 1, 2, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 3, tzinfo=UTC),
    "version": 2,
    "excluded": False,
    "aliases": (),
}


def test_a_trusted_model_is_the_one_that_pydantic_makes():
    made, usual = trusted(Customer, dict(VALUES)), Customer.model_construct(**VALUES)
    assert made == usual == Customer(**VALUES)
    assert made.model_dump_json(by_alias=True) == usual.model_dump_json(by_alias=True)
    assert made.model_fields_set == usual.model_fields_set
    later = made.model_copy(update={"version": 3})
    assert (later.version, made.version, hash(made)) == (3, 2, hash(usual))
