import pytest
from pydantic import ValidationError

from kinso.config import SECRETS_FILE, Settings, load_settings
from kinso.errors import ConfigurationError


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """What is loaded with this secrets file and these environment variables."""
    monkeypatch.chdir(tmp_path)
    SECRETS_FILE.parent.mkdir()

    def load(secrets="", **environ):
        SECRETS_FILE.write_text(secrets)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


def test_nothing_needs_to_be_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = load_settings()
    assert (found.database, found.embedded, found.in_memory) == ("kinso", True, False)
    assert (found.data_dir, found.backup_dir) == (tmp_path / ".kinso", None)


def test_the_environment_wins_over_the_secrets_file_which_wins_over_defaults(configured):
    secrets = '[kinso]\nKINSO_DATABASE = "from_file"\ndata_dir = "/from/file"\nmongod = "m"\nKINSO_MONGOD = "named"\n'
    found = configured(secrets, KINSO_DATABASE="from_environment", KINSO_BACKUP_DIR="~/backups")
    assert (found.database, str(found.data_dir), found.mongod) == ("from_environment", "/from/file", "named")
    assert found.backup_dir.is_absolute()
    assert found.backup_dir.name == "backups"


def test_what_is_empty_counts_as_unset(configured):
    assert configured('[kinso]\nKINSO_MONGODB_URI = ""\n').embedded
    assert configured('[kinso]\ndatabase = "from_file"\n', KINSO_DATABASE="").database == "from_file"


def test_what_is_for_others_is_left_alone(configured):
    assert configured("[connections]\na = 1\n[kinso]\ncolour = 3\n", KINSO_COLOUR="red").database == "kinso"


def test_mongomock_is_known_to_be_in_memory(configured):
    found = configured(KINSO_MONGODB_URI="mongomock://")
    assert (found.in_memory, found.embedded) == (True, False)


def test_settings_of_ones_own_know_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("KINSO_DATABASE", "elsewhere")
    settings = Settings()
    assert settings.database == "kinso"
    with pytest.raises(ValidationError):
        settings.database = "other"


def test_passwords_do_not_show_in_logs(configured):
    found = configured(
        KINSO_MONGODB_URI="mongodb://u:hidden1@host/", KINSO_ADMIN_EMAIL="a@b.c", KINSO_ADMIN_PASSWORD="hidden2"
    )
    assert found.admin_password == "hidden2"
    assert "hidden" not in repr(found)


_BOTH = "Set both KINSO_ADMIN_EMAIL and KINSO_ADMIN_PASSWORD, or neither of them."


@pytest.mark.parametrize(
    ("secrets", "environ", "sentence"),
    [
        ("[kinso\n", {}, ".streamlit/secrets.toml cannot be read: Expected ']'"),
        ("kinso = 3\n", {}, "[kinso] in .streamlit/secrets.toml must be a table."),
        ("[kinso]\ndatabase = 3\n", {}, "KINSO_DATABASE in .streamlit/secrets.toml must be text in quotes."),
        ("[kinso]\nKINSO_MONGOD = [1]\n", {}, "KINSO_MONGOD in .streamlit/secrets.toml must be text in quotes."),
        ("[kinso]\nbackup_dir = 3\n", {}, "KINSO_BACKUP_DIR in .streamlit/secrets.toml must be text in quotes."),
        ("", {"KINSO_DATA_DIR": "~nobody-here/x"}, "KINSO_DATA_DIR names a home folder that nobody has:"),
        ("", {"KINSO_ADMIN_EMAIL": "a@b.c"}, _BOTH),
        ("", {"KINSO_ADMIN_PASSWORD": "secret"}, _BOTH),
    ],
)
def test_an_unusable_setting_is_named_in_one_sentence(configured, secrets, environ, sentence):
    with pytest.raises(ConfigurationError) as refused:
        configured(secrets, **environ)
    assert refused.value.message.startswith(sentence)
    assert refused.value.message.endswith(".")
    assert "secret" not in refused.value.message.replace("secrets.toml", "")


def test_two_unusable_settings_are_both_named(configured):
    with pytest.raises(ConfigurationError) as refused:
        configured("[kinso]\ndatabase = 3\nmongod = true\n")
    assert [sentence.split()[0] for sentence in refused.value.message.split(". ")] == ["KINSO_DATABASE", "KINSO_MONGOD"]


@pytest.mark.parametrize(("written", "found"), [("800MB", "800MB"), (" 1.5 GiB ", "1.5GiB"), ("3gb", "3gb")])
def test_an_amount_of_memory_has_a_unit(configured, written, found):
    assert configured(KINSO_MIRROR_MEMORY=written).mirror_memory == found


@pytest.mark.parametrize("written", ["much", "2", "-2GB", "64MB", "80%", "2GB; DROP TABLE customers"])
def test_an_unusable_amount_of_memory_is_refused_with_a_sentence(configured, written):
    with pytest.raises(ConfigurationError) as refused:
        configured(KINSO_MIRROR_MEMORY=written)
    assert refused.value.message == (
        f"KINSO_MIRROR_MEMORY must be an amount of memory of 128MB or more, such as 2GB or 800MB, not “{written}”."
    )
