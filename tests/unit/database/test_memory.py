"""How much memory the embedded server takes for what it has read."""

import pytest

from kinso.database.embedded import mongod

GIGABYTE = 2**30


@pytest.mark.parametrize(
    ("memory", "cache"), [(0, 512), (2 * GIGABYTE, 512), (16 * GIGABYTE, 2048), (256 * GIGABYTE, 4096)]
)
def test_it_is_an_eighth_of_what_the_machine_has_within_bounds(monkeypatch, memory, cache):
    monkeypatch.setattr(mongod, "_memory", lambda: memory)
    assert mongod._cache() == cache


@pytest.mark.parametrize(("told", "expected"), [("max", 8 * GIGABYTE), (str(GIGABYTE), GIGABYTE), (None, 8 * GIGABYTE)])
def test_a_container_may_have_less_than_the_machine(monkeypatch, tmp_path, told, expected):
    limit = tmp_path / "memory.max"
    if told:
        limit.write_text(f"{told}\n")
    monkeypatch.setattr(mongod, "_LIMIT_OF_CONTAINER", limit)
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2 * 2**20}.__getitem__)
    assert mongod._memory() == expected
