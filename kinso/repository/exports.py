"""Customers as lines of a CSV file, written by the mirror itself: a million of them take seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from kinso.models.customers import CustomerQuery
from kinso.models.facts import AMOUNT, CHOICE, DAY, FACTS, NUMBER, TEXT, WORDS, YES_NO, Fact
from kinso.models.fields import BY_NAME, FIELDS, Field
from kinso.models.transfer.cells import AS_EXPORTED, COLUMNS, CUSTOMER_SEEN, DIGITS_OF_DIGEST, Flavour
from kinso.repository.customers_search import CustomerLists
from kinso.repository.facts import MASKS, Computed, FactsNow
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import key_of
from kinso.repository.offsets import offset_between

_AT_ONCE = 50_000
_MOMENTS = ("created_at", "updated_at")
_CELLS = {
    "amount": (
        "CASE WHEN {0} < 0 THEN '-' ELSE '' END || abs({0}) // 100 || '.' || lpad((abs({0}) % 100)::VARCHAR, 2, '0')"
    ),
    "yes/no": "CASE WHEN {0} THEN 'true' ELSE 'false' END",
    "date": "coalesce({0}::VARCHAR, '')",
    "number": r"coalesce(regexp_replace({0}::DECIMAL(38, 6)::VARCHAR, '\.?0+$', ''), '')",
    "tags": "array_to_string({0}, ', ')",
}
"""How the values of the other types than text are written, as `FieldType.to_cell` does."""
_KINDS = {AMOUNT: "amount", NUMBER: "number", YES_NO: "yes/no", DAY: "date"}
"""Which of these a type of facts is written like."""
_TEXTS = frozenset({TEXT, CHOICE, WORDS})
_WRITTEN = {"createdAt": "created_at_cell", "updatedAt": "updated_at_cell", "version": "version::VARCHAR"}
_SPACES = r"\s\x0b\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_FORMULA = rf"^''*[{_SPACES}]*[=+\-@\t\r\n＝＋－＠]"
"""See `escape_formula`; the quote is doubled for the statement."""


class CustomerExportRepository:
    """Writes customers for files."""

    def __init__(self, customers: CustomerLists, mirror: FollowingMirror) -> None:
        self._customers = customers
        self._mirror = mirror

    def lines(
        self,
        query: CustomerQuery,
        flavour: Flavour,
        zone: ZoneInfo,
        *,
        facts: FactsNow | None = None,
        columns: Sequence[str] = COLUMNS,
        among: Sequence[str] | None = None,
    ) -> Iterator[bytes]:
        """The whole result of a query in its order as of one moment, in pieces of many whole lines.

        `columns` are those of an export, which also tells what the excel flavour does to them, and names of facts.
        `among` leaves those with one of these `_id`s.
        """
        names = [name for name in columns if name not in COLUMNS]
        tables, asked, order, computed = self._customers.asked_with(query, facts, names)
        cells = "".join(
            f", {_fact(FACTS[name], each)} AS {_fact_cell(name)}" for name, each in zip(names, computed, strict=True)
        )
        if among is not None:
            keys = asked.given([str(key_of(id)) for id in among])
            asked.add(f"key IN (SELECT unnest({keys}::VARCHAR[])::HUGEINT)")
        ordered = f"SELECT key, row_number() OVER (ORDER BY {order}) AS place{cells} FROM {asked.source} WHERE {asked}"
        offset = self._offset(zone)
        return tables.texts(
            ordered,
            "customers",
            lambda rows: lines_of(rows, flavour, offset, columns),
            asked.parameters,
            at_once=_AT_ONCE,
        )

    def _offset(self, zone: ZoneInfo) -> str:
        """How many seconds the clocks in the zone are ahead of UTC at the moment that is put into the braces."""
        [(first, last)] = self._mirror.rows(
            "SELECT min(least(created_at, updated_at)), max(greatest(created_at, updated_at)) FROM customers"
        )
        return offset_between(first, last, zone)


def lines_of(customers: str, flavour: Flavour, offset: str, columns: Sequence[str] = COLUMNS) -> str:
    """A statement with the `line` of each row of `customers`, and all their columns.

    `offset` is by how many seconds clocks are ahead of UTC at the moment that is put into its braces. Each step builds
    on the one before, so that nothing is written twice: a statement of that size would take longer than its work.
    """
    plain = ", ".join(f"{_plain(field)} AS {_cell(field)}" for field in FIELDS)
    moments = ", ".join(f"{_moment(column, flavour, offset)} AS {column}_cell" for column in _MOMENTS)
    cells = f"SELECT *, lpad(lower(to_hex(key)), 24, '0') AS id, {plain}, {moments} FROM {customers}"
    seen = f"SELECT *, {_seen(offset)} AS seen FROM ({cells})"
    texts = ", ".join(f"{_shown(field, flavour)} AS {_cell(field)}" for field in FIELDS if field.type.is_text)
    shown = f"SELECT * REPLACE ({texts}) FROM ({seen})"
    line = " || chr(44) || ".join(_written(name, flavour) for name in columns)
    return f"SELECT *, {line} || chr(13) || chr(10) AS line FROM ({shown})"


def _written(column: str, flavour: Flavour) -> str:
    if field := BY_NAME.get(column):
        return _quoted(_cell(field)) if field.type.is_text else _cell(field)
    if column == AS_EXPORTED:
        return f"CASE WHEN odd_id IS NULL THEN seen || '-' || left(md5(seen), {DIGITS_OF_DIGEST}) ELSE '' END"
    if column not in COLUMNS:
        cell = _fact_cell(column)
        return _quoted(_harmless(cell, flavour)) if FACTS[column].type in _TEXTS else cell
    return _WRITTEN[column]


def _fact(fact: Fact, computed: Computed) -> str:
    """What a file tells of a fact; a fact that there is not of somebody is an empty cell."""
    if fact.name in MASKS:
        bits = (f"(({computed.shown}) & {1 << place}) <> 0" for place in range(len(MASKS[fact.name])))
        words = (f"CASE WHEN {bit} THEN '{word}' END" for bit, word in zip(bits, MASKS[fact.name], strict=True))
        return f"concat_ws(', ', {', '.join(words)})"
    written = _CELLS.get(_KINDS.get(fact.type, ""), "{0}::VARCHAR").format(f"({computed.compared})")
    if fact.type in _TEXTS:
        written = computed.shown
    return f"CASE WHEN ({computed.shown}) IS NOT NULL THEN {written} ELSE '' END"


def _fact_cell(name: str) -> str:
    return f"fact_{name}"


def _plain(field: Field) -> str:
    return _CELLS.get(field.type.key, "{0}").format(field.attribute)


def _cell(field: Field) -> str:
    return f"{field.attribute}_cell"


def _moment(column: str, flavour: Flavour, offset: str) -> str:
    if flavour == "raw":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    return f"strftime({column} + to_seconds({offset.format(column)}), '%Y-%m-%d %H:%M:%S')"


def _seen(offset: str) -> str:
    """What an import reads again by `read_exported_customer`, without what shows that it is whole."""
    digests = " || ".join(f"left(md5(id || {_cell(field)}), {DIGITS_OF_DIGEST})" for field in FIELDS)
    numbers = ("epoch_ms(created_at)", offset.format("created_at"))
    created, seconds = (f"replace(({number})::VARCHAR, '-', 'n')" for number in numbers)
    return f"'{CUSTOMER_SEEN}' || id || '-' || {digests} || '-' || {created} || '-' || {seconds}"


def _shown(field: Field, flavour: Flavour) -> str:
    return _harmless(_cell(field), flavour)


def _harmless(cell: str, flavour: Flavour) -> str:
    if flavour == "raw":
        return cell
    return f"CASE WHEN regexp_matches({cell}, '{_FORMULA}') THEN chr(39) || {cell} ELSE {cell} END"


def _quoted(cell: str) -> str:
    special = " OR ".join(f"contains({cell}, chr({code}))" for code in (34, 44, 10, 13))
    doubled = f"replace({cell}, chr(34), chr(34) || chr(34))"
    return f"CASE WHEN {special} THEN chr(34) || {doubled} || chr(34) ELSE {cell} END"
