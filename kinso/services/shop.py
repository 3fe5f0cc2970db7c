"""Use cases about the settings of the shop."""

from __future__ import annotations

from kinso.models.shop import ShopSettings
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
    """Replace the settings; raises `InvalidInput` for a threshold that nobody could activate at."""
    check_threshold(settings.threshold)
    store.shop.save(settings)
    return settings
