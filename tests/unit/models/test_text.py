import pytest

from kinso.models.text import clean_text, searchable


@pytest.mark.parametrize(
    "text", ["\u200b\u200b\u200b", "\u200d\u200c\u200d", "\u3164\u3164\u3164", "\u2060\ufeff\u00ad"]
)
@pytest.mark.parametrize("is_id", [True, False])
def test_a_text_that_shows_nothing_is_empty(text, is_id):
    with pytest.raises(ValueError, match="is required"):
        clean_text(text, shortest=1, longest=20, is_id=is_id)


def test_what_shows_nothing_does_not_make_a_short_text_long_enough():
    with pytest.raises(ValueError, match="too short"):
        clean_text("A\u200d\u200d", shortest=2, longest=20)


@pytest.mark.parametrize(
    "invisible", ["\u200b", "\u00ad", "\u2060", "\u200e", "\u202e", "\u200d", "\u034f", "\u3164", "\ufe0f"]
)
def test_an_id_holds_nothing_invisible(invisible):
    with pytest.raises(ValueError, match="invisible"):
        clean_text(f"T-1{invisible}", shortest=3, longest=64, is_id=True)


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\u2060", "\u202e", "\ufeff", "\U000e0041"])
def test_a_name_holds_nothing_invisible_but_joiners(invisible):
    with pytest.raises(ValueError, match="invisible"):
        clean_text(f"Ann{invisible} Lee", shortest=2, longest=64)


@pytest.mark.parametrize("name", ["❤\ufe0f Anna", "می‌خواهم", "👨‍👩‍👧", "Ann\u00a0Lee", "Müller", "عربي (أ)", "\ue000"])
def test_what_may_be_stored_can_be_searched_for(name):
    assert searchable(clean_text(name, shortest=1, longest=20)) == name


@pytest.mark.parametrize(
    ("pasted", "searched"),
    [
        ("Ann\tLee", "Ann Lee"),
        ("Ann\u2028Lee\n", "Ann Lee "),
        ("\u202eAnn\u200f", "Ann"),
        ("An\u200bn\u00ad", "Ann"),
        ("Ann\ud800", "Ann"),
        ("", ""),
    ],
)
def test_what_is_never_stored_does_not_keep_a_search_from_finding(pasted, searched):
    assert searchable(pasted) == searched
