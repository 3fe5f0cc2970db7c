from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from kinso.errors import InvalidInput
from kinso.services.transfer.purchase_rows import PURCHASE_FILE, purchase_reader
from kinso.services.transfer.reading import open_csv_file

LATEST = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "saleId,customerId,date,amount"


def read(row, header=HEADER, zone="UTC"):
    with open_csv_file(f"{header}\n{row}\n".encode(), PURCHASE_FILE) as file:
        reader = purchase_reader(file, ZoneInfo(zone), LATEST)
        [record] = file.records()
        return reader.read(record)


def messages(row, header=HEADER):
    with pytest.raises(InvalidInput) as refused:
        read(row, header)
    return [error.message for error in refused.value.errors]


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        "Sale ID,Customer ID,Date,Amount",
        "SALE_ID,customer,soldAt,amount",
        "receipt number,CUSTOMERID,date,Amount",
    ],
)
def test_columns_may_be_called_as_people_call_them(header):
    row = read("S-1,C-001,2025-01-31,12.50", header)
    assert (row.sale_id, row.customer_id, row.amount, row.kind) == ("S-1", "C-001", Decimal("12.50"), "sale")
    assert row.sold_at == datetime(2025, 1, 31, tzinfo=UTC)


def test_columns_may_come_in_any_order_with_others_between():
    row = read("yes,12,S-1,20250131,C-001", "shoe,amount,saleId,date,customerId")
    assert (row.sale_id, row.amount, row.sold_at.day) == ("S-1", Decimal(12), 31)


def test_a_date_is_a_day_of_the_shop():
    assert read("S-1,C-001,19970101,0", zone="Asia/Dhaka").sold_at == datetime(1996, 12, 31, 18, tzinfo=UTC)


def test_nothing_may_be_paid():
    assert read("S-1,C-001,2025-01-31,0").amount == 0


def test_everything_that_is_wrong_with_a_row_is_told_at_once():
    assert messages(",C-001,soon,-3") == [
        "Sale ID is required.",
        "Amount cannot be negative; take money back by recording a refund of the sale.",
        "Date “soon” is not a date; write it like 2025-01-31 or 2025-01-31T09:30Z.",
    ]


@pytest.mark.parametrize("text", ["03/01/2025", "01.02.2025", "1-2-25", "01/02/2025 10:00"])
def test_a_date_that_can_be_read_in_two_ways_is_refused(text):
    assert messages(f"S-1,C-001,{text},1") == [
        f"Date “{text}” can be read in two ways; write it like 2025-01-31, or say whether day or month comes first."
    ]


@pytest.mark.parametrize("text", ["31/13/2025", "13/13/2026"])
def test_a_date_that_cannot_be_read_so_is_none(text):
    assert messages(f"S-1,C-001,{text},1") == [
        f"Date “{text}” is not a date; write it like 2025-01-31 or 2025-01-31T09:30Z."
    ]


def test_optional_cells_are_understood_or_told():
    header = f"{HEADER},Payment method,Note,Customer name,Contact"
    row = read('S-1,C-001,2025-01-31,1,CARD,"two\nlines",Ada,ada@shop.com', header)
    assert (row.payment_method, row.note, row.customer_name, row.contact_info) == (
        "card",
        "two, lines",
        "Ada",
        "ada@shop.com",
    )
    assert messages("S-1,C-001,2025-01-31,1,shells,,,", header) == [
        "Payment method “shells” is not understood; write cash, card, mobile, transfer, other or nothing."
    ]


def test_a_refund_names_its_sale_and_is_negative():
    header = f"{HEADER},kind,refundOf"
    row = read("R-1,C-001,2025-01-31,-5,Refund,S-1", header)
    assert (row.kind, row.amount, row.refund_of) == ("refund", Decimal(-5), "S-1")
    assert messages("R-1,C-001,2025-01-31,5,refund,", header) == [
        "Amount of a refund must be less than 0, such as -12.50.",
        "Refunded sale is required.",
    ]
    assert messages("R-1,C-001,2025-01-31,5,gift,", header) == [
        "Kind “gift” is not understood; write sale, refund, opening, adjustment or nothing."
    ]


@pytest.mark.parametrize("header", ["saleId,customerId,date", "customerId,customerName", "a,b,c,d"])
def test_a_file_without_the_columns_is_refused_as_a_whole(header):
    with pytest.raises(InvalidInput, match="Sale ID, Customer ID, Date and Amount"):
        read("1,2,3,4", header)


def test_two_columns_that_mean_the_same_are_refused():
    with pytest.raises(InvalidInput, match="“saleId” and “Receipt” mean the same"):
        read("S-1,R-1,C-001,2025-01-31,1", "saleId,Receipt,customerId,date,amount")
