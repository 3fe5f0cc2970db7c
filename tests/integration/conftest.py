"""What integration tests share besides the database."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from tests.support.ledger import enter_purchase


@pytest.fixture
def enter(store) -> Callable[..., None]:
    """Puts an entry into the ledger as it is stored: `enter(customer, "12.50", sold_at, kind="refund")`.

    The customer's purchase amount stays as it is.
    """

    def enter(customer, amount: str, sold_at: datetime, **options: object) -> None:
        enter_purchase(store, customer, Decimal(amount), sold_at, **options)

    return enter
