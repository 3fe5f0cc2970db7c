"""Use cases about the settings of the shop, and the rule about membership among them; periods in the shop's time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from kinso.database import country
from kinso.database.refolding import refold
from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.history import HistoryQuery
from kinso.models.purchases import LedgerQuery
from kinso.models.shop import MembershipRule, SettingsChange, ShopSettings
from kinso.models.times import moment_of
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.membership.eligibility import check_threshold
from kinso.services.permissions import use_case

Query = TypeVar("Query", LedgerQuery, HistoryQuery)
_WHILE_SOMEBODY_WAITS = 5000
"""Customers who are looked through in about a second."""
_OF_RULE = frozenset(MembershipRule.model_fields)
_OF_THRESHOLD = {"threshold", "threshold_basis"}


@use_case(Permission.READ)
def get_shop_settings(store: Store, actor: Actor) -> ShopSettings:
    """The settings, with defaults for what was never set."""
    return store.shop.get()


@use_case(Permission.SETTINGS)
def guess_country(store: Store, actor: Actor) -> str:
    """The country that the stored phone numbers, the time zone or the currency tell; nothing when none does."""
    return country.guess_country(store.connection.database)


@use_case(Permission.SETTINGS)
def save_shop_settings(store: Store, actor: Actor, settings: ShopSettings) -> ShopSettings:
    """Store the given settings and return all; what is not given keeps its value, also when others change it meanwhile.

    Another country changes by what customers are found; what of that takes long goes on in the background. Raises
    `InvalidInput` for a threshold that nobody could activate at.
    """
    saved = _save(store, actor, settings)
    if "country" in settings.model_fields_set:
        refold(store.connection, most=_WHILE_SOMEBODY_WAITS)
    return saved


@use_case(Permission.RULES)
def save_rule(store: Store, actor: Actor, rule: MembershipRule) -> ShopSettings:
    """Store what is given of the rule and return all settings; nobody becomes or ceases to be a member by that.

    Raises `InvalidInput` for a threshold that nobody could activate at.
    """
    return _save(
        store, actor, MembershipRule(**{name: getattr(rule, name) for name in rule.model_fields_set & _OF_RULE})
    )


@use_case(Permission.READ)
def list_settings_changes(
    store: Store, actor: Actor, fields: Iterable[str], *, limit: int = 50
) -> list[SettingsChange]:
    """Who changed any of these settings, newest first; `fields` are stored names such as `threshold`."""
    return store.shop.changes(fields, limit=limit)


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


def _save(store: Store, actor: Actor, settings: MembershipRule) -> ShopSettings:
    def work() -> ShopSettings:
        before = store.shop.get()
        if _OF_THRESHOLD & settings.model_fields_set:
            rule = before.model_copy(update=settings.model_dump(include=_OF_THRESHOLD, exclude_unset=True))
            check_threshold(rule.threshold, rule.basis.unit)
        store.shop.save(settings)
        after = store.shop.get()
        old, new = before.model_dump(by_alias=True), after.model_dump(by_alias=True)
        changed = [name for name in old if old[name] != new[name]]
        if changed:
            sides = ({name: side[name] for name in changed} for side in (old, new))
            store.shop.record(SettingsChange(now(), actor.name, *sides))
        return after

    return store.transact(work)
