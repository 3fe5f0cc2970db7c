import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXACT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.]*(; [^;]+)?")


def lines_of(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_one_exact_version_from_the_package_index(name):
    lines = lines_of(name)
    assert [line for line in lines if not EXACT.fullmatch(line)] == (["-r requirements.txt"] if "dev" in name else [])
    assert len(lines) > 10


def test_no_package_is_required_twice_for_one_machine():
    found = [line.replace(" ", "") for name in ("requirements.txt", "requirements-dev.txt") for line in lines_of(name)]
    plain = [line.partition("==")[0].lower() for line in found if ";" not in line]
    assert len(plain) == len(set(plain))
