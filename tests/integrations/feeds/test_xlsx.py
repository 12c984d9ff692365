"""Excel workbooks as feeds: which sheet, what cells mean, resuming, and packages that mean harm."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.integrations.feeds import errors
from app.integrations.feeds.reader import inspect, open_feed
from tests.integrations.feeds.reading import WriteFeed, read_all

HEADER = ("sku", "title", "price", "stock", "ean")


def workbook(*sheets: tuple[str, Sequence[Sequence[object]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook as openpyxl writes it."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    return saved(book)


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_sheet(content: bytes, sheet: bytes | str) -> bytes:
    """The package with other XML in its first sheet."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
            new.writestr(entry.filename, sheet if is_sheet else old.read(entry))
    return buffer.getvalue()


GOODS = workbook(
    ("Goods", [HEADER, ("A1", "Chair", 34.949999999999996, 3, 4006381333931), ("A2", "Table", 5, None, None)])
)


def test_cells_mean_what_people_see(write_feed: WriteFeed) -> None:
    day = dt.datetime.fromisoformat("2026-01-31")
    rows = [
        (*HEADER, "on", "since", "at", "rate"),
        (
            "A1",
            "Chair",
            34.949999999999996,
            3,
            4006381333931,
            True,
            day,
            dt.time(12, 30),
            0.1 + 0.2,
        ),
        (1001, "Table", "12,90 €", 4.0, "4.26E+12", False, day.replace(hour=8, minute=5), None, 1e16),
    ]

    found = read_all(write_feed(workbook(("Goods", rows)), "feed.xlsx"))

    chair, table = found.products["A1"], found.products["1001"]
    assert (chair.variants[0].price, chair.variants[0].stock) == (Decimal("34.95"), 3)
    assert chair.variants[0].gtin == "4006381333931"
    assert chair.attributes == {"on": "true", "since": "2026-01-31", "at": "12:30:00", "rate": "0.3"}
    assert (table.variants[0].price, table.variants[0].currency, table.variants[0].stock) == (
        Decimal("12.90"),
        "EUR",
        4,
    )
    assert (table.attributes["since"], table.attributes["rate"]) == ("2026-01-31T08:05:00", "1.00000000000000E+16")
    assert found.reader.profile.form == "xlsx"


def test_three_decimals_of_a_number_are_no_thousands(write_feed: WriteFeed) -> None:
    path = write_feed(workbook(("Goods", [("sku", "title", "price", "weight kg"), ("A1", "Chair", 1.234, 2.125)])))

    variant = read_all(path).products["A1"].variants[0]

    assert (variant.price, variant.weight_g) == (Decimal("1.234"), 2125)


def test_the_first_visible_sheet_with_known_names_is_read(write_feed: WriteFeed) -> None:
    content = workbook(
        ("Secret", [HEADER, ("X", "Hidden", 1, 1, None)]),
        ("Cover", [("Price list 2026",), ("Call us",)]),
        ("Goods", [(), ("Stand: Januar",), HEADER, ("A1", "Chair", 5, 1, None), (), ("A2", "Table", 6, 1, None)]),
        ("Old", [HEADER, ("Y", "Old", 1, 1, None)]),
        hidden=["Secret"],
    )

    found = read_all(write_feed(content))

    assert [(product.external_id, product.line) for product in found.products.values()] == [("A1", 4), ("A2", 6)]
    assert found.reader.profile.header_line == 3
    assert [w.message for w in found.reader.profile.warnings if w.code == "sheets_left_out"] == [
        "The sheet 'Goods' is read. Not read: 'Secret', 'Cover', 'Old'."
    ]


def test_merged_cells_count_for_every_row_and_column_they_cover(write_feed: WriteFeed) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in [
        ("Artikel", None, "Preis", None),
        ("Nr", "Name", "EUR", "CHF"),
        ("A1", "Stuhl", 5, 6),
        ("A2", None, 7, 8),
    ]:
        sheet.append(list(row))
    for cells in ("A1:B1", "C1:D1", "B3:B4"):
        sheet.merge_cells(cells)

    found = read_all(write_feed(saved(book)), default_currency="CHF")

    assert {key: product.title for key, product in found.products.items()} == {"A1": "Stuhl", "A2": "Stuhl"}
    assert [product.variants[0].price for product in found.products.values()] == [Decimal(6), Decimal(8)]


def test_reading_resumes_behind_every_page(write_feed: WriteFeed) -> None:
    rows = [(f"A{number}", f"Chair {number}", number, 1, None) if number % 7 else () for number in range(60)]
    path = write_feed(workbook(("Goods", [HEADER, *rows])))
    pages = list(open_feed(path).read(rows=4))

    assert len(pages) > 10
    for place, page in enumerate(pages):
        if page.cursor is not None:
            assert list(open_feed(path).read(page.cursor, rows=4)) == pages[place + 1 :]


def test_an_unstorable_character_costs_its_row(write_feed: WriteFeed) -> None:
    found = read_all(
        write_feed(workbook(("Goods", [HEADER, ("A1", "a_x0000_b", 1, 1, None), ("A2", "Table", 1, 1, None)])))
    )

    assert found.codes == [(2, "character_unstorable")]
    assert list(found.products) == ["A2"]


def _archive(compression: int = zipfile.ZIP_DEFLATED, **parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
TEXT = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
FAR = SHEET.format(
    f'<row r="1">{TEXT.format("A1", "sku")}</row><row r="1048576">{TEXT.format("XFD1048576", "x")}</row>'
)


@pytest.mark.parametrize(
    ("content", "refusal", "words"),
    [
        (workbook(("Empty", [])), errors.FeedEmpty, "visible sheet"),
        (workbook(("Goods", [HEADER])), errors.FeedHeaderOnly, "header"),
        (workbook(("Goods", [("colour",), ("red",)])), errors.FeedNoUsableColumn, "colour"),
        (workbook(("Goods", [[f"c{n}" for n in range(1100)], [1]])), errors.FeedTooManyColumns, "1100"),
        (GOODS[:-300], errors.FeedBinary, "damaged"),
        (GOODS[:2000] + b"\0" * 200 + GOODS[2200:], errors.FeedBinary, "damaged"),
        (_archive(xl__x=b"1"), errors.FeedFormatUnsupported, "no Excel workbook"),
        (
            _archive(zipfile.ZIP_STORED, mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
            errors.FeedFormatUnsupported,
            ".ods",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, errors.FeedFormatUnsupported, ".xls"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            errors.FeedFormatUnsupported,
            "password",
        ),
        (with_sheet(GOODS, FAR), errors.FeedArchiveTooLarge, "1,048,576 rows and 16,384 columns"),
        (
            with_sheet(GOODS, FAR.replace('r="XFD', "r='XFD").replace('XFD1048576"', "XFD1048576'")),
            errors.FeedArchiveTooLarge,
            "cells",
        ),
        (with_sheet(GOODS, FAR.replace("XFD", "&#88;FD")), errors.FeedArchiveTooLarge, "cells"),
        (with_sheet(GOODS, b"<a>" + b" " * (257 << 20) + b"</a>"), errors.FeedArchiveTooLarge, "256 MiB"),
        (
            with_sheet(GOODS, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + FAR),
            errors.FeedBinary,
            "DOCTYPE",
        ),
    ],
)
def test_a_workbook_that_is_no_feed_is_refused(
    write_feed: WriteFeed, content: bytes, refusal: type[errors.FeedRefused], words: str
) -> None:
    with pytest.raises(refusal) as caught:
        read_all(write_feed(content, "feed.xlsx"))

    assert words in caught.value.detail
    assert caught.value.detail.endswith(".")


def test_formats_that_reach_far_down_do_not_count(write_feed: WriteFeed) -> None:
    rows = "".join(
        f'<row r="{n}">{TEXT.format(f"A{n}", a)}{TEXT.format(f"B{n}", b)}</row>'
        for n, (a, b) in enumerate([("sku", "title"), ("A1", "Chair")], start=1)
    )
    path = write_feed(with_sheet(GOODS, SHEET.format(rows + '<row r="1048576"><c r="XFD1048576" s="1"/></row>')))

    assert list(read_all(path).products) == ["A1"]


def test_a_part_that_lies_about_its_size_is_counted_as_it_inflates(write_feed: WriteFeed, tmp_path: Path) -> None:
    content = bytearray(with_sheet(GOODS, b"<a>" + b" " * (257 << 20) + b"</a>"))
    size = (3 + (257 << 20) + 4).to_bytes(4, "little")
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = (100).to_bytes(4, "little")

    with pytest.raises(errors.FeedArchiveTooLarge):
        inspect(write_feed(bytes(content)))
