"""What goes in and out as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, WithJsonSchema, create_model
from pydantic.json_schema import SkipJsonSchema

from kinso.api.envelope import Listing, Pagination
from kinso.models.accounts import Role, User
from kinso.models.customers import Customer, CustomerDraft, CustomerPatch, LikelyDuplicate
from kinso.models.fields import FIELDS
from kinso.models.insights import Statistics
from kinso.models.money import CENT, LARGEST, Money
from kinso.models.purchases import MembershipStatus
from kinso.models.transfer.cells import written_moment
from kinso.models.validation import KnownFields
from kinso.services.membership.activation import DEFAULT_THRESHOLD

CUSTOMER_EXAMPLE = {field.name: field.example for field in FIELDS}
_MOMENTS = {"createdAt": "2026-01-31T09:30:00.000Z", "updatedAt": "2026-02-01T10:00:00.250Z"}
CUSTOMER_STORED = {"_id": "65b0a1f2c3d4e5f6a7b8c9d0", **CUSTOMER_EXAMPLE, **_MOMENTS, "version": 2}
DUPLICATE_WARNING = {
    "field": "contactInfo",
    "message": "Sadia Karim (C-0042) has the same phone number.",
    "customerId": "C-0042",
    "_id": "65b0a1f2c3d4e5f6a7b8c9d5",
}
ID = "What the paths call `_id`; the shop's own number is `customerId`."

_DELETED = {
    "_id": CUSTOMER_STORED["_id"],
    "customerId": CUSTOMER_STORED["customerId"],
    "deletedAt": "2026-02-02T08:15:00.500Z",
}
_USER = {
    "_id": "65b0a1f2c3d4e5f6a7b8c9d2",
    "email": "ada@shop.com",
    "name": "Ada",
    "role": "manager",
    "active": True,
    "createdAt": "2026-01-05T08:00:00.000Z",
    "lastSignInAt": "2026-01-31T09:30:00.000Z",
}


def example(*values: dict[str, Any]) -> ConfigDict:
    """Shown in the description; for models whose fields have one name in JSON."""
    return ConfigDict(json_schema_extra={"examples": list(values)}, validate_by_name=False, validate_by_alias=True)


if TYPE_CHECKING:

    class _Fields(BaseModel): ...
else:
    _Fields = create_model(
        "_Fields", **{field.attribute: (field.type.json, Field(alias=field.name)) for field in FIELDS}
    )


class CustomerOut(_Fields):
    """A customer; `version` grows by one with every change."""

    model_config = example(CUSTOMER_STORED)

    id: str = Field(alias="_id", description=ID)
    created_at: datetime = Field(alias="createdAt")
    updated_at: datetime = Field(alias="updatedAt")
    version: int = Field(ge=0)
    facts: dict[str, str | float | bool | list[str] | None] | SkipJsonSchema[None] = Field(
        default=None, description="The facts that were asked for, by name."
    )


class WarningOut(BaseModel):
    """A customer who may be the same person: `field` is what they have in common, `message` says so in a sentence."""

    model_config = example(DUPLICATE_WARNING)

    field: Literal["customerId", "customerName", "contactInfo"]
    message: str
    customer_id: str = Field(alias="customerId")
    id: str = Field(alias="_id", description=ID)


class RegisteredOut(CustomerOut):
    """The new customer; `warnings` is there when somebody may be the same person."""

    model_config = example(CUSTOMER_STORED)

    warnings: list[WarningOut] | SkipJsonSchema[None] = None


class NextIdOut(BaseModel):
    """A free ID that continues the shop's own numbers."""

    model_config = example({"customerId": "C-1002"})

    customer_id: str = Field(alias="customerId")


class UserOut(BaseModel):
    """An account."""

    model_config = example(_USER)

    id: str = Field(alias="_id")
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime = Field(alias="createdAt")
    last_sign_in_at: datetime | None = Field(alias="lastSignInAt")


class SignedInOut(BaseModel):
    """`token` goes into the header `Authorization: Bearer …`."""

    model_config = example({"token": "q1W9x2-example-of-a-token-4Zk8r7Ty5Uv0", "user": _USER})

    token: str
    user: UserOut


class ActivationOut(BaseModel):
    """How many customers became members, or would; `runId` is null after a dry run, which is none."""

    model_config = example({"updatedCount": 12, "runId": "65b0a1f2c3d4e5f6a7b8c9e0"})

    updated_count: int = Field(alias="updatedCount", ge=0)
    run_id: str | None = Field(alias="runId")


class StatisticsOut(Statistics):
    """The six figures about all customers; “this month” is the shop's calendar month.

    `averagePurchaseAmount` is `totalPurchaseAmount` divided by `totalCustomers`: what a customer spent on average.
    """

    model_config = example(
        {
            "totalCustomers": 120,
            "members": 45,
            "nonMembers": 75,
            "newCustomersThisMonth": 8,
            "averagePurchaseAmount": 412.37,
            "totalPurchaseAmount": 49484.4,
        }
    )


class HealthOut(BaseModel):
    """The database answers."""

    status: str = Field(examples=["ok"])


class LoginIn(KnownFields):
    """The same e-mail and password as on the sign-in page."""

    model_config = example({"email": "ada@shop.com", "password": "correct horse battery"})

    email: str = Field(strict=True, max_length=1000)
    password: str = Field(strict=True, max_length=1000, json_schema_extra={"format": "password"})


class VersionedChange(KnownFields):
    """A change that may say on which version it is based; then it is refused when there is a newer one.

    The default only marks what was not given.
    """

    version: Annotated[StrictInt, Field(ge=0)] = Field(default_factory=lambda: 0)

    @property
    def expected_version(self) -> int | None:
        """The version that the change is based on, None when it was not given."""
        return self.version if "version" in self.model_fields_set else None


class CustomerDraftIn(KnownFields, CustomerDraft):
    """A new customer; `customerId` is unique whatever its letter case and kinds of dash and space.

    GET /customers/next-id proposes one.
    """

    model_config = example(CUSTOMER_EXAMPLE)

    purchase_amount: Money = Field(default=Decimal("0.00"), json_schema_extra={"default": 0})


class CustomerPatchIn(VersionedChange, CustomerPatch):
    """Some fields of a customer; what is not sent keeps its value.

    With `version`, the change is refused when someone else changed the customer since it had that version.
    """

    model_config = example({"contactInfo": "+880 171 234567", "version": 2})

    def changes(self) -> dict[str, Any]:
        """The given fields of the customer by their stored names."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})


class MembershipIn(VersionedChange):
    """Member or not; with `version`, only while the customer has that version."""

    model_config = example({"membershipStatus": True, "version": 2})

    membership_status: StrictBool = Field(alias="membershipStatus")


Threshold = Annotated[
    Money,
    Field(gt=0),
    WithJsonSchema({"type": "number", "minimum": float(CENT), "maximum": float(LARGEST)}),
]


class ActivationIn(KnownFields):
    """Everyone who comes up to `threshold` becomes a member; `dryRun` only counts them.

    It is in the unit of the shop's rule: an amount of money, or a whole number where the rule counts purchases.
    """

    model_config = example({"threshold": 1000, "dryRun": True})

    threshold: Threshold = Field(default=DEFAULT_THRESHOLD, json_schema_extra={"default": int(DEFAULT_THRESHOLD)})
    dry_run: StrictBool = Field(default=False, alias="dryRun")


def still_a_member(status: MembershipStatus) -> str:
    """What an answer says after a change that leaves a member below the threshold."""
    had = f"{status.amount:,} of {status.rule.in_words}"
    return f"Customer {status.customer.customer_id} is still a member, {had}."


def customer_json(customer: Customer) -> dict[str, Any]:
    """The customer as JSON values; `CustomerOut` describes them."""
    return {
        "_id": customer.id,
        **{field.name: field.type.to_json(field.of(customer)) for field in FIELDS},
        "createdAt": written_moment(customer.created_at),
        "updatedAt": written_moment(customer.updated_at),
        "version": customer.version,
    }


def warning_json(duplicate: LikelyDuplicate) -> dict[str, Any]:
    """The warning as JSON values; `WarningOut` describes them."""
    customer = duplicate.customer
    told = {"field": duplicate.field, "message": duplicate.message}
    return {**told, "customerId": customer.customer_id, "_id": customer.id}


def user_json(user: User) -> dict[str, Any]:
    """The account as JSON values; `UserOut` describes them."""
    return {
        "_id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role.value,
        "active": user.active,
        "createdAt": written_moment(user.created_at),
        "lastSignInAt": written_moment(user.last_sign_in_at) if user.last_sign_in_at else None,
    }


class DeletedOut(BaseModel):
    """A customer who was deleted. Who came back since is among the customers, here or later."""

    model_config = example(_DELETED)

    id: str = Field(alias="_id", description=ID)
    customer_id: str = Field(alias="customerId")
    deleted_at: datetime = Field(alias="deletedAt")


class CustomerPagination(Pagination):
    """Where a page is in its result; with `updatedSince` also who is not there any more, and how to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"page": 1, "limit": 10, "total": 1, "totalPages": 1}]})

    nextCursor: str | SkipJsonSchema[None] = Field(  # noqa: N815
        default=None, description="With `updatedSince`: what to send as `cursor` next time; to be kept with the data."
    )
    more: bool | SkipJsonSchema[None] = Field(
        default=None, description="With `updatedSince`: whether there is more already."
    )
    deleted: list[DeletedOut] | SkipJsonSchema[None] = Field(
        default=None, description="With `updatedSince`: who was deleted; to be applied before `data`."
    )


class CustomerListing(Listing[CustomerOut]):
    """One page of customers."""

    pagination: CustomerPagination
