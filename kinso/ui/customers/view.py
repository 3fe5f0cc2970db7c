"""Which customers are shown, in what order and on which page, and how the address says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from kinso.models.customers import LONGEST_SEARCH, CustomerQuery, SortField
from kinso.models.text import searchable
from kinso.models.validation import LABELS
from kinso.services.transfer.exports import Flavour
from kinso.ui.wording import counted, number

SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50
MEMBERSHIPS: dict[str, tuple[bool | None, bool | None]] = {
    "All": (None, None),
    "Members": (True, None),
    "Non-members": (False, None),
    "Eligible": (None, True),
}
"""What each choice asks of the membership and of the eligibility."""
SORTS: dict[str, SortField] = {
    LABELS["customerId"]: "customerId",
    LABELS["customerName"]: "customerName",
    LABELS["contactInfo"]: "contactInfo",
    LABELS["purchaseAmount"]: "purchaseAmount",
    LABELS["membershipStatus"]: "membershipStatus",
    LABELS["createdAt"]: "createdAt",
    LABELS["updatedAt"]: "updatedAt",
}
ORDERS: dict[str, Literal["asc", "desc"]] = {"Ascending": "asc", "Descending": "desc"}
DOWNLOAD = "/download/customers.csv"


@dataclass(frozen=True)
class View:
    """A query and the part of its result that is on screen; `page` counts from 1."""

    query: CustomerQuery
    page: int
    size: int

    @property
    def first(self) -> int:
        """The place in the whole result of the first customer shown, counted from 1."""
        return (self.page - 1) * self.size + 1


def query_of(*, search: str, name: str, membership: str, sort: str, order: str) -> CustomerQuery:
    """The query behind what the filter controls show; what cannot be searched for is left out."""
    membership_status, eligible = MEMBERSHIPS.get(membership, (None, None))
    return CustomerQuery(
        search=searchable(search)[:LONGEST_SEARCH],
        customer_name=searchable(name)[:LONGEST_SEARCH],
        membership_status=membership_status,
        eligible=eligible,
        sort_by=SORTS.get(sort, "createdAt"),
        sort_order=ORDERS.get(order, "desc"),
    )


def controls_of(view: View) -> dict[str, str | int]:
    """The value of each filter control, by the name it has in the address."""
    query = view.query
    return {
        "q": query.search,
        "name": query.customer_name,
        "member": _key(MEMBERSHIPS, (query.membership_status, query.eligible)),
        "sort": _key(SORTS, query.sort_by),
        "order": _key(ORDERS, query.sort_order),
        "size": view.size,
        "page": view.page,
    }


def range_in_words(view: View, shown: int, total: int) -> str:
    """`1–50 of 2,357 customers`."""
    if not shown:
        return counted(total, "customer")
    return f"{number(view.first)}–{number(view.first + shown - 1)} of {counted(total, 'customer')}"


def filter_in_words(query: CustomerQuery) -> str:
    """What a query leaves out, such as `members whose name contains “an”`; typed text is in it as typed."""
    kind = {None: "customers", True: "members", False: "non-members"}[query.membership_status]
    if query.eligible:
        kind = f"eligible {kind}"
    conditions = []
    if query.search.strip():
        conditions.append(f"ID, name or contact contains “{query.search.strip()}”")
    if query.customer_name.strip():
        conditions.append(f"name contains “{query.customer_name.strip()}”")
    return f"{kind} whose {' and '.join(conditions)}" if conditions else f"all {kind}"


def download_address(query: CustomerQuery, flavour: Flavour) -> str:
    """Where the whole result of a query is to be had as a file."""
    chosen = {"flavour": flavour, **query.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
    flags = {name: str(value).lower() for name, value in chosen.items() if isinstance(value, bool)}
    return f"{DOWNLOAD}?{urlencode({**chosen, **flags})}"


def _key(options: Mapping[str, object], value: object) -> str:
    return next(key for key, option in options.items() if option == value)
