"""Use cases about the settings of the shop, and the rule about membership among them."""

from __future__ import annotations

from kinso.models.shop import MembershipRule, ShopSettings
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.membership import check_threshold


@use_case(Permission.READ)
def get_shop_settings(store: Store, actor: Actor) -> ShopSettings:
    """The settings, with defaults for what was never set."""
    return store.shop.get()


@use_case(Permission.SETTINGS)
def save_shop_settings(store: Store, actor: Actor, settings: ShopSettings) -> ShopSettings:
    """Store the given settings and return all; what is not given keeps its value, also when others change it meanwhile.

    Raises `InvalidInput` for a threshold that nobody could activate at.
    """
    return _save(store, settings)


@use_case(Permission.RULES)
def save_rule(store: Store, actor: Actor, rule: MembershipRule) -> ShopSettings:
    """Store what is given of the rule and return all settings; nobody becomes or ceases to be a member by that.

    Raises `InvalidInput` for a threshold that nobody could activate at.
    """
    return _save(store, MembershipRule(**{name: getattr(rule, name) for name in rule.model_fields_set & _OF_RULE}))


_OF_RULE = frozenset(MembershipRule.model_fields)


def _save(store: Store, settings: MembershipRule) -> ShopSettings:
    if "threshold" in settings.model_fields_set:
        check_threshold(settings.threshold)
    store.shop.save(settings)
    return store.shop.get()
