"""Copying everything to a database on another server, document by document as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from kinso.database.backups import clear, first_filled
from kinso.database.connection import Connection, in_batches, translated_errors
from kinso.database.preparation import prepare
from kinso.database.processes import demand_nobody_else
from kinso.database.schema import INDEXES
from kinso.errors import Conflict, DatabaseUnavailable, StartupError

_AT_ONCE = 2_000
_EXPIRING = {"sessions", "requests", "attempts", "api_tokens"}
"""MongoDB removes what is too old in them, in both databases at moments of its own."""
_AS_IT_IS: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def copy_everything(source: Connection, target: Connection, on_progress: Callable[[int, int], None]) -> None:
    """Copy all collections with their indexes into the empty database of `target`, and compare the two.

    `on_progress` gets the documents copied and about how many there are. Raises `StartupError` when the target
    cannot be used, and `Conflict` when Kinso is running on one of the two or somebody changed something meanwhile; then
    the target is as empty as before.
    """
    try:
        target.ping()
    except DatabaseUnavailable as error:
        raise StartupError("The server to move to does not answer: check the address, and whether it runs.") from error
    with translated_errors():
        for side in (source, target):
            demand_nobody_else(side, "move again")
        _demand_empty(target.database)
        prepare(target)
        try:
            clear(target.database)
            _copy(source.database, target.database, on_progress)
            prepare(target)
            if _content(source.database) != _content(target.database):
                raise Conflict("Somebody changed something meanwhile: stop Kinso, and move again. Nothing was moved.")
            # Whoever came meanwhile would go on working with what is left behind.
            demand_nobody_else(source, "move again")
        except BaseException:
            clear(target.database)
            raise


def _demand_empty(database: Database[Any]) -> None:
    if name := first_filled(database):
        raise StartupError(
            f"The database {database.name} there is not empty, {name} has documents: set KINSO_DATABASE to another"
            " one for both, or empty that one first."
        )


def _copy(source: Database[Any], target: Database[Any], on_progress: Callable[[int, int], None]) -> None:
    total = sum(source[name].estimated_document_count() for name in INDEXES)
    done = 0
    for name in INDEXES:
        to = target.get_collection(name, codec_options=_AS_IT_IS)
        documents = source.get_collection(name, codec_options=_AS_IT_IS).find().batch_size(_AT_ONCE)
        for batch in in_batches(documents, _AT_ONCE):
            to.insert_many(batch, ordered=False)
            done += len(batch)
            on_progress(done, max(total, done))


def _content(database: Database[Any]) -> dict[str, str]:
    """The server's own digest of each lasting collection."""
    lasting = [name for name in INDEXES if name not in _EXPIRING]
    found: dict[str, str] = database.command("dbHash", collections=lasting)["collections"]
    return {name: digest for name, digest in found.items() if name in lasting}
