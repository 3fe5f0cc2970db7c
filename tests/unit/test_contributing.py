import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("CONTRIBUTING.md", "docs/architecture.md", "docs/decisions.md")
NAMED = sorted(
    {
        (page, name)
        for page in PAGES
        for name in re.findall(r"\b(?:kinso|pages|tests|docs)/[\w/.]*[\w/]", (ROOT / page).read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize(("page", "name"), NAMED)
def test_every_file_that_the_guide_names_exists(page, name):
    assert (ROOT / name).exists()


def test_the_guide_names_files():
    assert len(NAMED) > 25
