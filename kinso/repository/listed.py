"""Pages of a list in some order, at any depth, out of a table of the mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kinso.mirror.mirror import Answer
from kinso.repository.conditions import Conditions

Key = tuple[int, str | None]
"""The key of a customer, and the `_id` that another application gave, where it is none of MongoDB's own."""

_FAR = 5000
"""Rows; to find those who come before so many others, these have to be kept in order as well."""
_TEXTS = frozenset({"name_key", "contact_key"})
"""Columns that take long to order, and are in no order in which rows are added."""
_SAMPLE = 2
_MARGIN = 0.015
"""What is looked through of all rows on either side of the place where a page probably is."""


@dataclass(frozen=True)
class Order:
    """Columns, and whether each is ascending."""

    columns: tuple[tuple[str, bool], ...]

    def __str__(self) -> str:
        return ", ".join(f"{column} {'ASC' if is_ascending else 'DESC'}" for column, is_ascending in self.columns)

    def selected(self) -> list[str]:
        """What has to be selected to have the same order of what was selected."""
        return [column if column == name else f"{column} AS {name}" for column, name in self._names()]

    def of_selected(self) -> Order:
        """The order of what was selected."""
        names = (name for _, name in self._names())
        return Order(tuple((name, is_ascending) for name, (_, is_ascending) in zip(names, self.columns, strict=True)))

    def _names(self) -> list[tuple[str, str]]:
        columns = (column for column, _ in self.columns)
        return [(each, each if each.isidentifier() else f"place{number}") for number, each in enumerate(columns)]

    def reversed(self) -> Order:
        """The same from the other end."""
        return Order(tuple((column, not is_ascending) for column, is_ascending in self.columns))


@dataclass(frozen=True)
class Listed:
    """The `total` rows of a table that meet a condition."""

    answer: Answer
    table: str
    condition: str
    parameters: Mapping[str, Any]
    total: int = 0

    @classmethod
    def of(cls, answer: Answer, table: str, asked: Conditions) -> Listed:
        """Those that are asked for, counted."""
        listed = cls(answer, table, str(asked), asked.parameters)
        return replace(listed, total=listed._count("true"))

    def page(self, order: Order, skipped: int, limit: int) -> list[Key]:
        """At most `limit` rows after the first `skipped` ones in this order."""
        limit = min(limit, self.total - skipped)
        if limit <= 0:
            return []
        (first, is_ascending), *others = order.columns
        if first == "membership_status":
            for kind, before in self._kinds(is_member_first=not is_ascending):
                if before <= skipped and skipped + limit <= before + kind.total:
                    return kind.page(Order(tuple(others)), skipped - before, limit)
        # Whoever is nearer to the other end is found from there.
        if skipped > self.total // 2:
            return self._from(order.reversed(), self.total - skipped - limit, limit)[::-1]
        return self._from(order, skipped, limit)

    def _kinds(self, *, is_member_first: bool) -> list[tuple[Listed, int]]:
        """Members and non-members apart, each with how many come before them."""
        conditions = ["membership_status", "NOT membership_status"]
        first, last = conditions if is_member_first else conditions[::-1]
        count = self._count(first)
        return [
            (replace(self, condition=f"({self.condition}) AND {first}", total=count), 0),
            (replace(self, condition=f"({self.condition}) AND {last}", total=self.total - count), count),
        ]

    def _from(self, order: Order, start: int, limit: int) -> list[Key]:
        found = None
        if start >= _FAR and order.columns[0][0] in _TEXTS:
            found = self._near_by(order, start, limit)
        return self._rows("true", order, limit, start) if found is None else found

    def _near_by(self, order: Order, start: int, limit: int) -> list[Key] | None:
        """The page, if it is where a look at some rows makes it probable."""
        column, is_ascending = order.columns[0]
        share = start / self.total if is_ascending else 1 - start / self.total
        shares = [min(max(share + margin, 0.0), 1.0) for margin in (-_MARGIN, _MARGIN)]
        [(lowest, highest)] = self.answer(
            f"SELECT quantile_disc({column}, {shares[0]}), quantile_disc({column}, {shares[1]})"
            f" FROM {self.table} TABLESAMPLE SYSTEM ({_SAMPLE}%) WHERE {self.condition}",
            self.parameters,
        )
        if lowest is None:
            return None
        edge = {"lowest": lowest} if is_ascending else {"highest": highest}
        before = self._count(f"{column} < $lowest" if is_ascending else f"{column} > $highest", edge)
        if before > start:
            return None
        found = self._rows(
            f"{column} BETWEEN $lowest AND $highest",
            order,
            limit,
            start - before,
            {"lowest": lowest, "highest": highest},
        )
        return found if len(found) == limit else None

    def _rows(
        self, condition: str, order: Order, limit: int, start: int, bounds: Mapping[str, Any] | None = None
    ) -> list[Key]:
        return self.answer(
            f"SELECT key, odd_id FROM {self.table} WHERE ({self.condition}) AND {condition}"
            f" ORDER BY {order} LIMIT {limit} OFFSET {start}",
            {**self.parameters, **(bounds or {})},
        )

    def _count(self, condition: str, bounds: Mapping[str, Any] | None = None) -> int:
        sql = f"SELECT count(*) FROM {self.table} WHERE ({self.condition}) AND {condition}"
        return int(self.answer(sql, {**self.parameters, **(bounds or {})})[0][0])
