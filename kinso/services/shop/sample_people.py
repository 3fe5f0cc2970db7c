"""Invented customers from many places, the same ones every time.

Nobody real is reached by accident: e-mail addresses are in the domains that are reserved for examples, phone numbers
in ranges that are reserved for fiction or not assigned.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from kinso.models.customers import CustomerDraft
from kinso.models.money import round_to_cents
from kinso.models.text import fold

_MAIL_DOMAINS = ("example.com", "example.org", "example.net")
_TYPICAL_AMOUNT = 5.6
"""Mean of the logarithm of an amount: half of the customers spent less than about 270."""
_SPREAD_OF_AMOUNTS = 1.1
_NOTHING_YET = 0.06
_ONLY_MAIL, _PHONE_AND_MAIL, _ONLY_PHONE, _PHONE_AND_ADDRESS = 0.28, 0.52, 0.86, 0.92
"""Up to which share of all people each kind of contact goes; the rest have an address only."""
_AT_HOME = 0.5
_LATIN, _BENGALI = "0123456789", "০১২৩৪৫৬৭৮৯"
_JOINING_AMOUNT = 1000
_ANYWAY_MEMBER = 0.04
_LOYAL_MEMBER = 0.6


@dataclass(frozen=True)
class _Place:
    """Names as (shown, in Latin letters) or as shown only; `#` in a phone number or an address is any digit.

    `at_home` is the phone number as people write it who never call abroad.
    """

    given: tuple[str | tuple[str, str], ...]
    family: tuple[str | tuple[str, str], ...]
    phone: str
    at_home: str
    addresses: tuple[str, ...]
    family_first: bool = False


_PLACES = (
    _Place(
        given=("Nasrin", "Rahim", "Farhana", "Tanvir", "Sadia", "Imran", "Mehzabin", "Shakib", "Jahanara", "Arif"),
        family=("Akter", "Uddin", "Rahman", "Chowdhury", "Begum", "Hossain", "Islam", "Siddique", "Karim", "Talukder"),
        phone="+880 10##-######",
        at_home="010##-######",
        addresses=(
            "House ##, Road #, Dhanmondi, Dhaka 1209",
            "## Station Road, Chattogram 4000",
            "## Zindabazar, Sylhet",
        ),
    ),
    _Place(
        given=(("নাসরিন", "nasrin"), ("রহিম", "rahim"), ("ফারহানা", "farhana"), ("তানভীর", "tanvir"), ("সুমাইয়া", "sumaiya")),
        family=(("আক্তার", "akter"), ("রহমান", "rahman"), ("চৌধুরী", "chowdhury"), ("হোসেন", "hossain"), ("বেগম", "begum")),
        phone="+880 10## ######",
        at_home="০১০##-######",
        addresses=("বাড়ি ##, সড়ক #, ধানমন্ডি, ঢাকা ১২০৯", "## স্টেশন রোড, চট্টগ্রাম ৪০০০"),
    ),
    _Place(
        given=(("محمد", "mohammed"), ("فاطمة", "fatima"), ("يوسف", "youssef"), ("ليلى", "layla"), ("خالد", "khaled")),
        family=(
            ("العلوي", "alaoui"),
            ("حداد", "haddad"),
            ("منصور", "mansour"),
            ("الخطيب", "alkhatib"),
            ("نجار", "najjar"),
        ),
        phone="+961 00 ### ###",
        at_home="00-######",
        addresses=("شارع الحمرا ##، بيروت", "شارع النيل ##، القاهرة"),
    ),
    _Place(
        given=("Olivia", "George", "Amelia", "Harry", "Siân", "Niamh", "Callum", "Priya", "Oluwaseun", "Zoë"),
        family=(
            "Smith",
            "O’Connor",
            "Taylor-Brown",
            "Evans",
            "Khan",
            "Adeyemi",
            "MacLeod",
            "Patel",
            "Wright",
            "Hughes",
        ),
        phone="+44 7700 900###",
        at_home="07700 900###",
        addresses=("## Mill Lane, Bristol BS1 4ST", "Flat #, ## King Street, Leeds LS1 2HQ"),
    ),
    _Place(
        given=("Emma", "Liam", "Sofía", "Mateo", "Ava", "Noah", "Valentina", "Ethan", "Camila", "Benjamin"),
        family=("Johnson", "García", "Miller", "Núñez", "Davis", "Rodríguez", "Nguyen", "Kim", "Hernández", "Wilson"),
        phone="+1 212 555 01##",
        at_home="(212) 555-01##",
        addresses=("##4 Maple Avenue, Springfield, IL 62704", "##0 W 4#th St, Apt #B, New York, NY 10036"),
    ),
    _Place(
        given=("Jürgen", "Käthe", "Lukas", "Mia", "Björn", "Leonie", "Günther", "Anneliese", "Emre", "Ayşe"),
        family=("Müller", "Weiß", "Schröder", "Özdemir", "Yılmaz", "Krüger", "Hoffmann", "Jäger", "Fischer", "Vogt"),
        phone="+49 171 39200##",
        at_home="0171 39200##",
        addresses=("Lindenstraße ##, 10969 Berlin", "Königsallee ##, 40212 Düsseldorf"),
    ),
    _Place(
        given=("Chloé", "François", "Aïcha", "Gaël", "Inès", "Théo", "Maëlys", "Jérôme", "Noëlle", "Rémi"),
        family=("Lefèvre", "D’Angelo", "Benoît", "Moreau", "Traoré", "Dubois", "Girard", "Diallo", "Besson", "Garnier"),
        phone="+33 6 39 98 ## ##",
        at_home="06 39 98 ## ##",
        addresses=("## rue de l’Église, 69002 Lyon", "## bd Voltaire, 75011 Paris"),
    ),
    _Place(
        given=("Łukasz", "Małgorzata", "Søren", "Åsa", "Ingrid", "Þóra", "Bjørn", "Zofia", "Tomáš", "Eliška"),
        family=(
            "Wójcik",
            "Kowalczyk",
            "Sørensen",
            "Ångström",
            "Dvořák",
            "Jónsdóttir",
            "Nowak",
            "Łęcki",
            "Lund",
            "Novák",
        ),
        phone="+46 70 174 06 ##",
        at_home="070-174 06 ##",
        addresses=("Vesterbrogade ##, 1620 København", "ul. Długa ##, 31-147 Kraków", "Storgatan ##, 111 23 Stockholm"),
    ),
    _Place(
        given=(("健太", "kenta"), ("美咲", "misaki"), ("陽菜", "hina"), ("翔", "sho"), ("さくら", "sakura")),
        family=(("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi"), ("田中", "tanaka"), ("渡辺", "watanabe")),
        phone="+81 00 #### ####",
        at_home="00-####-####",
        addresses=("東京都渋谷区神南1-##-#", "大阪市北区梅田2-#-##"),
        family_first=True,
    ),
)
_SHARES = (20, 6, 6, 16, 16, 12, 10, 9, 5)


@dataclass(frozen=True)
class SamplePerson:
    """A customer to register; `age` says how far back, 0 for now and 1 for the beginning of the samples' time."""

    draft: CustomerDraft
    age: float


def sample_id(number: int) -> str:
    """The customer ID of the sample with this number, which counts from 1."""
    return f"C-{number:06}"


def sample_person(number: int) -> SamplePerson:
    """The sample with this number: whoever asks gets the same one."""
    chance = random.Random(f"kinso sample {number}")  # noqa: S311  (nothing here is secret)
    place = chance.choices(_PLACES, _SHARES)[0]
    given, family = _name(chance.choice(place.given)), _name(chance.choice(place.family))
    names = (family[0], given[0]) if place.family_first else (given[0], family[0])
    amount = _amount(chance)
    joined = _LOYAL_MEMBER if amount >= _JOINING_AMOUNT else _ANYWAY_MEMBER
    draft = CustomerDraft(
        customer_id=sample_id(number),
        customer_name=" ".join(names),
        contact_info=_contact(chance, place, f"{given[1]}.{family[1]}{number}"),
        purchase_amount=amount,
        membership_status=chance.random() < joined,
    )
    # A shop that grows: the nearer to now, the more registrations.
    return SamplePerson(draft, age=1 - chance.random() ** 0.7)


def _name(name: str | tuple[str, str]) -> tuple[str, str]:
    """A name as it is shown and as it is written in an e-mail address."""
    return name if isinstance(name, tuple) else (name, "".join(filter(str.isalnum, fold(name))))


def _amount(chance: random.Random) -> Decimal:
    if chance.random() < _NOTHING_YET:
        return Decimal("0.00")
    return round_to_cents(Decimal(chance.lognormvariate(_TYPICAL_AMOUNT, _SPREAD_OF_AMOUNTS)))


def _contact(chance: random.Random, place: _Place, mail_name: str) -> str:
    """Half of all have an e-mail address, more a phone number, some both or none."""
    kind = chance.random()
    mail = f"{mail_name}@{chance.choice(_MAIL_DOMAINS)}"
    if kind < _ONLY_MAIL:
        return mail
    phone = _filled(chance, place.at_home if chance.random() < _AT_HOME else place.phone)
    if kind < _PHONE_AND_MAIL:
        return f"{phone}, {mail}" if phone.isascii() else mail
    if kind < _ONLY_PHONE:
        return phone
    address = _filled(chance, chance.choice(place.addresses))
    return f"{phone}, {address}" if kind < _PHONE_AND_ADDRESS else address


def _filled(chance: random.Random, template: str) -> str:
    """With digits of the script that the template is written in."""
    digits = _BENGALI if any(character in _BENGALI for character in template) else _LATIN
    return "".join(digits[chance.randint(1, 9)] if character == "#" else character for character in template)
