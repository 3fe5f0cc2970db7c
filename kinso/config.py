"""Settings of the process: environment variables, then `[kinso]` in `.streamlit/secrets.toml`, then defaults."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from kinso.errors import ConfigurationError

SECRETS_FILE = Path(".streamlit/secrets.toml")
MONGOMOCK_SCHEME = "mongomock://"
_PREFIX = "KINSO_"
_FACTORS = {"K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_LEAST_MEMORY = 128 * _FACTORS["M"]


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"names a home folder that nobody has: {path}") from error


def _amount_of_memory(text: str) -> str:
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([KMGT]i?B)", text.strip(), re.IGNORECASE)
    if not found or float(found[1]) * _FACTORS[found[2][0].upper()] < _LEAST_MEMORY:
        raise ValueError(f"must be an amount of memory of 128MB or more, such as 2GB or 800MB, not “{text}”")
    return found[1] + found[2]


_Folder = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseModel):
    """Where the data lives and who may set up the shop. Passwords stay out of the repr."""

    model_config = ConfigDict(frozen=True, validate_default=True)

    mongodb_uri: str | None = Field(default=None, repr=False)
    database: str = "kinso"
    data_dir: _Folder = Path(".kinso")
    backup_dir: _Folder | None = None
    mongod: str | None = None
    mirror_memory: Annotated[str, AfterValidator(_amount_of_memory)] = "2GB"
    admin_email: str | None = None
    admin_password: str | None = Field(default=None, repr=False)

    @property
    def in_memory(self) -> bool:
        """Whether everything is forgotten when the process ends."""
        return (self.mongodb_uri or "").startswith(MONGOMOCK_SCHEME)

    @property
    def embedded(self) -> bool:
        """Whether Kinso starts and owns its database server."""
        return self.mongodb_uri is None

    @model_validator(mode="after")
    def _has_a_whole_administrator(self) -> Self:
        if bool(self.admin_email) != bool(self.admin_password):
            raise ValueError("Set both KINSO_ADMIN_EMAIL and KINSO_ADMIN_PASSWORD, or neither of them")
        return self


class _Configured(Settings, BaseSettings):
    """Settings that look for themselves; an empty value counts as none."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the secrets file."""
        return env_settings, InitSettingsSource(settings_cls, _secrets())


def load_settings() -> Settings:
    """Read the settings; raises `ConfigurationError` when a value or the secrets file is unusable."""
    try:
        return _Configured()
    except ValidationError as error:
        raise ConfigurationError(" ".join(map(_sentence, error.errors()))) from None


def _secrets() -> dict[str, object]:
    """What the secrets file says, by field; it may use the name of the variable or that of the field."""
    section = _section()
    told = {name: (section.get(_variable(name)), section.get(name)) for name in Settings.model_fields}
    return {name: value for name, values in told.items() for value in reversed(values) if value not in (None, "")}


def _section() -> Mapping[str, object]:
    try:
        section = tomllib.loads(SECRETS_FILE.read_text(encoding="utf-8")).get("kinso", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{SECRETS_FILE} cannot be read: {error}.") from error
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"[kinso] in {SECRETS_FILE} must be a table.")
    return section


def _sentence(error: ErrorDetails) -> str:
    """What is wrong with one value; only the file can hold one of another type."""
    path, context = error["loc"], error.get("ctx", {})
    reason = f"{context['error']}." if "error" in context else f"in {SECRETS_FILE} must be text in quotes."
    return f"{_variable(str(path[0]))} {reason}" if path else reason


def _variable(field: str) -> str:
    return f"{_PREFIX}{field.upper()}"
