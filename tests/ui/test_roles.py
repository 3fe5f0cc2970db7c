"""Pages that are not for every role; the table of use cases says who may do what on them."""

import pytest

from kinso.models.accounts import Role

HIGHEST_REFUSED = {
    "register": (Role.ANALYST, "Only for staff"),
    "imports": (Role.ANALYST, "Only for staff"),
    "trash": (Role.STAFF, "Only for managers"),
    "users": (Role.MANAGER, "Only for administrators"),
    "settings": (Role.MANAGER, "Only for administrators"),
}


@pytest.mark.parametrize(("name", "refused"), HIGHEST_REFUSED.items())
def test_whoever_may_not_open_a_page_reads_that_in_its_place_and_nothing_of_it(open_page, name, refused):
    role, title = refused
    page = open_page(name, role)
    assert [each.value for each in page.title] == [title]
    assert page.warning[0].value.startswith(f"The role {role} may not open this page")
    assert not page.main.button
