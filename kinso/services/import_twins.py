"""New customers of a file who may be known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.transfer.plans import MOST_TWINS_SHOWN, KnownAlready
from kinso.repository.store import Store
from kinso.services.likely_twins import find_likely_twins


@dataclass
class TwinsOfNew:
    """All of them counted, the first ones kept; looking for them takes as long as reading the file."""

    store: Store
    actor: Actor
    is_wanted: bool
    count: int = 0
    first: list[KnownAlready] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Nobody is told about customers whom they may not register, and in an empty shop there is nobody to be found.
        may = self.actor.may(Permission.CREATE)
        self.is_wanted = self.is_wanted and may and self.store.customers.count(CustomerQuery()) > 0

    def look_for(self, rows: Sequence[tuple[int, CustomerDraft]]) -> None:
        """Whether somebody is stored who may be one of these, each with the number of the row."""
        if not rows or not self.is_wanted:
            return
        found = find_likely_twins(self.store, self.actor, [draft for _, draft in rows])
        for (row, draft), twins in zip(rows, found, strict=True):
            if not twins:
                continue
            self.count += 1
            if len(self.first) < MOST_TWINS_SHOWN:
                self.first.append(KnownAlready(row, draft.customer_id, draft.customer_name, twins[0]))
