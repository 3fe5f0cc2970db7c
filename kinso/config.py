"""Settings of the process: environment variables, then `[kinso]` in `.streamlit/secrets.toml`, then defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kinso.errors import ConfigurationError

SECRETS_FILE = Path(".streamlit/secrets.toml")
MONGOMOCK_SCHEME = "mongomock://"


@dataclass(frozen=True)
class Settings:
    """Where the data lives and who may set up the shop. Passwords stay out of the repr."""

    mongodb_uri: str | None = field(default=None, repr=False)
    database: str = "kinso"
    data_dir: Path = Path(".kinso")
    backup_dir: Path | None = None
    mongod: str | None = None
    admin_email: str | None = None
    admin_password: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)

    @property
    def in_memory(self) -> bool:
        """Whether everything is forgotten when the process ends."""
        return (self.mongodb_uri or "").startswith(MONGOMOCK_SCHEME)

    @property
    def embedded(self) -> bool:
        """Whether Kinso starts and owns its database server."""
        return self.mongodb_uri is None


def load_settings(environ: Mapping[str, str] | None = None, secrets_file: Path = SECRETS_FILE) -> Settings:
    """Read the settings; raises `ConfigurationError` when a value or the secrets file is unusable."""
    environ = os.environ if environ is None else environ
    secrets = _read_secrets(secrets_file)

    def value(name: str) -> str | None:
        found = environ.get(name) or secrets.get(name) or secrets.get(name.removeprefix("KINSO_").lower())
        if found is not None and not isinstance(found, str):
            raise ConfigurationError(f"{name} in {secrets_file} must be text in quotes.")
        return found or None

    settings = Settings(
        mongodb_uri=value("KINSO_MONGODB_URI"),
        database=value("KINSO_DATABASE") or Settings.database,
        data_dir=Path(value("KINSO_DATA_DIR") or Settings.data_dir).expanduser().absolute(),
        backup_dir=Path(folder).expanduser().absolute() if (folder := value("KINSO_BACKUP_DIR")) else None,
        mongod=value("KINSO_MONGOD"),
        admin_email=value("KINSO_ADMIN_EMAIL"),
        admin_password=value("KINSO_ADMIN_PASSWORD"),
        smtp_url=value("KINSO_SMTP_URL"),
    )
    if bool(settings.admin_email) != bool(settings.admin_password):
        raise ConfigurationError("Set both KINSO_ADMIN_EMAIL and KINSO_ADMIN_PASSWORD, or neither of them.")
    return settings


def _read_secrets(path: Path) -> Mapping[str, object]:
    try:
        section = tomllib.loads(path.read_text(encoding="utf-8")).get("kinso", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"[kinso] in {path} must be a table.")
    return section
