"""The compared forms of texts and IDs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.text import fold, id_key, sale_key

any_text = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O’Brien", "O'Brien"),
        ("O‘Brien", "Oʼbrien"),
        ("O´Brien", "O`Brien"),
        ("“Bob”", '"Bob"'),
        ("«Bob»", "„Bob“"),
        ("Jean‑Luc", "Jean-Luc"),
        ("Jean–Luc", "Jean−Luc"),
        ("Ｊｅａｎ－Ｌｕｃ", "Jean-Luc"),
        ("می‌خواهم", "میخواهم"),
        ("র‍্যাব", "র্যাব"),
        ("أحمد", "احمد"),
        ("إيمان", "ایمان"),
        ("فاطمة", "فاطمه"),
        ("ليلى", "ليلي"),
        ("کریم", "كريم"),
        ("مـحـمـد", "مُحَمَّد"),
        ("বাড\u09bcি", "বা\u09dcি"),
        ("রা\u09df", "রায\u09bc"),
        ("ইউসুফ অ\u09beলী", "ইউসুফ আলী"),
        ("ক\u09c7\u09beন", "ক\u09cbন"),
        ("উৎপল", "উত্‍পল"),
        ("০১৭১১", "01711"),
        ("٠١٧", "۰۱۷"),
        ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
        ("שלום", "שלומ"),
        ("ISPARTA", "ısparta"),
        ("İstanbul", "ISTANBUL"),
        ("ｶﾞ", "ガ"),
    ],
)
def test_ways_to_write_the_same_are_one(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ড", "\u09dc"), ("য", "\u09df"), ("か", "が"), ("й", "и"), ("ї", "і"), ("گ", "ک"), ("پ", "ب"), ("ฺสุด", "สูด")],
)
def test_letters_that_are_two_to_those_who_write_them_stay_two(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(text=any_text)
def test_a_text_is_folded_the_same_composed_and_taken_apart(form, text):
    assert fold(unicodedata.normalize(form, text)) == fold(text)


@given(any_text)
def test_folding_twice_changes_nothing(text):
    for form in (fold, id_key, sale_key):
        assert form(form(text)) == form(text)


@pytest.mark.parametrize(
    "same",
    [
        "C\u20101",
        "C\u20111",
        "C\u20131",
        "C\u20141",
        "C\u22121",
        "C\uff0d1",
        "c-1",
        "Ｃ－１",
        " C-1 ",
        "\u0421-1",
        "\u03f9-1".replace("\u03f9", "C"),
        "C-১",
        "C-1\u200b",
    ],
)
def test_ids_that_look_the_same_are_the_same(same):
    assert id_key(same) == id_key("C-1")


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2003", "  ", "\u3000", " \u00a0"])
def test_kinds_of_space_make_no_other_id(space):
    assert id_key(f"AB{space}1") == id_key("ab 1")
    assert sale_key(f"AB{space}1") == "AB 1"


@pytest.mark.parametrize(
    ("one", "other"),
    [("É1x", "E1x"), ("C-O", "C-0"), ("C-1", "C1"), ("C-1", "C 1"), ("C_1", "C-1"), ("Cl1", "CI1"), ("й1", "и1")],
)
def test_ids_that_look_different_are_different(one, other):
    assert id_key(one) != id_key(other)


def test_letter_case_makes_another_sale_but_no_other_customer():
    assert id_key("Ab-1") == id_key("aB-1")
    assert sale_key("Ab-1") != sale_key("aB-1")


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="`"), min_size=1))
def test_plain_sale_ids_are_their_own_form(sale_id):
    assert sale_key(sale_id) == sale_id


@given(st.from_regex(r"[ -~]{1,20}", fullmatch=True))
def test_an_id_with_something_invisible_in_it_is_the_same_id(customer_id):
    for form in (id_key, sale_key):
        assert form(customer_id) == form(f"{customer_id}\u200b")
