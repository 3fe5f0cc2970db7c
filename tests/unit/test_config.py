import pytest

from kinso.config import load_settings
from kinso.errors import ConfigurationError


def settings(tmp_path, secrets="", **environ):
    file = tmp_path / "secrets.toml"
    file.write_text(secrets)
    return load_settings(environ, file)


def test_nothing_needs_to_be_set(tmp_path):
    found = load_settings({}, tmp_path / "missing.toml")
    assert (found.database, found.data_dir.name, found.embedded, found.in_memory) == ("kinso", ".kinso", True, False)


def test_the_environment_wins_over_the_secrets_file_which_wins_over_defaults(tmp_path):
    secrets = '[kinso]\nKINSO_DATABASE = "from_file"\ndata_dir = "/from/file"\n'
    found = settings(tmp_path, secrets, KINSO_DATABASE="from_environment")
    assert (found.database, str(found.data_dir)) == ("from_environment", "/from/file")


def test_an_empty_variable_counts_as_unset(tmp_path):
    assert settings(tmp_path, KINSO_MONGODB_URI="").embedded


def test_mongomock_is_known_to_be_in_memory(tmp_path):
    found = settings(tmp_path, KINSO_MONGODB_URI="mongomock://")
    assert (found.in_memory, found.embedded) == (True, False)


def test_passwords_do_not_show_in_logs(tmp_path):
    found = settings(
        tmp_path,
        KINSO_MONGODB_URI="mongodb://u:hidden1@host/",
        KINSO_ADMIN_EMAIL="a@b.c",
        KINSO_ADMIN_PASSWORD="hidden2",
        KINSO_SMTP_URL="smtp://u:hidden3@host",
    )
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    ("secrets", "environ"),
    [
        ("[kinso\n", {}),
        ("kinso = 3\n", {}),
        ("[kinso]\nKINSO_DATABASE = 3\n", {}),
        ("", {"KINSO_ADMIN_EMAIL": "a@b.c"}),
        ("", {"KINSO_ADMIN_PASSWORD": "secret"}),
    ],
)
def test_an_unusable_setting_is_named_in_one_sentence(tmp_path, secrets, environ):
    with pytest.raises(ConfigurationError) as refused:
        settings(tmp_path, secrets, **environ)
    assert refused.value.message.endswith(".")
