"""Guessing, through the page and the API, and what the answers tell about which accounts exist."""

import statistics
import time

import pytest

from kinso.config import Settings
from kinso.errors import InvalidInput, NotSignedIn, TooManyAttempts
from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.accounts import passwords
from kinso.services.accounts.first_admin import prepare_first_admin
from kinso.services.accounts.sign_in import SESSION_COOKIE, sign_in
from kinso.services.accounts.users import change_own_password, reset_password, set_active
from tests.integration.security.conftest import PASSWORD, fill_in

pytestmark = pytest.mark.slow

WRONG = "not the password"
NOBODY = "nobody@shop.com"


def through_the_page(browse, address, email, password):
    browser = browse(address=address)
    return browser.post("/sign-in", data=fill_in(browser, "/sign-in", email=email, password=password))


def through_the_api(browse, address, email, password):
    return browse(address=address).post("/api/auth/login", json={"email": email, "password": password})


WAYS_IN = [through_the_page, through_the_api]
EITHER_WAY_IN = pytest.mark.parametrize("guess", WAYS_IN)


def is_in(answer):
    return SESSION_COOKIE in answer.cookies


@EITHER_WAY_IN
@pytest.mark.parametrize("email", ["ann@shop.com", NOBODY, "ANN@shop.com", " ann@shop.com "])
def test_one_address_gets_five_guesses_at_an_account(browse, add, guess, email):
    add("ann")
    codes = [guess(browse, "198.51.100.7", email, WRONG).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    refused = guess(browse, "198.51.100.7", email, PASSWORD)
    assert (refused.status_code, is_in(refused)) == (429, False)
    assert 0 < int(refused.headers["retry-after"]) <= 900


@EITHER_WAY_IN
def test_many_addresses_together_get_twenty_guesses_at_an_account(browse, add, guess):
    add("ann")
    codes = [guess(browse, f"198.51.100.{number}", "ann@shop.com", WRONG).status_code for number in range(22)]
    assert codes == [401] * 20 + [429] * 2


@EITHER_WAY_IN
def test_one_address_gets_fifty_guesses_at_all_accounts(browse, add, guess):
    add("ann")
    codes = [guess(browse, "198.51.100.7", f"someone{number}@shop.com", WRONG).status_code for number in range(52)]
    assert codes == [401] * 50 + [429] * 2
    assert guess(browse, "198.51.100.8", "someone1@shop.com", WRONG).status_code == 401


def test_page_and_api_count_together(browse, add):
    add("ann")
    codes = [WAYS_IN[number % 2](browse, "198.51.100.7", "ann@shop.com", WRONG).status_code for number in range(6)]
    assert codes == [401] * 5 + [429]


@pytest.mark.parametrize(
    "spellings",
    [
        ["ann@shop.com", "ANN@SHOP.COM", " Ann@Shop.com", "ann@shop.com\t", "aNN@shop.com", "ann@shop.coM"],
        ["k\u00e9n@shop.com", "ke\u0301n@shop.com", "\u212a\u00e9n@shop.com", "K\u00c9N@shop.com", "KE\u0301N@shop.com"]
        * 2,
    ],
)
def test_another_spelling_of_the_same_address_gets_no_further_guesses(store, spellings):
    for spelling in spellings[:5]:
        with pytest.raises(NotSignedIn):
            sign_in(store, spelling, WRONG, "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        sign_in(store, spellings[5], WRONG, "198.51.100.7")


def test_a_refused_guess_does_not_lengthen_the_wait(browse, store, add):
    add("ann")
    for _ in range(30):
        through_the_api(browse, "198.51.100.7", "ann@shop.com", WRONG)
    assert store.connection.database["attempts"].count_documents({}) == 5


def test_the_set_up_code_cannot_be_guessed(browse, store):
    code = prepare_first_admin(store, Settings())
    codes = []
    for number in range(22):
        browser = browse(address=f"198.51.100.{number // 4}")
        typed = {"name": "Eve", "email": f"eve{number}@shop.com", "password": PASSWORD}
        guess = f"AAAA-AAAA-{number:0>4}".replace("0", "B").replace("1", "C")
        codes.append(browser.post("/set-up", data=fill_in(browser, "/set-up", code=guess, **typed)).status_code)
    assert codes == [422] * 20 + [429] * 2
    browser = browse(address="203.0.113.9")
    form = fill_in(browser, "/set-up", code=code, name="Eve", email="eve@shop.com", password=PASSWORD)
    assert browser.post("/set-up", data=form).status_code == 429
    assert store.users.all() == []


def test_a_borrowed_tab_does_not_let_one_guess_the_password(store, add):
    actor = add("ann").acting("app")
    for _ in range(5):
        with pytest.raises(InvalidInput, match="Current password is not right"):
            change_own_password(store, actor, None, WRONG, "quite another sentence")
    with pytest.raises(TooManyAttempts):
        change_own_password(store, actor, None, PASSWORD, "quite another sentence")
    assert sign_in(store, "ann@shop.com", PASSWORD, "192.0.2.1").user.name == "Ann Person"


@EITHER_WAY_IN
def test_the_answer_does_not_tell_which_accounts_exist(browse, store, add, guess):
    add("ann")
    set_active(store, COMMAND_LINE, add("off").id, active=False)
    answers = [
        guess(browse, "198.51.100.7", email, password)
        for email, password in (
            ("ann@shop.com", WRONG),
            (NOBODY, WRONG),
            ("off@shop.com", PASSWORD),
            ("nonsense", WRONG),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert not any(map(is_in, answers))
    assert len({frozenset(answer.headers) for answer in answers}) == 1
    assert all("E-mail or password is not right; check both and try again." in answer.text for answer in answers)


@EITHER_WAY_IN
def test_the_refusal_of_further_guesses_does_not_tell_either(browse, add, guess):
    add("ann")
    for email in ("ann@shop.com", NOBODY):
        codes = [guess(browse, "198.51.100.7", email, WRONG).status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]


@pytest.mark.slow
@pytest.mark.parametrize("other", [NOBODY, "no address at all", "off@shop.com"])
def test_the_time_does_not_tell_which_accounts_exist(store, add, real_hashes, other):
    """Taken in turns with the real hash; leaving it out would make one of them at least five times as quick."""
    add("ann")
    set_active(store, COMMAND_LINE, add("off").id, active=False)
    took = {"ann@shop.com": [], other: []}
    passwords.matches(None, WRONG)
    for _ in range(6):
        for email, times in took.items():
            store.connection.database["attempts"].delete_many({})
            begun = time.perf_counter()
            with pytest.raises(NotSignedIn):
                sign_in(store, email, WRONG, "198.51.100.7")
            times.append(time.perf_counter() - begun)
    known, unknown = (statistics.median(times) for times in took.values())
    assert 1 / 3 < known / unknown < 3


COMMON = [
    "password",
    "password1",
    "12345678",
    "qwertyuiop",
    "iloveyou",
    "P@ssw0rd",
    "Passw0rd!",
    "letmein1",
    "aaaaaaaa",
]
OF_THE_CONTEXT = ["kinso2024", "kinsokinso", "annperson", "ann@shop.com", "shop1234", "customer1", "AnnPerson1"]
ABOUT = ("ann@shop.com", "Ann Person", "Corner Bakery")
LITTLE_BUT_CONTEXT = [
    *(
        "Kinso2026!",
        "K1ns0-2026",
        "osniK2026",
        "KINSO_kinso",
        "kinso12345",
        "Summer2026",
        "wInt3r!2025",
        "October2026!!",
    ),
    *(
        "Monday2026",
        "CornerBakery26",
        "C0rner2026",
        "Bákery#2026",
        "bakery4711",
        "AnnPerson2026",
        "shop.com2026",
        "M3mb3r-2026",
    ),
    *("Password2026!", "P@ssword#7", "Customer2026?"),
    *("Sommer2026!", "Passwort2026", "Verano2026!", "Printemps2026", "Freitag2026", "Fevrier#2026"),
]
COMMON_WORDS = ["correcthorse", "horsebattery", "mountainbike", "monkeybanana"]
GOOD = [
    PASSWORD,
    "tr0ub4dor&3 battery",
    "x7$kQp2m!v",
    "ein langer Satz auf Deutsch",
    "длинный пароль",
    "parola 長い合言葉",
]


@pytest.mark.parametrize("password", [*COMMON, *OF_THE_CONTEXT])
def test_a_password_that_others_try_first_is_refused(store, add, password):
    ann, boss = add("ann"), add("boss", Role.ADMIN).acting("app")
    calls = [
        lambda: add("new", password=password),
        lambda: reset_password(store, boss, ann.id, password),
        lambda: change_own_password(store, ann.acting("app"), None, PASSWORD, password),
    ]
    for number, call in enumerate(calls):
        if number == 0 and password in {"annperson", "ann@shop.com", "AnnPerson1"}:
            continue
        with pytest.raises(InvalidInput) as refused:
            call()
        [error] = refused.value.errors
        assert error.field == "password"
        assert "too easy to guess" in error.message
    assert len(store.users.all()) == 2


@pytest.mark.parametrize("password", LITTLE_BUT_CONTEXT)
def test_a_password_of_little_but_words_of_the_context_is_refused_with_the_reason(password):
    with pytest.raises(InvalidInput, match="little but names of yours or the shop's"):
        passwords.refuse_guessable(password, *ABOUT)


@pytest.mark.parametrize("password", COMMON_WORDS)
def test_two_common_words_in_a_row_are_refused(password):
    assert passwords.is_guessable(password, *ABOUT)


@pytest.mark.parametrize(
    "password",
    ["my kinso has seven tills", "bakery-x7$kQp2m", "summer rain on tin roofs", "correct horse battery", *GOOD],
)
def test_words_of_the_context_do_no_harm_among_others(password):
    assert not passwords.is_guessable(password, *ABOUT)


@pytest.mark.parametrize("password", GOOD)
def test_a_password_needs_no_special_characters_but_may_have_all(store, add, password):
    add("ann", password=password)
    assert sign_in(store, "ann@shop.com", password, "192.0.2.1").user.name == "Ann Person"


def test_the_three_thousand_most_common_passwords_are_refused():
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    long_enough = [password for password in FREQUENCY_LISTS["passwords"] if len(password) >= 8]
    assert len(long_enough) > 3000
    for password in long_enough[:3000:10]:
        assert passwords.is_guessable(password), password


@pytest.mark.parametrize("password", ["password1", "KinsoKinso", "boss@shop.com", "BossShop1"])
def test_the_set_up_takes_no_guessable_password_and_counts_it_as_no_guess(browse, store, password):
    code = prepare_first_admin(store, Settings())
    browser = browse()
    typed = {"code": code, "name": "Boss Shop", "email": "boss@shop.com"}
    for _ in range(6):
        answer = browser.post("/set-up", data=fill_in(browser, "/set-up", password=password, **typed))
        assert (answer.status_code, "too easy to guess" in answer.text) == (422, True)
    form = fill_in(browser, "/set-up", password=PASSWORD, **typed)
    assert browser.post("/set-up", data=form).status_code == 303


def test_the_password_in_the_settings_is_the_operators_decision(store, caplog):
    prepare_first_admin(store, Settings(admin_email="boss@shop.com", admin_password="password1"))
    assert sign_in(store, "boss@shop.com", "password1", "192.0.2.1").user.role is Role.ADMIN
    assert "KINSO_ADMIN_PASSWORD is easy to guess" in caplog.text
    assert "password1" not in caplog.text
