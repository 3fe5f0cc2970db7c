"""What is done to one field of many customers at once, and how that is taken back when others edited it since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from kinso.models.text import fold

EditOfMany = Literal["set", "append", "add", "remove"]


def with_lines(value: str, given: str) -> str:
    """A text with another one below it."""
    return f"{value}\n{given}" if value else given


def lines_taken_back(before: str, after: str, value: str) -> str | None:
    """A text without the lines that came below `before`; None when they are not in it as they were."""
    added = after.removeprefix(before).removeprefix("\n")
    if added and after == with_lines(before, added) and f"\n{value}\n".count(f"\n{added}\n") == 1:
        return f"\n{value}\n".replace(f"\n{added}\n", "\n").strip("\n")
    return before if value == after else None


def tag_set(tags: Iterable[str]) -> tuple[str, ...]:
    """In alphabetical order; of two that differ in letter case only the first."""
    by_form: dict[str, str] = {}
    for tag in tags:
        by_form.setdefault(fold(tag), tag)
    return tuple(by_form[form] for form in sorted(by_form))


def without_tags(tags: Iterable[str], given: Iterable[str]) -> tuple[str, ...]:
    """The tags that are none of the given ones."""
    gone = set(map(fold, given))
    return tuple(tag for tag in tags if fold(tag) not in gone)


def tags_taken_back(before: tuple[str, ...], after: tuple[str, ...], value: tuple[str, ...]) -> tuple[str, ...]:
    """A set without the tags that came to `before`, and with those that went."""
    return tag_set((*without_tags(value, without_tags(after, before)), *without_tags(before, after)))
