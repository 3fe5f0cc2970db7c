import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kinso.models.transfer.cells import escape_formula, on_one_line, unescape_formula

NASTY = st.text(alphabet=st.sampled_from("'=+-@\t\r\n ＝＋－＠a1;,\"\u00a0é")) | st.text()


@given(NASTY)
@example("'=1+1")
@example("''' \t@x")
def test_an_escaped_text_comes_back_as_it_was(text):
    assert unescape_formula(escape_formula(text)) == text


@given(NASTY)
def test_no_escaped_text_starts_like_a_formula(text):
    assert not escape_formula(text).lstrip().startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize("text", ["Ada", "1+1", "", "'Ada'", "a@shop.com", "O’Connor", "12 Road"])
def test_harmless_text_is_not_escaped(text):
    assert escape_formula(text) == text


@pytest.mark.parametrize("text", ["+880 171 000", "=HYPERLINK()", "  -1", "\t=1", "＝1", "'@x"])
def test_what_could_run_gets_an_apostrophe(text):
    assert escape_formula(text) == f"'{text}"


def test_the_lines_of_an_address_are_joined_by_commas():
    assert on_one_line(" 12 Lake Road,\r\n\r\n Dhanmondi \nDhaka, ") == "12 Lake Road, Dhanmondi, Dhaka,"
    assert on_one_line("one line, as it is") == "one line, as it is"
    assert on_one_line("\n") == ""
