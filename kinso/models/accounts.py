"""People who work with Kinso, what their roles allow, their sessions and their API tokens."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from kinso.models.text import clean_text

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256


class Role(StrEnum):
    """From least to most; each may do what the one before may, and more."""

    ANALYST = "analyst"
    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a use case can demand of the person who calls it."""

    READ = "read"
    EXPORT = "export"
    CREATE = "create"
    EDIT = "edit"
    MEMBERSHIP = "membership"
    MERGE = "merge"
    PURCHASES = "purchases"
    IMPORT = "import"
    AUTO_ACTIVATE = "auto-activate"
    DELETE = "delete"
    RESTORE = "restore"
    UNDO = "undo"
    ERASE = "erase"
    RULES = "rules"
    SHARE = "share"
    USERS = "users"
    SETTINGS = "settings"
    TOKENS = "tokens"
    OWN_ACCOUNT = "own-account"


_ANALYST = frozenset({Permission.READ, Permission.EXPORT, Permission.OWN_ACCOUNT})
_STAFF = _ANALYST | {
    Permission.CREATE,
    Permission.EDIT,
    Permission.MEMBERSHIP,
    Permission.MERGE,
    Permission.PURCHASES,
    Permission.IMPORT,
    Permission.AUTO_ACTIVATE,
}
_MANAGER = _STAFF | {
    Permission.DELETE,
    Permission.RESTORE,
    Permission.UNDO,
    Permission.ERASE,
    Permission.RULES,
    Permission.SHARE,
}
_ADMIN = _MANAGER | {Permission.USERS, Permission.SETTINGS, Permission.TOKENS}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ANALYST: _ANALYST,
    Role.STAFF: _STAFF,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
}


def lowest_role(permission: Permission) -> Role:
    """The first role that has the permission; all after it have it as well."""
    return next(role for role in Role if permission in PERMISSIONS[role])


Source = Literal["app", "api", "cli", "system"]
RegistrationSource = Literal["app", "api", "import", "cli", "system"]
"""From where a customer was registered; `system` is Kinso itself, for samples."""


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Actor(_Model):
    """Who does something, in what role and from where; every use case takes one."""

    user_id: str
    name: str
    role: Role
    source: Source

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return permission in PERMISSIONS[self.role]


COMMAND_LINE = Actor(user_id="cli", name="Command line", role=Role.ADMIN, source="cli")
"""Whoever can run commands on the server already holds its data."""
SYSTEM = Actor(user_id="system", name="Kinso", role=Role.ADMIN, source="system")
"""Kinso itself, when it recovers or repeats something without a person."""

_EMAIL = re.compile(r"[^@\s,;:<>()\"\\]{1,64}@[^@\s,;:<>()\"\\]{1,189}")


def check_email(value: Any) -> str:
    """A plausible address in its compared form (trimmed, lower case); raises ValueError with a sentence part."""
    text = clean_text(value, shortest=3, longest=254).lower()
    if not _EMAIL.fullmatch(text):
        raise ValueError("does not look like an e-mail address; write it like name@shop.com")
    return text


def check_password(value: Any) -> SecretStr:
    """Length only, as NIST SP 800-63B advises; raises ValueError with a sentence part."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not text:
        raise ValueError("is required")
    if len(text) < SHORTEST_PASSWORD:
        raise ValueError(f"is too short; use at least {SHORTEST_PASSWORD} characters")
    if len(text) > LONGEST_PASSWORD:
        raise ValueError(f"is too long; use at most {LONGEST_PASSWORD} characters")
    return SecretStr(text)


Email = Annotated[str, BeforeValidator(check_email)]
Password = Annotated[SecretStr, BeforeValidator(check_password)]
PersonName = Annotated[str, BeforeValidator(partial(clean_text, shortest=2, longest=100))]


class User(_Model):
    """An account; `email` is unique and lower case."""

    id: str = Field(alias="_id")
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime
    last_sign_in_at: datetime | None = None

    def acting(self, source: Source) -> Actor:
        """This person as the one who does something."""
        return Actor(user_id=self.id, name=self.name, role=self.role, source=source)


class NewUser(_Model):
    """A new account, as typed."""

    email: Email
    name: PersonName
    role: Role
    password: Password


class NewPassword(_Model):
    """A password for an account that exists, as typed."""

    password: Password


class NewName(_Model):
    """A name for an account that exists, as typed."""

    name: PersonName


class Session(_Model):
    """A signed-in browser or API client; `id` is the hash of the secret that it holds."""

    id: str = Field(alias="_id")
    user_id: str
    created_at: datetime
    expires_at: datetime


TokenName = Annotated[str, BeforeValidator(partial(clean_text, shortest=2, longest=100))]


class NewToken(_Model):
    """A token as it is asked for; without `expires_at` it works until it is revoked."""

    name: TokenName
    expires_at: AwareDatetime | None = None


class ApiToken(_Model):
    """A token that belongs to the account `user_id`; its secret is not kept.

    `last_used_at` may lag a minute behind.
    """

    id: str = Field(alias="_id")
    user_id: str
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def has_expired(self, moment: datetime) -> bool:
        """Whether it is refused at this moment because of its age."""
        return self.expires_at is not None and self.expires_at <= moment
