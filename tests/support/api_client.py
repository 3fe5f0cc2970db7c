"""A small typed client of the API, as another program would write one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, NotRequired, Required, Self, TypedDict
from urllib.parse import quote

import httpx


class Customer(TypedDict):
    _id: str
    customerId: str
    customerName: str
    contactInfo: str
    purchaseAmount: float
    membershipStatus: bool
    createdAt: str
    updatedAt: str
    version: int


class CustomerFields(TypedDict, total=False):
    customerId: str
    customerName: str
    contactInfo: str
    purchaseAmount: float
    membershipStatus: bool


class NewCustomer(CustomerFields, total=False):
    customerId: Required[str]
    customerName: Required[str]
    contactInfo: Required[str]


class Filters(TypedDict, total=False):
    search: str
    customerName: str
    membershipStatus: Literal["true", "false"]
    sortBy: str
    sortOrder: Literal["asc", "desc"]


class Statistics(TypedDict):
    totalCustomers: int
    members: int
    nonMembers: int
    newCustomersThisMonth: int
    averagePurchaseAmount: float
    totalPurchaseAmount: float


class Activation(TypedDict):
    updatedCount: int
    runId: str | None


class BulkRow(TypedDict):
    index: int
    customerId: str | None
    outcome: Literal["created", "updated", "unchanged", "failed"]
    customer: NotRequired[Customer]
    errors: NotRequired[list[dict[str, str]]]


class Bulk(TypedDict):
    runId: str | None
    created: int
    updated: int
    unchanged: int
    failed: int
    results: list[BulkRow]


class Run(TypedDict):
    _id: str
    kind: str
    status: str
    matched: int
    changed: int
    undoneBy: str | None


class Item(TypedDict):
    name: str
    quantity: NotRequired[float]
    unitPrice: float


class NewSale(TypedDict):
    customerId: str
    saleId: NotRequired[str]
    amount: NotRequired[float]
    date: NotRequired[str]
    items: NotRequired[list[Item]]
    paymentMethod: NotRequired[str]
    note: NotRequired[str]


class LedgerEntry(TypedDict):
    saleId: str
    customer: str
    kind: Literal["sale", "refund", "opening", "adjustment"]
    amount: float
    date: str
    items: list[Item]
    refundOf: str | None


class Recorded(LedgerEntry):
    purchaseAmount: float
    membershipStatus: bool
    spent: float
    threshold: float
    belowThreshold: bool
    activated: bool
    repeated: bool


class Refused(Exception):
    """The API said no; `fields` are those that it named."""

    def __init__(self, status: int, content: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(content["message"])
        self.status = status
        self.fields = [error["field"] for error in content.get("errors", [])]
        self.headers = headers


class ShopClient:
    """Every call that creates gets a key of its own, so that it can be repeated after a lost connection."""

    def __init__(self, address: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=f"{address}/api", headers=headers, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.close()

    def customers(self, filters: Filters | None = None, *, page_size: int = 100) -> Iterator[Customer]:
        """All customers of a filter, page by page."""
        page, pages = 1, 1
        while page <= pages:
            parameters = {**(filters or {}), "page": page, "limit": page_size}
            content = self._call("GET", "/customers", params=parameters)
            yield from content["data"]
            pages, page = content["pagination"]["totalPages"], page + 1

    def customer(self, id: str) -> Customer:
        return self._data("GET", f"/customers/{id}")

    def register(self, new: NewCustomer, *, key: str | None = None) -> Customer:
        return self._data("POST", "/customers", json=new, headers=_keyed(key))

    def change(self, customer: Customer, changes: CustomerFields) -> Customer:
        """Change what was seen; refused with 412 when it was changed by someone else meanwhile."""
        return self._data("PUT", f"/customers/{customer['_id']}", json=changes, headers=_seen(customer))

    def delete(self, customer: Customer) -> Customer:
        return self._data("DELETE", f"/customers/{customer['_id']}", headers=_seen(customer))

    def set_membership(self, customer: Customer, status: bool) -> Customer:
        path = f"/customers/membership/update/{customer['_id']}"
        return self._data("PUT", path, json={"membershipStatus": status}, headers=_seen(customer))

    def by_status(self, status: bool, *, limit: int = 100) -> list[Customer]:
        path = f"/customers/membership/by-status/{'true' if status else 'false'}"
        return self._data("GET", path, params={"limit": limit})

    def activate(self, threshold: float, *, dry_run: bool = False, key: str | None = None) -> Activation:
        body = {"threshold": threshold, "dryRun": dry_run}
        return self._data("POST", "/customers/membership/auto-activate", json=body, headers=_keyed(key))

    def statistics(self) -> Statistics:
        return self._data("GET", "/customers/stats")

    def save_all(
        self, rows: Sequence[CustomerFields], mode: Literal["all-or-nothing", "per-row"], *, key: str | None = None
    ) -> Bulk:
        body = {"mode": mode, "customers": list(rows)}
        return self._data("POST", "/customers/bulk", json=body, headers=_keyed(key))

    def export(self, filters: Filters | None = None, flavour: Literal["excel", "raw"] = "raw") -> bytes:
        answer = self._client.get("/customers/export", params={**(filters or {}), "flavour": flavour})
        if answer.is_error:
            raise Refused(answer.status_code, answer.json(), answer.headers)
        return answer.content

    def runs(self) -> list[Run]:
        return self._data("GET", "/runs")

    def run(self, id: str) -> Run:
        return self._data("GET", f"/runs/{id}")

    def undo(self, id: str) -> Run:
        return self._data("POST", f"/runs/{id}/undo", headers=_keyed(None))

    def sell(self, sale: NewSale) -> Recorded:
        """Record a purchase; with a `saleId` it can be sent again, otherwise the key sees to it."""
        return self._data("POST", "/sales", json=sale, headers=_keyed(None))

    def refund(self, sale_id: str, amount: float | None = None) -> Recorded:
        body = {} if amount is None else {"amount": amount}
        return self._data("POST", f"/sales/{quote(sale_id, safe='')}/refund", json=body, headers=_keyed(None))

    def sales(self, customer: Customer) -> list[LedgerEntry]:
        return self._data("GET", f"/customers/{customer['_id']}/sales", params={"limit": 1000})

    def _data(self, method: str, path: str, **request: Any) -> Any:
        return self._call(method, path, **request)["data"]

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = self._client.request(method, path, **request)
        content: dict[str, Any] = answer.json()
        if not content["success"]:
            raise Refused(answer.status_code, content, answer.headers)
        return content


def _seen(customer: Customer) -> dict[str, str]:
    return {"If-Match": f'"v{customer["version"]}"'}


def _keyed(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid.uuid4())}
