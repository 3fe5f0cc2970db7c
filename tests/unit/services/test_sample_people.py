from decimal import Decimal

from kinso.services.shop.sample_people import sample_person

PEOPLE = [sample_person(number) for number in range(1, 2001)]


def test_the_same_number_is_the_same_person():
    assert [sample_person(number) for number in range(1, 51)] == PEOPLE[:50]
    assert PEOPLE[6].draft.customer_id == "C-000007"


def test_names_come_from_many_scripts():
    letters = "".join(person.draft.customer_name for person in PEOPLE)
    for letter in "éłøন佐م":
        assert letter in letters


def test_few_spend_much_and_some_of_them_are_no_members_yet():
    amounts = sorted(person.draft.purchase_amount for person in PEOPLE)
    median, total = amounts[1000], sum(amounts)
    assert Decimal(150) < median < Decimal(400)
    assert sum(amounts[-400:]) > total / 2
    big = [person.draft for person in PEOPLE if person.draft.purchase_amount >= 1000]
    assert {person.membership_status for person in big} == {True, False}


def test_registrations_cover_the_whole_time():
    ages = [person.age for person in PEOPLE]
    assert 0 <= min(ages) < 0.01
    assert 0.95 < max(ages) <= 1


def test_mail_addresses_are_plain_and_reserved_for_examples():
    mails = [person.draft.contact_info for person in PEOPLE if "@" in person.draft.contact_info]
    assert len(mails) > 800
    assert all(mail.isascii() and mail.partition("@")[2].startswith("example.") for mail in mails)
