"""What makes a customer a member without a person deciding on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kinso.models.shop import ThresholdBasis


@dataclass(frozen=True)
class Rule:
    """Whoever spent at least `threshold` may be a member; purchases count from `since` on.

    Without `since` the whole purchase amount counts, as it is stored with the customer.
    """

    threshold: Decimal
    since: datetime | None = None

    @property
    def basis(self) -> ThresholdBasis:
        """What is compared with the threshold."""
        return "lifetime" if self.since is None else "last-12-months"
