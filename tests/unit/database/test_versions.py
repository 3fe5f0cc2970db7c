"""Which mongod reads the data of which other, and what a folder remembers of it."""

import pytest

from kinso.database.embedded.binary import Step, record_version, recorded_version, step_to, versions_named
from kinso.database.embedded.folder import ServerFolder


@pytest.mark.parametrize(
    ("data", "server", "step"),
    [
        ("6.0", "6.0", Step.READ),
        ("7.0", "7.0", Step.READ),
        ("4.4", "5.0", Step.RAISE),
        ("5.0", "6.0", Step.RAISE),
        ("6.0", "7.0", Step.RAISE),
        ("7.0", "8.0", Step.RAISE),
        ("8.0", "8.2", Step.RAISE),
        ("4.4", "6.0", Step.TOO_OLD),
        ("5.0", "7.0", Step.TOO_OLD),
        ("6.0", "8.0", Step.TOO_OLD),
        ("4.2", "6.0", Step.TOO_OLD),
        ("7.0", "6.0", Step.TOO_NEW),
        ("8.0", "6.0", Step.TOO_NEW),
        ("6.0", "5.0", Step.TOO_NEW),
        ("8.2", "8.0", Step.TOO_NEW),
    ],
)
def test_a_folder_goes_from_version_to_version_and_skips_none(data, server, step):
    assert step_to(data, server) is step


def test_a_mongod_that_says_nothing_about_versions_is_not_misread():
    assert versions_named("Invalid feature compatibility version value, expected '5.0' or '6.0") == (None, None)


def test_a_folder_remembers_the_version_of_its_data(tmp_path):
    folder = ServerFolder(tmp_path)
    assert recorded_version(folder) is None
    record_version(folder, "6.0")
    record_version(folder, "7.0")
    assert recorded_version(folder) == "7.0"


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense"])
def test_what_was_remembered_may_be_damaged(tmp_path, text):
    folder = ServerFolder(tmp_path)
    folder.version.write_text(text)
    assert recorded_version(folder) is None
