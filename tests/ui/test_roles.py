"""Pages that are not for every role; the table of use cases says who may do what on them."""

import pytest

from kinso.models.accounts import Role

HIGHEST_REFUSED = {
    "register": Role.ANALYST,
    "imports": Role.ANALYST,
    "trash": Role.STAFF,
    "users": Role.MANAGER,
    "settings": Role.MANAGER,
}


@pytest.mark.parametrize(("name", "role"), HIGHEST_REFUSED.items())
def test_whoever_may_not_open_a_page_reads_that_in_its_place_and_nothing_of_it(open_page, name, role):
    page = open_page(name, role)
    assert [title.value for title in page.title] == ["Not for your role"]
    assert page.warning[0].value.startswith(f"The role {role} may not open this page")
    assert not page.main.button
