"""Customers by the IDs that people type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kinso.errors import AmbiguousCustomerId
from kinso.models.customers import Customer
from kinso.models.folding import id_key


class ByCustomerId:
    """Finds each of some customers by its ID in any letter case.

    Where an earlier application stored IDs that differ in nothing else, only the exact one means a customer.
    """

    def __init__(self, customers: Iterable[Customer]) -> None:
        self._alike: dict[str, list[Customer]] = {}
        for customer in customers:
            self._alike.setdefault(id_key(customer.customer_id), []).append(customer)

    def __contains__(self, customer_id: str) -> bool:
        """Whether the ID is taken."""
        return id_key(customer_id) in self._alike

    def __iter__(self) -> Iterator[Customer]:
        return (customer for alike in self._alike.values() for customer in alike)

    def get(self, customer_id: str) -> Customer | None:
        """The customer with this ID; raises `AmbiguousCustomerId`."""
        alike = self._alike.get(id_key(customer_id), [])
        if len(alike) < 2:
            return alike[0] if alike else None
        for wanted in (customer_id, customer_id.strip()):
            exact = [customer for customer in alike if customer.customer_id == wanted]
            if len(exact) == 1:
                return exact[0]
        raise AmbiguousCustomerId(customer_id, [customer.customer_id for customer in alike])
