"""The downloaded file has exactly what is filtered, row by row as it is in the database."""

import csv
import io
from datetime import UTC
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import Role
from kinso.models.customers import CustomerDraft
from kinso.models.facts import FACTS
from kinso.models.validation import LABELS, parse
from kinso.repository.documents import now

COLUMNS = [
    "customerId",
    "customerName",
    "contactInfo",
    "purchaseAmount",
    "membershipStatus",
    "createdAt",
    "updatedAt",
    "notes",
    "tags",
    "lastPurchase",
    "version",
    "asExported",
]
HEADINGS = [LABELS.get(name) or (FACTS[name].label if name in FACTS else name) for name in COLUMNS]
NASTY = [
    ("=SUM(A1:A9)", "Formula, Inc."),
    ("@handle", '"Quoted" & Sons'),
    ("-5 degrees", "Semi;colon"),
    ("ليلى الخطيب", "راسلني"),
    ("高橋 翔 🎉", "+880 1711 000000"),
    ("'=already escaped", "a, b, c"),
]


@pytest.fixture
def filled(shop):
    """Two hundred customers, every third a member, some with texts that break careless files."""
    for place in range(200):
        name, contact = NASTY[place % len(NASTY)] if place % 10 == 0 else (f"Person {place}", f"p{place}@example.com")
        typed = {
            "customer_id": f"CSV-{place:03}",
            "customer_name": name,
            "contact_info": contact,
            "purchase_amount": Decimal(place * 37 % 4001) / 4,
            "membership_status": place % 3 == 0,
        }
        shop.store.customers.insert(parse(CustomerDraft, typed), now())
    return shop


def download(page, name):
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    page.keyboard.press("Escape")
    return started.value


def rows_of(text, columns=COLUMNS):
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == columns
    assert all(seen.startswith("c3-") for *_, seen in rows)
    return [row[:-1] for row in rows]


def stored_rows(shop, query, sort, form="{0:%Y-%m-%dT%H:%M:%S}.{1:03}Z"):
    """What the file has to say, straight from the documents."""
    rows = []
    for document in shop.store.connection.database["customers"].find(query).sort(sort):
        dates = (document[name].astimezone(UTC) for name in ("createdAt", "updatedAt"))
        rows.append(
            [
                document["customerId"],
                document["customerName"],
                document["contactInfo"],
                f"{Decimal(str(document['purchaseAmount'])):.2f}",
                "true" if document["membershipStatus"] else "false",
                *(form.format(date, date.microsecond // 1000) for date in dates),
                *("", "", ""),
                str(document["version"]),
            ]
        )
    return rows


def as_spreadsheets_get_it(text):
    return f"'{text}" if text.lstrip("'")[:1] in {"=", "+", "-", "@"} else text


def test_a_file_has_exactly_what_is_listed(filled, sign_in):
    page = sign_in(Role.ANALYST)
    page.goto(f"{filled.address}/customers?sort=Customer+ID&order=Ascending")
    expect(page.get_by_text("1–50 of 200 customers")).to_be_visible()

    file = download(page, "CSV with raw values")

    content = file.path().read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert rows_of(content.decode()) == stored_rows(filled, {}, "customerId")
    assert file.suggested_filename.startswith("customers-")

    page.get_by_label("Search", exact=True).fill("person 15")
    expect(page.get_by_text("of 10 customers")).to_be_visible()

    content = download(page, "CSV with raw values").path().read_bytes()

    expected = stored_rows(filled, {"customerName": {"$regex": "^Person 15"}}, "customerId")
    assert len(expected) == 10
    assert rows_of(content.decode()) == expected

    page.get_by_label("Search", exact=True).fill("")
    page.get_by_text("Members", exact=True).click()
    expect(page.get_by_text("1–50 of 67 customers")).to_be_visible()

    content = download(page, "CSV for Excel").path().read_bytes()

    assert content.startswith(b"\xef\xbb\xbf")
    expected = stored_rows(filled, {"membershipStatus": True}, "customerId", "{0:%Y-%m-%d %H:%M:%S}")
    escaped = [[*map(as_spreadsheets_get_it, row[:3]), *row[3:]] for row in expected]
    assert rows_of(content.decode("utf-8-sig"), HEADINGS) == escaped
    assert expected != escaped
