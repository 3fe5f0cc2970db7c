"""Changes of what is stored, each made once in the life of a database, and known by its number.

The database stores the number of the last one it has had (`settings`, `_id` “migrations”). A start runs what is missing
in the order of the numbers, one process at a time, and refuses a database that a newer Kinso has changed. Backups and
copies carry the number with them.

To add one:

1. Write a function of a `Connection` in `numbered`, or beside what it is about, and append it to `MIGRATIONS` there
   with the next number and a title that reads on after “Bringing the database up to date:”. Never change the number or
   the meaning of one that was released.
2. Have it be harmless when repeated: a process may be killed in the middle, and then it is run again from its
   beginning. People may work meanwhile in processes that run already, so let each write name what it read, and work in
   batches.
3. It finds the collections and validators of today, which are declared in `kinso.database.schema` and need no migration
   of their own; but perhaps not yet an index that is new, nor customers whom another application stored. Indexes are
   created and customers adopted after it, so set here what every stored customer would lack of a new field:
   that takes seconds, and the adoption of each takes minutes. What needs an index creates it by `create_indexes`.
4. Test it in `tests/integration/database/test_migrations.py`: what an earlier Kinso stored, and what it has become.

What has to be done at every start, because other programs and people can change a database at any time, is no
migration: it belongs in `kinso.database.preparation`.
"""
