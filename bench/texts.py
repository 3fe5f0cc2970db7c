"""What is searched for: dense, rare, absent, short, punctuation, phone numbers, accents, other scripts, two words."""

from bench.people import person

_DENSE = ("example", "example.com", "@", "C-", "00", "+44", "Road")
_NAMES = ("Müller", "muller", "García", "garcia", "O’Connor", "o'connor", "Łukasz", "weiss", "Jónsdóttir", "smith")
_SCRIPTS = ("নাসরিন", "佐藤", "محمد", "১২০৯")
_SHORT = ("a", "x", "an", "7", "é")
_PUNCTUATION = (".*", ".", "-", ",", "(212)", "%", "[a-z]")
_PARTS_OF_PHONES = ("0770", "(212) 5", "0171 39", "+880 10", "39 98 2")
_BRITISH = "+44 "
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
    one, another = person(count // 3), person(count // 2)
    rare = (
        another.customer_id,
        one.contact_info[-20:],
        f"{another.customer_name} {another.customer_id}",
        f"{count - 1}",
    )
    texts = (*_DENSE, *_NAMES, *_SCRIPTS, *_SHORT, *_PUNCTUATION, *_PARTS_OF_PHONES, *_WORDS, *_ABSENT, *rare)
    return list(dict.fromkeys((*texts, *_phones(count))))


def _phones(count: int) -> tuple[str, str, str]:
    """Somebody's number with the code of the country, as it is dialled within it, and the end of it."""
    contacts = (person(number).contact_info for number in range(count // 4, count))
    number = next(contact for contact in contacts if contact.startswith(_BRITISH)).partition(",")[0]
    return number, f"0{number.removeprefix(_BRITISH)}", number[-6:]
