import phonenumbers
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from kinso.database.search import helper_fields, names_one_of
from kinso.mirror.mirror import Mirror
from kinso.repository.conditions import Conditions, named, searched_for
from kinso.repository.mirrored import Happened, batches_of, key_of
from tests.support.phones import FORMATS, valid_numbers

MIRROR = Mirror()


def finds(query, country="", *, look_for=None, **document):
    document = {"_id": ObjectId(), "customerId": "C-1", "customerName": "Ada", "contactInfo": "none", **document}
    document["search"] = helper_fields(document, country)
    happened = Happened(whole={document["_id"]: document})
    MIRROR.apply(batches_of({"customers": happened}, lambda collection, ids: ()))
    asked = Conditions()
    asked.add(look_for(asked, query) if look_for else searched_for(asked, query, country))
    key = asked.given(key_of(document["_id"]))
    return bool(MIRROR.rows(f"SELECT key FROM customers WHERE key = {key} AND {asked}", asked.parameters))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("JOSE", "José"),
        ("lodz", "Łódź"),
        ("strasse", "Straße"),
        ("aeroskobing", "Ærøskøbing"),
        ("istanbul", "İstanbul"),
        ("রহিম", "রহিম উদ্দিন"),
        ("o'brien <b>", "O'Brien  <B>"),
        (".*", "a.*b"),
        ("(", "Ada (mother)"),
        ("a+b", "A+B"),
    ],
)
def test_a_text_is_found_whatever_its_case_accents_and_spacing(query, name):
    assert finds(query, customerName=name)


@pytest.mark.parametrize("query", [".*", "(", "[a", "^A", "$", "\\", "a|b"])
def test_a_search_text_is_never_a_pattern(query):
    assert not finds(query)


@pytest.mark.parametrize("query", ["+880 171", "880171", "(880) 171", "+880-171-234567", "0171234567"[2:]])
def test_a_phone_number_is_found_however_it_is_spaced(query):
    assert finds(query, contactInfo="+880 171-234 567")


latin = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F))


@given(latin, latin, latin)
def test_every_customer_is_found_by_any_part_of_their_name(before, part, after):
    assert finds(part.upper(), customerName=before + part + after)


@pytest.mark.parametrize(
    ("stored", "query", "country"),
    [
        ("01711-234567", "+8801711234567", "BD"),
        ("01711-234567", "+880 1711-234567", ""),
        ("01711-234567", "+880 1711-234567", "US"),
        ("+8801711234567", "01711-234567", "BD"),
        ("+8801711234567", "০১৭১১-২৩৪৫৬৭", "BD"),
        ("০১৭১১২৩৪৫৬৭", "01711 234", "BD"),
        ("01711-234567", "+880 1711-23", "BD"),
        ("01711-234567", "00880 1711", "BD"),
        ("01711-234567", "8801711", "BD"),
        ("+44 20 7946 0958", "020 7946 0958", "GB"),
        ("+44 20 7946 0958", "020 7946 0958", "BD"),
        ("020 7946 0958", "+44 (0)20 7946 0958", "GB"),
        ("+44 (0)20 7946 0958", "tel:+442079460958", ""),
        ("tel:+442079460958", "020‑7946‑0958", "GB"),
        ("+44 20 7946 0958", "+44 (0)20 79", ""),
        ("+46 70 174 06 79", "0701740679", "SE"),
        ("+46 70 174 06 79", "0701740679", ""),
        ("0701740679", "+46 70 174 06 79", "SE"),
        ("Ann, 01711-234567, House 12", "+8801711234567", "BD"),
        ("020 7946 0958 ext 12", "+44 20 7946 0958", "GB"),
        ("020 7946 0958 ext 12", "+44 20 7946 0958 x12", "GB"),
    ],
)
def test_a_number_is_found_in_any_notation(stored, query, country):
    assert finds(query, country, contactInfo=stored)


@pytest.mark.parametrize(
    ("stored", "query", "country"),
    [
        ("01711-234567", "+8801711234567", "GB"),
        ("+44 1711 234567", "+8801711234567", "BD"),
        ("020 7946 0958", "020 7946 0958 ext 12", "GB"),
        ("020 7946 0958 ext 13", "020 7946 0958 ext 12", "GB"),
        ("01711-234567", "01711-234568", "BD"),
    ],
)
def test_the_number_of_somebody_else_is_not_found(stored, query, country):
    assert not finds(query, country, contactInfo=stored)


@given(valid_numbers(), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_every_notation_of_a_number_finds_every_other(valid, stored, asked):
    region, number = valid
    contact, query = (phonenumbers.format_number(number, notation) for notation in (stored, asked))
    assert finds(query, region, contactInfo=contact)


def test_a_name_and_a_number_are_found_together():
    assert finds("karim +8801711234567", "BD", customerName="Sadia Karim", contactInfo="01711234567")
    assert not finds("rahim +8801711234567", "BD", customerName="Sadia Karim", contactInfo="01711234567")


@pytest.mark.parametrize(
    "query", ["Karim Sadia", "sadia karim", "kar sad", "Karim  SADIA C-1", "Karim, Sadia", "ann@x.com karim"]
)
def test_words_are_found_in_any_order(query):
    assert finds(query, customerName="Sadia Karim", contactInfo="ann@x.com")
    assert not finds(f"{query} rahman", customerName="Sadia Karim", contactInfo="ann@x.com")


def test_what_is_no_part_of_the_text_is_only_found_at_the_beginning_of_words():
    assert finds("person 4", customerName="Person 42")
    assert not finds("person 4", customerName="Person 14", customerId="C-4")


def test_names_are_found_by_their_words_in_any_order():
    sadia = {"customerId": "Smith", "customerName": "Sadia Karim", "contactInfo": "Jones"}
    assert finds("karim sadia", look_for=named, **sadia)
    assert not finds("karim smith", look_for=named, **sadia)


@pytest.mark.parametrize(
    ("query", "name"),
    [("O'Brien", "O’Brien"), ("Jean-Luc", "Jean‑Luc"), ('"Bob"', "“Bob”"), ("احمد", "أحمد"), ("বাড\u09bcি", "বা\u09dcি")],
)
def test_a_name_is_found_whatever_the_keyboard_makes_of_it(query, name):
    assert finds(query, customerName=name)
    assert finds(name, customerName=query)


@pytest.mark.parametrize(
    ("searched", "text"),
    [
        ("Karim Sadia", "Sadia Karim"),
        ("the one named Sadia Karim", "Sadia Karim"),
        ("karim", "Sadia Karim"),
        ("+880 1711 234567", "01711-234567"),
        ("sadia@example.com", "Sadia@Example.com"),
    ],
)
def test_a_search_that_tells_of_a_person_is_recognised(searched, text):
    assert names_one_of(searched, [text], "BD")


@pytest.mark.parametrize(("searched", "text"), [("rahman", "Sadia Karim"), ("", "Sadia"), ("0171", "01711-234567")])
def test_a_search_that_tells_of_nobody_is_left_alone(searched, text):
    assert not names_one_of(searched, [text], "BD")
