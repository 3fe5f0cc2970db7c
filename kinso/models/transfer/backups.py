"""What is known about the backups of a shop."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class BackupState(BaseModel):
    """How the daily backups are going. `since` is when Kinso began to make them.

    `made_at` is when the last one was made, `failed_at` when one could not be since then, and `problem` why.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    since: datetime
    made_at: datetime | None = None
    failed_at: datetime | None = None
    problem: str = ""
