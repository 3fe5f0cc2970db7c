"""One field, one line: fields that only a test declares go through the whole application."""

import subprocess
import sys
from pathlib import Path

import pytest

from kinso.models.field_types import TYPES
from kinso.models.fields import FIELDS
from kinso.services.transfer.exports import COLUMNS
from kinso.ui.customers.field_widgets import WIDGETS

ROOT = Path(__file__).parents[2]
STORIES = ("tests/ui/own_fields_page.py", "tests/integration/api/own_fields_api.py")


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_a_field_that_is_declared_once_is_everywhere(story):
    plain = ["-n", "0", "-q", "-p", "no:cacheprovider", "-p", "tests.support.own_fields", "-o", "python_files=own_*.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, story], cwd=ROOT, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_every_type_of_field_has_a_column_and_an_input():
    assert WIDGETS.keys() == {each.key for each in TYPES}


def test_every_field_is_in_files_and_has_an_example():
    assert {field.name for field in FIELDS} <= set(COLUMNS)
    assert all(field.example is not None for field in FIELDS)
