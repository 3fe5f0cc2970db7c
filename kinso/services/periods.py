"""From when until when: what is written without a zone is meant in the shop's."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from kinso.errors import FieldError, InvalidInput
from kinso.models.history import HistoryQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.times import moment_of
from kinso.repository.store import Store

Query = TypeVar("Query", LedgerQuery, HistoryQuery)


def in_the_shops_time(store: Store, query: Query) -> Query:
    """The query with moments for whatever it was given; raises `InvalidInput` for what is none."""
    given = {name: value for name in ("since", "until") if (value := getattr(query, name)) is not None}
    if not given:
        return query
    zone = store.shop.get().zone
    moments: dict[str, datetime] = {}
    errors = []
    for name, value in given.items():
        try:
            moments[name] = moment_of(value, zone)
        except ValueError as error:
            errors.append(FieldError(name, f"{name} {error}."))
    if errors:
        raise InvalidInput(errors)
    return query.model_copy(update=moments)
