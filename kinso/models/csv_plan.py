"""What an import of customers would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass

from kinso.models.run import Run

MOST_ERRORS_SHOWN = 100


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row.

    `row` counts as a spreadsheet does, with the header in row 1; `line` is where the row begins in the text file. They
    differ below a cell with line breaks.
    """

    row: int
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"Row {self.row}" if self.row == self.line else f"Row {self.row} (line {self.line})"
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do at this moment; with any error it would do nothing.

    `errors` are the first `MOST_ERRORS_SHOWN` of `error_count`. `ignored_columns` are headers that mean nothing to
    Kinso, `notices` whole sentences about how the file was understood.
    """

    create: int
    update: int
    unchanged: int
    errors: tuple[RowError, ...]
    error_count: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def changes(self) -> int:
        """How many customers would be written."""
        return self.create + self.update


@dataclass(frozen=True)
class ImportResult:
    """What an import did; `run` is None when there was nothing to change."""

    run: Run | None
    created: int
    updated: int
    unchanged: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]
