import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
FOLDERS = {
    "sec/": "tests/integration/security/",
    "web/": "tests/integration/web/",
    "api/": "tests/integration/api/",
    "services/": "tests/integration/services/",
}
NAMED = sorted(set(re.findall(r"`([a-z/_0-9]+\.py)::(\w+)`", PAGE)))


def test_the_checklist_names_tests():
    assert len(NAMED) > 60


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_the_checklist_names_exists(file, test):
    for short, folder in FOLDERS.items():
        if file.startswith(short):
            file = folder + file.removeprefix(short)
    assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_row_of_the_checklist_names_a_test_or_says_that_there_is_none():
    rows = [line for line in PAGE.partition("## Checklist")[2].partition("## Not met")[0].splitlines() if "|" in line]
    assert [row for row in rows[2:] if not re.search(r"test_\w+|\.ci/audit|\| — \|$", row)] == []
