import pytest

from kinso.models.transfer.cells import is_damaged, undamaged_forms


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("7", "007"),
        ("1711234567", "01711234567"),
        ("1711234567.0", "01711234567"),
        ("8801711234567", "+8801711234567"),
        ("8.80171E+12", "+8801711234567"),
        ("8,80171E+12", "8801711234567"),
        ("1.00E+05", "1E5"),
        ("100000", "1E5"),
        ("0", "000"),
        ("1.1", "1.10"),
        ("1,1", "1.10"),
    ],
)
def test_what_a_spreadsheet_made_of_a_text_is_recognised(cell, text):
    assert is_damaged(cell, text)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("7", "7"),
        ("8", "007"),
        ("8.80172E+12", "+8801711234567"),
        ("Ada", "007"),
        ("01711234567", "1711234567"),
        ("+1711234567", "01711234567"),
        ("7", "C-7"),
        ("", "007"),
    ],
)
def test_an_edit_is_no_damage(cell, text):
    assert not is_damaged(cell, text)


def test_what_a_number_may_have_been():
    forms = list(undamaged_forms("7"))
    assert {"+7", "07", "007"} <= set(forms)
    assert "7" not in forms
    assert next(undamaged_forms("7.0")) == "7"
    assert list(undamaged_forms("C-7")) == []
