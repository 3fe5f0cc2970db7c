"""Typed text within sentences."""

import pytest

from kinso.models.text import searchable
from kinso.ui.customers.words import isolated, kept_apart


@pytest.mark.parametrize("text", ["محمد العلوي", "לאה", "Ada ليلى"])
def test_a_right_to_left_text_does_not_reorder_what_stands_beside_it(text):
    assert kept_apart(text) == f"\u2068{text}\u2069"


@pytest.mark.parametrize("text", ["Till-1", "Ångström", "王小明", "🎉", "+880 171", ""])
def test_any_other_text_is_copied_from_the_page_as_it_was_typed(text):
    assert kept_apart(text) == text
    assert "\u2068" not in isolated(text)


def test_what_was_copied_with_its_isolation_is_found_all_the_same():
    assert searchable(kept_apart("ليلى")) == "ليلى"
