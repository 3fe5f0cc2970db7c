"""What makes a function a use case: its permission is checked before it runs, and no driver error leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from kinso.errors import NotPermitted
from kinso.models.accounts import Actor, Permission
from kinso.repository.store import Store
from kinso.services.accounts.secrets import note

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True)
class UseCase:
    """A registered use case, for tests that go through every permission and role."""

    name: str
    permission: Permission
    function: Callable[..., Any]


USE_CASES: dict[str, UseCase] = {}


def use_case(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[Store, Actor, Parameters], Result]],
    Callable[Concatenate[Store, Actor, Parameters], Result],
]:
    """Demand `permission` of the actor; raises `NotPermitted` before anything is read or written."""

    def decorate(
        function: Callable[Concatenate[Store, Actor, Parameters], Result],
    ) -> Callable[Concatenate[Store, Actor, Parameters], Result]:
        @wraps(function)
        def checked(store: Store, actor: Actor, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            demand(actor, permission)
            with store.guarded():
                return function(store, actor, *args, **kwargs)

        name = _name_of(function)
        USE_CASES[name] = UseCase(name, permission, checked)
        return checked

    return decorate


def permission_of(use_case: Callable[..., Any]) -> Permission:
    """What a use case demands; raises `KeyError` for a function that is none."""
    return USE_CASES[_name_of(use_case)].permission


def may(actor: Actor, use_case: Callable[..., Any]) -> bool:
    """Whether to offer what the use case does; it demands the permission again."""
    return actor.may(permission_of(use_case))


def _name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def demand_all(actor: Actor, needed: Mapping[Permission, bool]) -> None:
    """Raise `NotPermitted` when the actor's role lacks one of the permissions that are needed."""
    for permission, is_needed in needed.items():
        if is_needed:
            demand(actor, permission)


def demand(actor: Actor, permission: Permission) -> None:
    """Raise `NotPermitted` when the actor's role does not include `permission`."""
    if not actor.may(permission):
        note("not permitted", user=actor.user_id, role=actor.role, permission=permission, source=actor.source)
        raise NotPermitted(f"Your role ({actor.role}) does not allow this; ask an administrator for the permission.")
