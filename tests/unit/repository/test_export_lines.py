"""A customer as a line of a file, written by the mirror, is what Python's own writer makes of the same cells."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from kinso.database.search import helper_fields
from kinso.mirror.mirror import Mirror
from kinso.models.fields import BY_NAME
from kinso.models.transfer.cells import (
    COLUMNS,
    escape_formula,
    local_moment,
    read_exported_customer,
    written_cells,
    written_moment,
)
from kinso.repository.documents import to_customer
from kinso.repository.exports import lines_of
from kinso.repository.mirrored import Happened, batches_of, key_of
from tests.support.examples import fewer_examples

MIRROR = Mirror()
ZONE = ZoneInfo("Asia/Dhaka")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["=1+1", " =2", "\xa0=3", "'+4", "@x", "a,b", 'a"b', "a\r\nb", "\t-", "＝", "'", "\x0b=", "\u2028=", '"', "\n"]
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "customerId": TEXTS,
        "customerName": TEXTS,
        "contactInfo": TEXTS,
        "purchaseAmount": st.integers(0, 10**13).map(lambda cents: float(Decimal(cents) / 100)),
        "membershipStatus": st.booleans(),
        "notes": TEXTS,
        "tags": st.lists(st.text(max_size=5), max_size=3),
        "createdAt": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        "version": st.integers(1, 10**6),
    }
)


def line(document, flavour):
    document = {"_id": ObjectId(), "updatedAt": document["createdAt"], **document}
    document |= {"createdAt": _to_the_millisecond(document["createdAt"]), "search": helper_fields(document, "")}
    MIRROR.apply(batches_of({"customers": Happened(whole={document["_id"]: document})}, lambda collection, ids: ()))
    offset = str(int(document["createdAt"].astimezone(ZONE).utcoffset().total_seconds()))
    sql = f"SELECT line FROM ({lines_of('customers', flavour, offset)}) WHERE key = $key"
    [(written,)] = MIRROR.rows(sql, {"key": key_of(document["_id"])})
    return document, written


def _to_the_millisecond(moment):
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize("flavour", ["excel", "raw"])
@fewer_examples()
@given(document=DOCUMENTS)
def test_a_line_is_what_the_writer_of_python_makes_of_the_cells(flavour, document):
    document, written = line(document, flavour)
    customer = to_customer(document)
    cells = written_cells(customer)
    [*_, seen] = next(csv.reader(io.StringIO(written, newline="")))
    exported = read_exported_customer(seen)
    assert (exported.id, exported.created.utc) == (customer.id, customer.created_at)
    assert all(exported.saw(name, text) and not exported.saw(name, f"{text}1") for name, text in cells.items())
    if flavour == "excel":
        cells |= {name: escape_formula(text) for name, text in cells.items() if BY_NAME[name].type.is_text}
    in_words = written_moment if flavour == "raw" else lambda moment: local_moment(moment, ZONE)
    cells |= {"createdAt": in_words(customer.created_at), "updatedAt": in_words(customer.updated_at)}
    cells |= {"version": str(customer.version), "asExported": seen}
    expected = io.StringIO(newline="")
    csv.writer(expected, lineterminator="\r\n").writerow([cells[column] for column in COLUMNS])
    assert written == expected.getvalue()


def test_no_spreadsheet_makes_anything_of_what_was_seen():
    _, written = line({"customerId": "1", "createdAt": datetime(1950, 1, 1, tzinfo=UTC)}, "raw")
    seen = written.strip().rpartition(",")[2]
    assert seen.replace("-", "").isalnum()
    assert seen.startswith("c3-")
    assert read_exported_customer(f" {seen.upper()} ") == read_exported_customer(seen) is not None


def test_somebody_with_an_id_of_another_application_has_no_such_text():
    document, written = line({"_id": "odd", "customerId": "1", "createdAt": datetime(2026, 1, 1, tzinfo=UTC)}, "raw")
    assert document["_id"] == "odd"
    assert written.endswith(",\r\n")
