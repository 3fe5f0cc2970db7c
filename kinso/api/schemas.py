"""What goes in and out as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, WithJsonSchema

from kinso.models.customer import Customer, CustomerDraft, CustomerPatch
from kinso.models.money import CENT, LARGEST, Money
from kinso.models.user import Role, User
from kinso.services.membership import DEFAULT_THRESHOLD

CUSTOMER_EXAMPLE = {
    "customerId": "C-1001",
    "customerName": "Ada Lovelace",
    "contactInfo": "ada@shop.com",
    "purchaseAmount": 1250.5,
    "membershipStatus": False,
}
_MOMENTS = {"createdAt": "2026-01-31T09:30:00.000Z", "updatedAt": "2026-02-01T10:00:00.250Z"}
_STORED = {"_id": "65b0a1f2c3d4e5f6a7b8c9d0", **CUSTOMER_EXAMPLE, **_MOMENTS, "version": 2}
ID = "What the paths call `_id`; the shop's own number is `customerId`."


def _example(values: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, validate_by_name=False, validate_by_alias=True)


class CustomerOut(BaseModel):
    """A customer; `version` grows by one with every change."""

    model_config = _example(_STORED)

    id: str = Field(alias="_id", description=ID)
    customer_id: str = Field(alias="customerId")
    customer_name: str = Field(alias="customerName")
    contact_info: str = Field(alias="contactInfo")
    purchase_amount: float = Field(alias="purchaseAmount")
    membership_status: bool = Field(alias="membershipStatus")
    created_at: datetime = Field(alias="createdAt")
    updated_at: datetime = Field(alias="updatedAt")
    version: int = Field(ge=0)


class UserOut(BaseModel):
    """An account."""

    id: str = Field(alias="_id")
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime = Field(alias="createdAt")
    last_sign_in_at: datetime | None = Field(alias="lastSignInAt")


class SignedInOut(BaseModel):
    """`token` goes into the header `Authorization: Bearer …`."""

    token: str
    user: UserOut


class ActivationOut(BaseModel):
    """How many customers became members, or would; `runId` is null when nothing was done."""

    updated_count: int = Field(alias="updatedCount", ge=0)
    run_id: str | None = Field(alias="runId")


class HealthOut(BaseModel):
    """The database answers."""

    status: str = Field(examples=["ok"])


class LoginIn(BaseModel):
    """The same e-mail and password as on the sign-in page."""

    model_config = _example({"email": "ada@shop.com", "password": "correct horse battery"})

    email: str = Field(strict=True, max_length=1000)
    password: str = Field(strict=True, max_length=1000, json_schema_extra={"format": "password"})


class CustomerDraftIn(CustomerDraft):
    """A new customer; `customerId` is unique whatever its letter case."""

    model_config = _example(CUSTOMER_EXAMPLE)

    purchase_amount: Money = Field(default=Decimal("0.00"), json_schema_extra={"default": 0})


class CustomerPatchIn(CustomerPatch):
    """Some fields of a customer; what is not sent keeps its value.

    With `version`, the change is refused when someone else changed the customer since it had that version.
    """

    model_config = _example({"contactInfo": "+880 171 234567", "version": 2})

    version: Annotated[StrictInt, Field(ge=0)] = Field(default_factory=lambda: 0)

    def changes(self) -> dict[str, Any]:
        """The given fields of the customer by their stored names."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})

    @property
    def expected_version(self) -> int | None:
        """The version that the change is based on, None when it was not given."""
        return self.version if "version" in self.model_fields_set else None


class MembershipIn(BaseModel):
    """Member or not."""

    model_config = _example({"membershipStatus": True})

    membership_status: StrictBool = Field(alias="membershipStatus")


Threshold = Annotated[
    Money,
    Field(gt=0),
    WithJsonSchema({"type": "number", "minimum": float(CENT), "maximum": float(LARGEST)}),
]


class ActivationIn(BaseModel):
    """Everyone who spent at least `threshold` becomes a member; `dryRun` only counts them."""

    model_config = _example({"threshold": 1000, "dryRun": True})

    threshold: Threshold = Field(default=DEFAULT_THRESHOLD, json_schema_extra={"default": float(DEFAULT_THRESHOLD)})
    dry_run: StrictBool = Field(default=False, alias="dryRun")


def customer_json(customer: Customer) -> dict[str, Any]:
    """The customer as JSON values; `CustomerOut` describes them."""
    return {
        "_id": customer.id,
        "customerId": customer.customer_id,
        "customerName": customer.customer_name,
        "contactInfo": customer.contact_info,
        "purchaseAmount": float(customer.purchase_amount),
        "membershipStatus": customer.membership_status,
        "createdAt": timestamp(customer.created_at),
        "updatedAt": timestamp(customer.updated_at),
        "version": customer.version,
    }


def user_json(user: User) -> dict[str, Any]:
    """The account as JSON values; `UserOut` describes them."""
    return {
        "_id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role.value,
        "active": user.active,
        "createdAt": timestamp(user.created_at),
        "lastSignInAt": timestamp(user.last_sign_in_at) if user.last_sign_in_at else None,
    }


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
