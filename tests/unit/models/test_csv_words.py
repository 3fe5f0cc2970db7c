import pytest

from kinso.models.transfer.amounts import read_flag, read_payment_method


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "YES",
        " 1 ",
        "Member",
        "WAHR",
        "Ja",
        "oui",
        "Vrai",
        "sí",
        "SI",
        "VERDADERO",
        "vero",
        "sim",
        "হ্যাঁ",
        "১",
        "是",
        "да",
    ],
)
def test_membership_words_mean_a_member(text):
    assert read_flag(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "False",
        "no",
        "0",
        "non-member",
        "Non member",
        "FALSCH",
        "nein",
        "non",
        "FAUX",
        "FALSO",
        "não",
        "না",
        "০",
        "否",
        "нет",
    ],
)
def test_other_membership_words_mean_no_member(text):
    assert read_flag(text) is False


@pytest.mark.parametrize("text", ["maybe", "2", "", "-"])
def test_a_word_that_is_no_membership_is_refused(text):
    with pytest.raises(ValueError, match="true or false"):
        read_flag(text)


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("Visa", "card"),
        ("MASTERCARD", "card"),
        ("Master Card", "card"),
        ("Visa **** 4242", "card"),
        ("AMEX", "card"),
        ("Debit card", "card"),
        ("EC-Karte", "card"),
        ("Tarjeta de crédito", "card"),
        ("Bar", "cash"),
        ("Efectivo", "cash"),
        ("নগদ", "cash"),
        ("bKash", "mobile"),
        ("Apple Pay", "mobile"),
        ("Bank transfer", "transfer"),
        ("Überweisung", "transfer"),
        ("PayPal", "other"),
        ("Gift card", "other"),
        (" Card ", "card"),
    ],
)
def test_a_way_to_pay_is_known_by_its_brand_and_in_other_languages(text, method):
    assert read_payment_method(text) == method


def test_an_unknown_way_to_pay_is_refused():
    with pytest.raises(ValueError, match="“shells” is not understood; write cash, card"):
        read_payment_method("shells")
