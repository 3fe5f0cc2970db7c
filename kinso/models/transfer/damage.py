"""What a spreadsheet does to IDs and phone numbers: it takes them for numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from kinso.models.transfer.cells import ascii_digits

_SCIENTIFIC = re.compile(r"(?P<digits>\d(?:[.,]\d+)?)E[+-]?\d{1,3}", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<digits>\d+)(?:[.,]0+)?")
_WHOLE = re.compile(r"\+?\d+(?:\.\d+)?")
_WITHOUT_ZEROS = re.compile(r"(?:0|[1-9]\d*)(?:[.,]\d+)?")
_MOST_ZEROS = 20


def is_damaged(cell: str, text: str) -> bool:
    """Whether the cell is what a spreadsheet, or a program for tables, makes of this text."""
    written, whole = ascii_digits(cell).strip(), ascii_digits(text).strip()
    if written == whole:
        return False
    if not _WHOLE.fullmatch(whole):
        return bool(_SCIENTIFIC.fullmatch(whole)) and _is_same_number(written, _value(whole))
    return _is_same_number(written, Decimal(whole))


def undamaged_forms(cell: str) -> Iterator[str]:
    """What the cell may have been before its leading zeros, or its plus sign, were lost."""
    found = _NUMBER.fullmatch(ascii_digits(cell).strip())
    if found:
        digits = found["digits"]
        if digits != cell.strip():
            yield digits
        yield f"+{digits}"
        for zeros in range(1, _MOST_ZEROS):
            yield "0" * zeros + digits


def _is_same_number(written: str, number: Decimal) -> bool:
    if _WITHOUT_ZEROS.fullmatch(written):
        return _value(written) == number
    found = _SCIENTIFIC.fullmatch(written)
    if not found:
        return False
    shown = len(found["digits"].replace(",", "").replace(".", ""))
    return f"{number:.{shown - 1}E}" == f"{_value(written):.{shown - 1}E}"


def _value(written: str) -> Decimal:
    return Decimal(written.replace(",", "."))
