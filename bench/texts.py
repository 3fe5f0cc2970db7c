"""What is searched for: dense, rare, absent, short, punctuation, phone numbers, accents, other scripts, two words."""

from kinso.services.shop.sample_people import sample_id, sample_person

_DENSE = ("example", "example.com", "@", "C-", "00", "+44", "Road")
_NAMES = ("Müller", "muller", "García", "garcia", "O’Connor", "o'connor", "Łukasz", "weiss", "Jónsdóttir", "smith")
_SCRIPTS = ("নাসরিন", "佐藤", "محمد", "১২০৯")
_SHORT = ("a", "x", "an", "7", "é")
_PUNCTUATION = (".*", ".", "-", ",", "(212)", "%", "[a-z]")
_PHONES = ("+44 7700 900123", "07700 900123", "900123", "(212) 555-0142", "0171 39200")
_WORDS = (
    "george smith",
    "smith george",
    "akter nasrin",
    "lukas müller",
    "mill lane",
    "house dhanmondi",
    "olivia example.org",
)
_ABSENT = ("no such text", "zzqx", "C-99999999", "nobody@nowhere.test", "müller zzqx")
TYPED = ("mül", "c-0000", "gar", "0770", "olivia t", "zzqx")
"""What somebody has typed so far who looks for one customer."""


def searched_texts(count: int) -> list[str]:
    """More than 40, some of them about one customer only of a shop of so many."""
    one, another = sample_person(count // 3).draft, sample_person(count // 2).draft
    rare = (
        sample_id(count // 2),
        one.contact_info[-20:],
        f"{another.customer_name} {another.customer_id}",
        f"{count - 1}",
    )
    return list(
        dict.fromkeys((*_DENSE, *_NAMES, *_SCRIPTS, *_SHORT, *_PUNCTUATION, *_PHONES, *_WORDS, *_ABSENT, *rare))
    )
