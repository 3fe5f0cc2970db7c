import pytest

from kinso.models.text import clean_text, searchable


@pytest.mark.parametrize("name", ["می‌خواهم", "👨‍👩‍👧", "Ann\u00a0Lee", "Müller", "عربي (أ)", "\ue000"])
def test_what_may_be_stored_can_be_searched_for(name):
    assert searchable(clean_text(name, shortest=1, longest=20)) == name


@pytest.mark.parametrize(
    ("pasted", "searched"),
    [
        ("Ann\tLee", "Ann Lee"),
        ("Ann\u2028Lee\n", "Ann Lee "),
        ("\u202eAnn\u200f", "Ann"),
        ("Ann\ud800", "Ann"),
        ("", ""),
    ],
)
def test_what_is_never_stored_does_not_keep_a_search_from_finding(pasted, searched):
    assert searchable(pasted) == searched
