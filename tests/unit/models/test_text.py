import re

import pytest

from kinso.models.field_types import Tags
from kinso.models.text import clean_lines, clean_text, searchable


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


@pytest.mark.parametrize("character", ["\t", "\x00", "\x07", "\u200b", "\u202e", "\ud800"])
def test_lines_hold_no_tabs_and_nothing_invisible(character):
    with pytest.raises(ValueError, match="tabs or invisible control characters"):
        clean_lines(f"Calls on Fridays\nAllergic{character} to nuts", longest=100)


@pytest.mark.parametrize("empty", ["\u200d\u200c", "\u3164", " \n\t\n"])
def test_lines_that_show_nothing_are_empty(empty):
    assert clean_lines(empty, longest=10) == ""


def test_lines_are_counted_together():
    assert clean_lines("12345\n7890 ", longest=10) == "12345\n7890"
    with pytest.raises(ValueError, match="at most 1,000 characters"):
        clean_lines("a\n" * 600, longest=1000)


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ([""], "have one that is empty; leave it out"),
        (["vip", "a,b"], "have one with a comma or a semicolon; make two tags of it"),
        (["a" * 41], "have one that is too long; use at most 40 characters"),
        (["a\u202eb"], "have one that contains a line break or an invisible control character; remove it"),
        ([1], "must be a list of texts"),
        ([{"$gt": ""}], "must be a list of texts"),
        ([["vip"]], "must be a list of texts"),
        ("vip", "must be a list of texts"),
    ],
)
def test_what_is_wrong_with_tags_is_said_of_one_of_them(tags, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Tags().accept(tags)
