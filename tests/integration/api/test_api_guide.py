"""The commands in docs/api.md are run as they stand there, and answer what stands below them."""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from kinso.api.middleware import LARGEST_BODY
from kinso.api.requests import LONGEST_KEY
from kinso.models.accounts import NewUser, Role
from kinso.models.customers import LARGEST_PAGE, LONGEST_SEARCH
from kinso.services.accounts.users import create_token, create_user
from kinso.services.customers.bulk import MOST_ROWS

GUIDE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(bash|json|text)\n(.*?)```", GUIDE, re.DOTALL)
PASSWORD = "correct horse battery"


def pairs():
    """Each command with the kind and the text of what is below it."""
    for (kind, command), (answer_kind, answer) in pairwise(BLOCKS):
        if kind == "bash":
            yield command, answer_kind, answer


def values(text):
    """The JSON values that follow each other in a text."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()


def shows(shown, value):
    """Whether an answer is what the guide shows of it."""
    match shown:
        case "…":
            return True
        case dict():
            return isinstance(value, dict) and all(name in value and shows(shown[name], value[name]) for name in shown)
        case list():
            return isinstance(value, list) and len(shown) == len(value) and all(map(shows, shown, value))
        case _:
            return bool(shown == value) and type(shown) in (type(value), int)


@pytest.fixture
def environment(live, store, admin, tmp_path):
    ada = create_user(store, admin, NewUser(email="ada@shop.com", name="Ada", role=Role.MANAGER, password=PASSWORD))
    secret = create_token(store, ada.acting("app"), "Guide").secret
    return {"KINSO": live, "TOKEN": secret, "PASSWORD": PASSWORD, "PATH": "/usr/local/bin:/usr/bin:/bin"}


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "python3"))), reason="bash, curl and python3 are needed."
)
def test_every_command_of_the_guide_answers_what_the_guide_shows(environment, tmp_path):
    commands = list(pairs())
    script = "".join(f"{{\n{command}}} > answer-{number}\n" for number, (command, _, _) in enumerate(commands))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for number, (command, kind, shown) in enumerate(commands):
        answer = (tmp_path / f"answer-{number}").read_text(encoding="utf-8")
        if kind == "text":
            assert answer.strip() == shown.strip(), command
        else:
            expected, told = list(values(shown)), list(values(answer))
            assert len(expected) == len(told), command
            assert all(map(shows, expected, told)), (command, answer)


def test_every_command_of_the_guide_has_an_answer():
    assert BLOCKS
    kinds = [kind for kind, _text in BLOCKS]
    assert kinds[::2] == ["bash"] * len(kinds[::2])
    assert set(kinds[1::2]) <= {"json", "text"}


def test_the_guide_tells_the_limits_that_hold():
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", GUIDE, re.MULTILINE))
    assert f"{LARGEST_BODY:,} bytes" in rows["a body"]
    assert f"1 to {LARGEST_PAGE:,} items" in rows["a page"]
    assert f"1 to {MOST_ROWS:,} customers" in rows["a list for `bulk`"]
    assert f"{LONGEST_SEARCH} characters" in rows["`search`, the filter `customerName`"]
    assert f"1 to {LONGEST_KEY} visible" in rows["`Idempotency-Key`"]
