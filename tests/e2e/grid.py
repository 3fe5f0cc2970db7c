"""Drives the customers grid as a person with a keyboard would.

The grid is drawn on a canvas. Inside the canvas element there is a hidden table for assistive technology: it tells what
is shown, and focusing one of its cells moves the grid's own cursor. Only rows in the visible part are in it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Locator, Page, expect

PATIENCE = 60.0
"""Seconds to wait for what the server or the browser still has to do; mostly one will do, but not on a busy machine."""
_ROW_HEIGHT, _HEAD_HEIGHT = 35, 36
_SELECT_WIDTH, _NAME = 66, 30

Value = TypeVar("Value")


class Grid:
    """The grid that is on the page now; a new edition of it after a save is found by itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".st-key-customers_table")

    @property
    def _table(self) -> Locator:
        return self.root.locator("canvas[data-testid=data-grid-canvas]").locator("table[role=grid]")

    def columns(self) -> dict[str, int]:
        """The place of each column that is in view by its title, without the arrow of a sorted one."""
        heads = self._table.locator("th").evaluate_all("all => all.map(h => [h.textContent, h.ariaColIndex])")
        return {text.lstrip("↑↓ "): int(place) for text, place in heads}

    def row_count(self) -> int:
        """How many customers are on this page."""
        return int(self._table.get_attribute("aria-rowcount") or 0) - 1

    def text(self, row: int, column: str) -> str:
        """What a cell shows; rows count from 0."""
        return self._cell(row, column).text_content() or ""

    def column(self, column: str) -> list[str]:
        """What a column shows in the rows that are in view."""
        return self._table.locator(f"td[aria-colindex='{self._place(column)}']").all_text_contents()

    def row_of(self, customer_id: str) -> int:
        """The row of a customer that is in view."""
        return until(lambda: self.column("Customer ID"), lambda ids: customer_id in ids).index(customer_id)

    def type(self, row: int, column: str, value: str) -> None:
        """Replace a cell's content."""
        self.open_editor(row, column, value)
        self.page.keyboard.press("Enter")
        self.page.locator("#portal input, #portal textarea").first.wait_for(state="detached")

    def open_editor(self, row: int, column: str, value: str) -> None:
        """Type into a cell and leave it open."""
        self.focus(row, column)
        self.page.keyboard.press("Enter")
        editor = self.page.locator("#portal input, #portal textarea").first
        editor.wait_for()
        editor.fill(value)

    def toggle(self, row: int, column: str) -> None:
        """Tick or untick a cell."""
        self.focus(row, column)
        self.page.keyboard.press("Space")

    def open_beside(self, row: int) -> None:
        """Press the name in a row near the top; buttons in cells have no element."""
        until(self.columns, lambda found: "Name" in found)
        box = self.root.locator("canvas[data-testid=data-grid-canvas]").bounding_box()
        assert box is not None
        left = _SELECT_WIDTH if "Select" in self.columns() else 0
        self.page.mouse.click(box["x"] + left + _NAME, box["y"] + _HEAD_HEIGHT + (row + 0.5) * _ROW_HEIGHT)

    def open_page(self, row: int) -> None:
        """Go to the page of a customer near the top."""
        self.open_beside(row)
        self.page.get_by_role("dialog").get_by_role("link", name="Open the whole page").click()
        self.page.wait_for_url("**/customer?id=*")

    def focus(self, row: int, column: str) -> None:
        """Move the grid's cursor to a cell; it follows the focus a moment later, and a redrawn grid forgets it.

        The cursor stays where it is while the mouse is somewhere else on the page.
        """

        def is_focused() -> bool:
            cell = self._cell(row, column)
            box = self.root.locator("canvas[data-testid=data-grid-canvas]").bounding_box()
            if box is not None:
                self.page.mouse.move(box["x"] + _SELECT_WIDTH, box["y"] + _HEAD_HEIGHT + 5)
            cell.focus()
            with contextlib.suppress(AssertionError):
                expect(cell).to_have_attribute("aria-selected", "true", timeout=1000)
                return bool(cell.evaluate("c => document.activeElement === c"))
            # A cell that had the focus while the cursor could not follow does not call for it again.
            cell.evaluate("c => (c.nextElementSibling ?? c.previousElementSibling).focus()")
            self.page.wait_for_timeout(60)
            return False

        until(is_focused, lambda focused: focused)

    def _place(self, column: str) -> int:
        """The place of a column, which is brought into view."""

        def look() -> dict[str, int]:
            found = self.columns()
            if found and column not in found:
                self.root.locator(".dvn-scroller").evaluate(
                    "scroller => { const left = scroller.scrollLeft; scroller.scrollLeft += 200;"
                    " if (scroller.scrollLeft === left) scroller.scrollLeft = 0; }"
                )
            return found

        return until(look, lambda found: column in found)[column]

    def _cell(self, row: int, column: str) -> Locator:
        place = self._place(column)
        cell = self._table.locator(f"tr[aria-rowindex='{row + 2}'] td[aria-colindex='{place}']")
        if cell.count() == 0:
            top = max(0, (row - 2) * _ROW_HEIGHT)
            self.root.locator(".dvn-scroller").evaluate("(scroller, top) => { scroller.scrollTop = top }", top)
            cell.wait_for(state="attached")
        return cell


def until(look: Callable[[], Value], is_right: Callable[[Value], bool]) -> Value:
    """Look again and again until it is right: a page that is not busy may not even have begun to change."""
    deadline = time.monotonic() + PATIENCE
    seen = look()
    while not is_right(seen):
        assert time.monotonic() < deadline, f"last seen: {seen!r}"
        time.sleep(0.05)
        seen = look()
    return seen
