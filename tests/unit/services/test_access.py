import importlib
import pkgutil
from itertools import pairwise

import pytest

from kinso import services
from kinso.errors import NotPermitted
from kinso.models.user import PERMISSIONS, Actor, Permission, Role
from kinso.services.access import USE_CASES

for module in pkgutil.iter_modules(services.__path__, "kinso.services."):
    importlib.import_module(module.name)


class Untouchable:
    """A store that fails the test as soon as anything is read from it."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was used before the permission was checked")


REFUSED = [
    pytest.param(case, role, id=f"{name.removeprefix('kinso.services.')}-{role}")
    for name, case in sorted(USE_CASES.items())
    for role in Role
    if case.permission not in PERMISSIONS[role]
]


@pytest.mark.parametrize(("case", "role"), REFUSED)
def test_a_role_without_the_permission_is_refused_before_anything_is_read(case, role):
    actor = Actor(user_id="1", name="Somebody", role=role, source="app")
    with pytest.raises(NotPermitted, match=role):
        case.function(Untouchable(), actor)


def test_every_role_may_do_what_the_one_before_it_may():
    for lower, higher in pairwise(Role):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]
    assert PERMISSIONS[Role.ADMIN] == set(Permission)


def test_the_use_cases_that_change_customers_demand_the_permission_of_their_kind():
    guarded = {name.rsplit(".", 1)[-1]: case.permission for name, case in USE_CASES.items()}
    assert guarded["delete_customer"] is Permission.DELETE
    assert guarded["activate_at_threshold"] is Permission.AUTO_ACTIVATE
    assert guarded["create_customer"] is Permission.CREATE
    assert guarded["save_edits"] is Permission.EDIT
