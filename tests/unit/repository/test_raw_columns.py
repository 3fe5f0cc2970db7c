"""Documents that are taken apart many at once become exactly the rows that each becomes by itself."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import bson
import pytest
from bson import Binary, CodecOptions, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument
from hypothesis import given, settings
from hypothesis import strategies as st

from kinso.database.raw_documents import batch_of
from kinso.mirror.tables import CUSTOMER_KEYS
from kinso.repository.mirrored import CUSTOMER_SOURCE, ENTRY_SOURCE, MEMBERSHIP_SOURCE, SOURCES, key_rows
from kinso.repository.raw_columns import columns_of

OPTIONS = CodecOptions(
    tz_aware=True, datetime_conversion=bson.DatetimeConversion.DATETIME_CLAMP, unicode_decode_error_handler="replace"
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
MOMENTS = st.integers(-(10**9), 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
IDS = st.binary(min_size=12, max_size=12).map(ObjectId)
AMOUNTS = st.integers(-(10**9), 10**14).map(lambda cents: cents / 100)
KEPT = {
    "customers": st.fixed_dictionaries(
        {
            "_id": IDS,
            **dict.fromkeys(("customerId", "customerName", "contactInfo", "notes"), TEXTS),
            "purchaseAmount": AMOUNTS,
            "tags": st.lists(TEXTS, max_size=3),
            "membershipStatus": st.booleans(),
            "membershipHeld": st.booleans(),
            "createdAt": MOMENTS,
            "updatedAt": MOMENTS,
            "version": st.integers(1, 5),
            "search": st.fixed_dictionaries(
                {**dict.fromkeys(("id", "name", "contact", "text"), TEXTS), "keys": st.lists(TEXTS, max_size=3)}
            ),
        }
    ),
    "sales": st.fixed_dictionaries(
        {
            "_id": IDS,
            "customer": IDS.map(str),
            "kind": st.sampled_from(["sale", "refund", "opening", "gift"]),
            "amount": AMOUNTS,
            "soldAt": MOMENTS,
            "countsAt": MOMENTS,
            "void": st.booleans(),
            "saleId": TEXTS,
        },
        optional={"trashed": st.booleans(), "revenueOnly": st.booleans(), "refundOf": TEXTS},
    ),
    "memberships": st.fixed_dictionaries(
        {
            "_id": IDS,
            "customer": IDS.map(str),
            "from": MOMENTS,
            "to": st.none() | MOMENTS,
            "begun": st.fixed_dictionaries({"basis": TEXTS, "amount": AMOUNTS}),
        }
    ),
}
LONG = st.integers(-(2**63), 2**63 - 1)
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-1000, 1000)
    | LONG.map(Int64)
    | LONG.map(DatetimeMS)
    | TEXTS
    | st.text("0123456789abcdefABCDEF _", min_size=24, max_size=24)
    | IDS
    | st.sampled_from(
        [Binary(b"12"), Regex("a"), Timestamp(1, 2), MinKey(), MaxKey(), Decimal128("1.005"), Decimal128("NaN")]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "keys", "basis"]), inner),
    max_leaves=4,
)
"""What another application may have stored anywhere."""


@st.composite
def documents(draw, collection):
    document = draw(KEPT[collection])
    for name in draw(st.lists(st.sampled_from([*document, "another"]), max_size=3)):
        document[name] = draw(ODD)
    for name in draw(st.lists(st.sampled_from(sorted(document.keys() - {"_id"})), max_size=2)):
        document.pop(name, None)
    if draw(st.booleans()):
        document = dict(draw(st.permutations(list(document.items()))))
    if isinstance(document.get("search"), dict) and draw(st.booleans()):
        document["search"]["keys"] = draw(ODD)
    return document


def by_table(rows):
    """How often each row is there."""
    found = {}
    for table, columns in rows:
        values = table.arrow(columns).to_pylist()
        found.setdefault(table.name, Counter()).update(repr(sorted(row.items())) for row in values)
    return {name: rows for name, rows in found.items() if rows}


def one_by_one(source, raw):
    decoded = [bson.decode(each, OPTIONS) for each in raw]
    keys = [(CUSTOMER_KEYS, key_rows(decoded))] if source is CUSTOMER_SOURCE else []
    return by_table([(source.table, source.rows(decoded)), *keys])


def at_once(source, raw):
    array = bson.encode({str(place): RawBSONDocument(each) for place, each in enumerate(raw)})
    return by_table(columns_of(source, batch_of(memoryview(array)), OPTIONS))


@pytest.mark.parametrize("collection", SOURCES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_whatever_is_stored_becomes_the_same_rows(collection, data):
    raw = [bson.encode(each) for each in data.draw(st.lists(documents(collection), max_size=5))]
    assert at_once(SOURCES[collection], raw) == one_by_one(SOURCES[collection], raw)


def customer(**fields):
    helpers = {"id": "x", "name": "x", "contact": "x", "text": "x", "keys": ["k"]}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    values = {"customerId": "X", "purchaseAmount": 1.5, "createdAt": moment, "updatedAt": moment, "search": helpers}
    return {"_id": ObjectId(), **values, **fields}


ODD_BYTES = {
    "text that is none": bson.encode(customer(customerId="12345")).replace(b"12345", b"1\xff\xed\xa0\x80"),
    "a name that is there twice": bson.encode(customer(customerIb="second")).replace(b"customerIb", b"customerId"),
    "a key that is no text": bson.encode(customer(search={"keys": ["a", 1, "b"]})),
    "keys in another order": bson.encode(customer(search={"keys": ["a", "b"]})).replace(b"\x021\0", b"\x020\0"),
    "names too long to compare": bson.encode(customer(**{"a" * 5000: 1})),
    "an empty document": bson.encode({"_id": ObjectId()}),
}


@pytest.mark.parametrize("raw", ODD_BYTES.values(), ids=ODD_BYTES.keys())
def test_what_no_driver_would_have_written_becomes_the_same_rows(raw):
    batch = [raw, bson.encode(customer()), raw]
    assert at_once(CUSTOMER_SOURCE, batch) == one_by_one(CUSTOMER_SOURCE, batch)


@pytest.mark.parametrize("amount", [0.005, 1.005, 2.675, -0.0, 1e15, 9007199254740993.0, 1e20, -1e25, 1e300, 0.1 + 0.2])
def test_amounts_are_rounded_as_everywhere_else(amount):
    raw = [bson.encode({"_id": ObjectId(), "amount": amount})] * 2
    assert at_once(ENTRY_SOURCE, raw) == one_by_one(ENTRY_SOURCE, raw)


def test_more_layouts_than_are_learnt_are_read_too():
    raw = [bson.encode({"_id": ObjectId(), f"field{number}": 1, "amount": number}) for number in range(40)]
    assert at_once(ENTRY_SOURCE, raw) == one_by_one(ENTRY_SOURCE, raw)


def test_documents_as_they_are_stored_are_not_decoded(monkeypatch):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    raw = [
        bson.encode(
            {
                "_id": ObjectId(),
                "customer": str(ObjectId()),
                "from": moment + timedelta(number),
                "begun": {"basis": "x"},
            }
        )
        for number in range(1200)
    ]
    expected = one_by_one(MEMBERSHIP_SOURCE, raw)
    monkeypatch.setattr(bson, "decode", None)
    assert at_once(MEMBERSHIP_SOURCE, raw) == expected
