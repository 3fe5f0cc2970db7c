"""The first administrator: given by the settings, or set up by whoever can read the server's console."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets

from pydantic import SecretStr

from kinso.config import Settings
from kinso.errors import ConfigurationError, Conflict, DuplicateEmail, FieldError, InvalidInput
from kinso.models.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, NewUser, Role, User, check_email
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts.passwords import hash_password, is_guessable, refuse_guessable
from kinso.services.accounts.secrets import note
from kinso.services.accounts.sign_in import Target, begin_attempt, check_attempts, forget_attempts

_UNAMBIGUOUS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP_LENGTH = 3, 4
_ALREADY_SET_UP = "Kinso is set up already; sign in instead."

_log = logging.getLogger(__name__)


def prepare_first_admin(store: Store, settings: Settings) -> str | None:
    """When there are no users, create the administrator that the settings name, or return a new one-time code.

    The code is for the console and for `set_up_first_admin`; the database keeps only its hash, so that it does not
    matter which of several processes is asked. Raises `ConfigurationError` when the settings name an unusable account.
    """
    with store.guarded():
        if store.users.exist():
            store.users.drop_set_up_codes()
            return None
        if foreign := store.users.count_foreign():
            _log.warning(
                "The collection users holds %d accounts of another application. They are left alone and cannot sign in"
                " to Kinso: set up an administrator, and add everybody else on the page Users.",
                foreign,
            )
        if settings.admin_email and settings.admin_password:
            _create_from_settings(store, settings.admin_email, settings.admin_password)
            return None
        code = "-".join("".join(secrets.choice(_UNAMBIGUOUS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
        store.users.add_set_up_code(_hash(code))
        return code


def needs_set_up(store: Store) -> bool:
    """Whether there are no users yet."""
    with store.guarded():
        return not store.users.exist()


def known_country(store: Store) -> str:
    """The country that is set, for a visitor who is about to set up the shop; nothing when none is."""
    with store.guarded():
        return store.shop.get().country


def set_up_first_admin(
    store: Store, code: str, email: str, name: str, password: str, address: str, country: str = ""
) -> User:
    """Create the first administrator with the code from the console; `address` is where the visitor comes from.

    `country` is that of the shop; nothing leaves it as it is. Raises `InvalidInput` for the fields `code`, `email`,
    `name`, `password` and `country`, `TooManyAttempts`, and `Conflict` when there is a user already, also when two
    visitors try at once.
    """
    with store.guarded():
        if store.users.exist():
            raise Conflict(_ALREADY_SET_UP)
        try:
            new = parse(NewUser, {"email": email, "name": name, "password": password, "role": Role.ADMIN})
            shop = parse(ShopSettings, {"country": country} if country else {})
        except InvalidInput as error:
            raise InvalidInput([*_missing(code), *error.errors]) from error
        target = Target.of("set-up", address)
        check_attempts(store, target)
        begin_attempt(store, target)
        code_hash = _valid_hash(store, code, target)
        forget_attempts(store, target)
        refuse_guessable(new.password.get_secret_value(), new.email, new.name)
        password_hash = hash_password(new.password.get_secret_value())

        def work() -> User:
            if store.users.exist() or not store.users.take_set_up_code(code_hash):
                raise Conflict(_ALREADY_SET_UP)
            if country:
                store.shop.save(shop)
            return store.users.insert(new, password_hash, now())

        user = store.transact(work)
        note("first administrator set up", user=user.id, address=target.address)
        return user


def _missing(code: str) -> list[FieldError]:
    sentence = "Code is required; copy it from the server's console."
    return [] if code.strip() else [FieldError("code", sentence)]


def _valid_hash(store: Store, code: str, target: Target) -> str:
    given = _hash(code)
    matching = [known for known in store.users.set_up_codes() if hmac.compare_digest(known, given)]
    if not matching:
        # Used up by another visitor since we looked.
        if store.users.exist():
            raise Conflict(_ALREADY_SET_UP)
        note("set-up refused", address=target.address)
        sentence = "Code is not right; copy it from the server's console, or restart the server for a new one."
        raise InvalidInput([FieldError("code", sentence)])
    return matching[0]


def _hash(code: str) -> str:
    characters = "".join(character for character in code.upper() if character in _UNAMBIGUOUS)
    return hashlib.sha256(characters.encode()).hexdigest()


def _create_from_settings(store: Store, email: str, password: str) -> None:
    try:
        address = check_email(email)
    except ValueError as error:
        raise ConfigurationError(f"KINSO_ADMIN_EMAIL {error}.") from error
    if len(password) > LONGEST_PASSWORD:
        raise ConfigurationError(f"KINSO_ADMIN_PASSWORD is too long; use at most {LONGEST_PASSWORD} characters.")
    if len(password) < SHORTEST_PASSWORD:
        _log.warning(
            "KINSO_ADMIN_PASSWORD is shorter than %d characters; change it after signing in.", SHORTEST_PASSWORD
        )
    elif is_guessable(password, address):
        _log.warning("KINSO_ADMIN_PASSWORD is easy to guess; change it after signing in.")
    # Not validated as a typed account is: the operator decides about the length of this password.
    new = NewUser.model_construct(email=address, name="Administrator", role=Role.ADMIN, password=SecretStr(password))
    try:
        store.users.insert(new, hash_password(password), now())
    except DuplicateEmail as error:
        if not store.users.exist():
            raise ConfigurationError(
                f"KINSO_ADMIN_EMAIL “{address}” belongs to an account of another application in the collection users:"
                " set it to another address."
            ) from error
        # Another process that started in the same moment was quicker with the same settings.
        _log.info("The first administrator exists already.")
