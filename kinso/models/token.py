"""API tokens: what programs show instead of signing in."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kinso.models.text import clean_text

TokenName = Annotated[str, BeforeValidator(partial(clean_text, shortest=2, longest=100))]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class NewToken(_Model):
    """A token as it is asked for; without `expires_at` it works until it is revoked."""

    name: TokenName
    expires_at: AwareDatetime | None = None


class ApiToken(_Model):
    """A token that belongs to the account `user_id`; its secret is not kept.

    `last_used_at` may lag a minute behind.
    """

    id: str = Field(alias="_id")
    user_id: str
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def has_expired(self, moment: datetime) -> bool:
        """Whether it is refused at this moment because of its age."""
        return self.expires_at is not None and self.expires_at <= moment
