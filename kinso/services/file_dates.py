"""Dates of one file: all of them have the day and the month in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from kinso.models.transfer.cells import ExportedMoment
from kinso.models.transfer.dates import DateOrder, order_that_shows, possible_orders, read_moment
from kinso.services.csv_reading import CsvFile, MalformedRow, Record

Seen = Callable[[Record], ExportedMoment | None]


@dataclass(frozen=True)
class FileDates:
    """Reads the dates in `fields`; they are before `latest`, in `zone` when they name none.

    `told` is the order of day and month where somebody told it; otherwise all rows are looked at. `seen` tells what a
    row had in the first field when it was exported.
    """

    file: CsvFile
    fields: Sequence[str]
    zone: ZoneInfo
    latest: datetime
    told: DateOrder | None
    seen: Seen

    def read(self, text: str, seen: ExportedMoment | None) -> datetime:
        """The moment in a cell; that of the export, exactly, when the cell still shows it.

        Raises ValueError with a sentence part that follows the field's name.
        """
        if seen and order_that_shows(text, seen.shown):
            return seen.utc
        order = self.told or (self._order_in_file if self.is_open(text) else None)
        return read_moment(text, self.zone, self.latest, order)

    def is_open(self, text: str) -> bool:
        """Whether only the other rows can tell what comes first here."""
        return self.told is None and len(possible_orders(text)) > 1

    @property
    def is_order_known(self) -> bool:
        """Whether the order of day and month was told or can be told by some row."""
        return (self.told or self._order_in_file) is not None

    @cached_property
    def _order_in_file(self) -> DateOrder | None:
        """The order that all rows agree about; None when no row tells, or one tells another than another."""
        found: set[DateOrder] = set()
        try:
            for record in self.file.records():
                found.update(self._orders_of(record))
        except MalformedRow:
            pass
        return next(iter(found)) if len(found) == 1 else None

    def _orders_of(self, record: Record) -> set[DateOrder]:
        found: set[DateOrder] = set()
        for field in self.fields:
            orders = possible_orders(record.cells.get(field, ""))
            if len(orders) == 1:
                found |= orders
        open_cell = record.cells.get(self.fields[0], "")
        if len(possible_orders(open_cell)) > 1 and (seen := self.seen(record)):
            shown = order_that_shows(open_cell, seen.shown)
            if shown and shown != "any":
                found.add(shown)
        return found
