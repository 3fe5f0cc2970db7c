"""Whether the mirror holds what the documents say, as somebody reads them who has never seen it."""

from kinso.database.connection import Connection
from kinso.mirror.tables import DERIVED, TABLES
from kinso.repository.mirror import FollowingMirror
from kinso.repository.store import Store


def contents(mirror: FollowingMirror) -> dict[str, list[tuple]]:
    """All rows of all tables, without what is computed when it is asked for."""
    found = {}
    for table in TABLES:
        columns = ", ".join(name for name in table.columns if name not in DERIVED)
        rows = mirror.rows(f"SELECT {columns} FROM {table.name}")
        found[table.name] = sorted(rows, key=repr)
    return found


def cut_streams(connection: Connection) -> int:
    """Have the server drop the streams of this database, and no others; returns how many there were."""
    admin, own = connection.client.admin, f"^{connection.database.name}[.]"
    stages = [{"$currentOp": {"idleCursors": True}}, {"$match": {"cursor.tailable": True, "ns": {"$regex": own}}}]
    operations = list(admin.aggregate(stages))
    for operation in operations:
        admin.command("killSessions", [{"id": operation["lsid"]["id"]}])
    return len(operations)


def differences(store: Store) -> dict[str, tuple[list[tuple], list[tuple]]]:
    """By table, the rows that only the mirror has and those that only a new one would have; empty if it is right."""
    present, anew = contents(store.mirror), FollowingMirror(store.connection)
    try:
        wanted = contents(anew)
    finally:
        anew.close()
    return {
        name: ([row for row in rows if row not in wanted[name]], [row for row in wanted[name] if row not in rows])
        for name, rows in present.items()
        if rows != wanted[name]
    }
