import io

import pytest

from kinso.errors import InvalidInput
from kinso.services.transfer.customer_rows import CUSTOMER_FILE
from kinso.services.transfer.reading import MalformedRow, open_csv_file

HEADER = "customerId,customerName\r\n"


def read(source):
    with open_csv_file(source, CUSTOMER_FILE) as file:
        return file, list(file.records())


def cells(source):
    return [dict(record.cells) for record in read(source)[1]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_files_are_read_in_any_of_their_encodings(encoding):
    assert cells(f"{HEADER}C-1,নাসরিন\r\n".encode(encoding)) == [{"customerId": "C-1", "customerName": "নাসরিন"}]


def test_a_windows_file_is_read_and_that_is_said():
    file, [record] = read(f"{HEADER}C-1,Käthe\r\n".encode("cp1252"))
    assert record.cells["customerName"] == "Käthe"
    assert "Windows-1252" in file.notices[0]


def test_letters_at_the_edges_of_the_pieces_in_which_a_file_is_read_stay_whole():
    names = ["ø" * (999 + number % 2) for number in range(1200)]
    rows = "".join(f"C-{number},{name}\n" for number, name in enumerate(names))
    assert [record["customerName"] for record in cells((HEADER + rows).encode())] == names


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\x89PNG\x00\x01", "not a text file"),
        (b"\xef\xbb\xbfcustomerId\xff\xff", "cannot be read"),
        (b"customerId,customerName\r\nC-1,\x81\xff", "cannot be read"),
        (b"name,contact\r\na,b\r\n", "must name the columns"),
        (b"\r\n\r\n", "must name the columns"),
        (b"customerId,Customer ID\r\n", "“customerId” and “Customer ID” mean the same"),
    ],
)
def test_an_unusable_file_is_refused_with_its_reason(source, reason):
    with pytest.raises(InvalidInput, match=reason) as refused:
        read(source)
    assert refused.value.errors[0].field == "file"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_known_by_the_header(delimiter):
    file, [record] = read(delimiter.join(("Customer ID", "CONTACT", "purchase_amount")).encode() + b"\nC-1\n")
    assert file.delimiter == delimiter
    assert dict(record.cells) == {"customerId": "C-1", "contactInfo": "", "purchaseAmount": ""}


def test_column_names_are_understood_as_they_are_on_screen_and_others_are_told():
    file, _ = read(b"Customer ID,Customer name,Contact,Purchase amount,Membership,Registered,Last change,Shoe size,\n")
    assert list(file.columns.values()) == [
        "customerId",
        "customerName",
        "contactInfo",
        "purchaseAmount",
        "membershipStatus",
        "createdAt",
        "updatedAt",
    ]
    assert file.ignored_columns == ("Shoe size",)


def test_rows_are_counted_as_a_spreadsheet_does_and_lines_as_an_editor():
    _, records = read(b'\ncustomerId,contactInfo\nC-1,"a\nb"\n\n,\nC-2,c\n')
    assert [(record.row, record.line) for record in records] == [(3, 3), (6, 7)]


def test_a_row_with_more_cells_than_the_header_is_marked_unless_they_are_empty():
    _, records = read(b"customerId,customerName\nC-1,Ada,,\nC-2,Smith, Ada\n")
    assert [record.surplus for record in records] == [False, True]


def test_a_quote_that_is_never_closed_is_told_with_its_row():
    with pytest.raises(MalformedRow, match="never closed") as malformed:
        read(b'customerId,customerName\nC-1,Ada\nC-2,"Bea\nC-3,Cid\n')
    assert (malformed.value.row, malformed.value.line) == (3, 3)


def test_a_quote_within_a_quoted_text_is_told():
    with pytest.raises(MalformedRow, match="write it twice"):
        read(b'customerId,customerName\nC-1,"Ada "the" Great"\n')


def test_a_stream_that_cannot_be_rewound_is_read_as_often_as_needed():
    class Pipe(io.RawIOBase):
        pieces = iter([b"customerId\nC-", b"1\n", b""])

        def read(self, size=-1):
            return next(self.pieces)

    with open_csv_file(Pipe(), CUSTOMER_FILE) as file:
        assert [len(list(file.records())) for _ in range(3)] == [1, 1, 1]


def test_a_mark_at_the_start_tells_that_texts_are_escaped():
    marked, _ = read(f"{HEADER}".encode("utf-8-sig"))
    plain, _ = read(f"{HEADER}".encode())
    assert marked.readings("'+880") == ("+880",)
    assert plain.readings("'+880") == ("'+880", "+880")
    assert plain.readings("Ada") == marked.readings("Ada") == ("Ada",)
