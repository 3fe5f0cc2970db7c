"""What is done to a field of many, and taken back when others edited it since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.edits import lines_taken_back, tag_set, tags_taken_back, with_lines, without_tags
from kinso.models.field_types import Lines, Tags
from kinso.models.text import fold

WORDS = st.lists(st.sampled_from(["a", "A", "b", "c", "d e"]), max_size=5).map(tag_set)


@given(before=WORDS, added=WORDS, later=WORDS)
def test_tags_that_were_added_go_and_those_that_others_added_stay(before, added, later):
    after = Tags().edited("add", before, added)
    value = Tags().edited("add", after, later)
    left = tags_taken_back(before, after, value)
    assert set(map(fold, left)) == set(map(fold, value)) - (set(map(fold, after)) - set(map(fold, before)))


@given(before=WORDS, removed=WORDS)
def test_tags_that_were_removed_come_back(before, removed):
    assert tags_taken_back(before, without_tags(before, removed), without_tags(before, removed)) == before


@pytest.mark.parametrize(
    ("before", "added", "value", "left"),
    [
        ("", "new", "new", ""),
        ("old", "new", "old\nnew", "old"),
        ("old", "new", "old\nnew\nlater", "old\nlater"),
        ("old", "new", "edited\nnew", "edited"),
        ("old", "new\nlines", "old\nnew\nlines\nlater", "old\nlater"),
        ("old", "new", "old", None),
        ("old", "new", "old\nnewer", None),
        ("old", "new", "new\nx\nnew", None),
    ],
)
def test_lines_that_were_added_go_where_they_are_as_they_were(before, added, value, left):
    assert lines_taken_back(before, with_lines(before, added), value) == left


def test_a_text_that_was_replaced_comes_back_only_while_nobody_changed_it():
    assert lines_taken_back("old", "other", "other") == "old"
    assert lines_taken_back("old", "other", "third") is None


def test_what_is_too_much_for_a_field_is_refused():
    with pytest.raises(ValueError, match="longer than 5"):
        Lines(longest=5).edited("append", "abc", "de")
    with pytest.raises(ValueError, match="more than 2"):
        Tags(most=2).edited("add", ("a", "b"), ("c",))
    assert Tags(most=2).edited("add", ("a", "b"), ("B",)) == ("a", "b")
