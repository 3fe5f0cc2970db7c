"""What a person has typed and not saved yet, kept for nobody but them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

LARGEST_DRAFT = 256 * 1024
"""Bytes of its content as JSON."""
WIDGETS = ("customers_grid_", "register_", "adding_", "purchase_", "refund_", "editing_")
"""How the keys of all widgets begin whose values become drafts; none of them does anything when it changes."""


@dataclass(frozen=True)
class Draft:
    """`place` is where it was typed; `content` is what that place makes of it."""

    id: str
    place: str
    content: dict[str, Any]
    updated_at: datetime
