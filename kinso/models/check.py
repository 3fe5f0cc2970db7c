"""What an examination of the whole database found."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_FINDINGS = 1000
"""Kept by name in a report; beyond that they are only counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that must not be; `customer` is the `_id` of the customer it is about, if it is about one."""

    sentence: str
    customer: str | None = None


@dataclass
class CheckReport:
    """What was looked at and what is wrong with it.

    `twins` are sentences about IDs of customers or sales that look the same: they were stored before that was refused,
    and nothing else is wrong with them. Amounts that could not be taken over are told there, too.
    """

    customers: int = 0
    trashed: int = 0
    changes: int = 0
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0
    twins: list[str] = field(default_factory=list)
    twin_count: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.finding_count

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.finding_count += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def add_twin(self, sentence: str) -> None:
        """Count a twin, and keep it while there is room."""
        self.twin_count += 1
        if len(self.twins) < MOST_FINDINGS:
            self.twins.append(sentence)
