"""Everything that Kinso refuses or fails at, as one tree.

Each message is one sentence a person can act on. A front end translates the tree once: the API into status codes and
its envelope, the pages into messages beside what was typed, the command line into exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CUSTOMER_GONE = "This customer does not exist any more; search for it again."


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; `field` is its stored name, such as `customerId`."""

    field: str
    message: str


class KinsoError(Exception):
    """Base of all errors that are meant for a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(KinsoError):
    """One or more fields are not acceptable; nothing was changed."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(error.message for error in errors))
        self.errors = tuple(errors)


class AmbiguousCustomerId(InvalidInput):
    """Several customers have this ID but for letter case and spaces, and none of them has exactly this one."""

    def __init__(self, customer_id: str, alike: Sequence[str]) -> None:
        ids = " and ".join(f"“{each}”" for each in sorted(alike))
        super().__init__(
            [
                FieldError(
                    "customerId", f"Customer ID “{customer_id}” may mean {ids}; write it exactly like one of them."
                )
            ]
        )


class NotFound(KinsoError):
    """The thing asked for is not there (any more)."""


class Conflict(KinsoError):
    """The request is fine but the present state does not allow it."""


class DuplicateCustomerId(Conflict):
    """Another customer has this ID, whatever its letter case."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"Customer ID “{customer_id}” is already taken; choose another one.")
        self.customer_id = customer_id
        self.errors = (FieldError("customerId", self.message),)


class DuplicateSaleId(Conflict):
    """The ledger has another entry with this ID."""

    def __init__(self, sale_id: str) -> None:
        super().__init__(f"Sale ID “{sale_id}” is already recorded; give this one another ID.")
        self.sale_id = sale_id
        self.errors = (FieldError("saleId", self.message),)


class DuplicateEmail(Conflict):
    """Another account has this e-mail address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"“{email}” already has an account; use another address or edit that account.")
        self.errors = (FieldError("email", self.message),)


class DuplicateSegmentName(Conflict):
    """Another segment that the person sees has this name, whatever its letter case."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a segment “{name}” already; choose another name.")
        self.errors = (FieldError("name", self.message),)


class Versioned(Protocol):
    """What is changed only while it has the version that was seen; a sentence about it begins with its `title`."""

    @property
    def version(self) -> int:
        """Grows by one with every change."""

    @property
    def title(self) -> str:
        """What it is, and which."""


class StaleVersion(Conflict):
    """Someone else saved this since it was read; `current` is what is stored now."""

    def __init__(self, current: Versioned) -> None:
        super().__init__(
            f"{current.title} was changed by someone else meanwhile; look at the new values and save again."
        )
        self.current = current


class StillUnderWay(Conflict):
    """What this builds on is being worked on and may yet be undone; `retry_after` is in seconds."""

    def __init__(
        self,
        retry_after: int,
        message: str = "The same request is under way already; wait a moment and send it again for its answer.",
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WriteCollision(StillUnderWay):
    """Somebody else kept writing to the same for as long as one can wait; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(5, "Somebody else is changing the same at this moment; wait a few seconds and try again.")


class BeingImported(StillUnderWay):
    """An import that has not ended wrote to this customer, so nobody else may until it is done or undone."""

    RETRY_AFTER = 10

    def __init__(self, customer_id: str) -> None:
        super().__init__(
            self.RETRY_AFTER,
            f"Customer {customer_id} is in an import that has not ended yet; wait until it has, and try again.",
        )


class ImportUnderWay(Conflict):
    """Another import came first, and only one can be at a time; nothing was imported."""


class NotSignedIn(KinsoError):
    """No valid session."""

    def __init__(self, message: str = "Please sign in.") -> None:
        super().__init__(message)


class NotPermitted(KinsoError):
    """Signed in, but the role does not allow this."""


class TooManyAttempts(KinsoError):
    """Throttled; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        minutes = max(1, round(retry_after / 60))
        super().__init__(f"Too many failed attempts; wait {minutes} minute{'s' if minutes > 1 else ''} and try again.")
        self.retry_after = retry_after


class DatabaseUnavailable(KinsoError):
    """The database does not answer; trying again later is safe."""

    def __init__(self, message: str = "The database does not answer at the moment; please try again shortly.") -> None:
        super().__init__(message)


class MirrorNotReady(DatabaseUnavailable):
    """What answers questions about many customers is still being prepared; single customers can be worked on."""


class StartupError(KinsoError):
    """Kinso cannot start; the sentence names the cause and the way out."""


class ConfigurationError(StartupError):
    """A setting has an unusable value."""


class BackupUnusable(KinsoError):
    """A file that is no backup, or not one that this version reads."""

    def __init__(self, message: str = "This file is not a backup of Kinso, or its beginning is damaged.") -> None:
        super().__init__(message)


class BackupDamaged(BackupUnusable):
    """A backup that is not as it was written; nothing was done with it."""

    def __init__(self) -> None:
        super().__init__(
            "This backup is damaged: it was cut short or changed since it was written. Nothing was done; use another"
            " copy of it."
        )


class BackupFailed(KinsoError):
    """The file of a backup could not be written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"The backup cannot be written into {folder}: {reason}.")


class FileInTheWay(KinsoError):
    """There is a file of that name already; it stays as it is."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} exists already: choose another name, or add --overwrite to replace a file.")
