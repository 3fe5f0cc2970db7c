"""Telephone numbers for rules."""

import phonenumbers
from hypothesis import assume
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = [
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.VOIP,
]
FORMATS = [
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
]


@st.composite
def valid_numbers(draw):
    """A valid number with the region it is in; long enough to be a contact."""
    region, kind = draw(st.sampled_from(REGIONS)), draw(st.sampled_from(KINDS))
    example = phonenumbers.example_number_for_type(region, kind)
    assume(example is not None)
    number = phonenumbers.PhoneNumber()
    number.merge_from(example)
    number.national_number = example.national_number // 1000 * 1000 + draw(st.integers(0, 999))
    assume(phonenumbers.is_valid_number(number))
    assume(len(phonenumbers.national_significant_number(number)) >= 5)
    return region, number
