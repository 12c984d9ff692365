"""The report of rejected rows: safe in a spreadsheet, and good to be corrected and uploaded again."""

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.contracts.catalogue import RejectedRow
from app.integrations.feeds.rejected_rows import RejectedRowsWriter, guarded, unguarded
from tests.integrations.feeds.reading import WriteFeed, read_all
from tests.support.shared import shared

CALCULATES = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def report_of(header: Sequence[str], rows: Sequence[RejectedRow]) -> bytes:
    writer = RejectedRowsWriter(header)
    return writer.header() + writer.rows(rows)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@given(st.text(max_size=20) | st.sampled_from(CALCULATES).flatmap(lambda start: st.text(max_size=5).map(start.__add__)))
def test_no_cell_calculates_and_every_cell_comes_back(cell: str) -> None:
    assert not guarded(cell).startswith(CALCULATES)
    assert unguarded(guarded(cell)) == cell


def test_the_known_formula_attacks_are_disarmed() -> None:
    attacks = json.loads(shared("abuse/text_vectors.json").read_text())["csv_formula"]
    rows = [RejectedRow(2, "x", attack, {"sku": attack, "title": "Chair"}) for attack in attacks]

    content = report_of(("sku", "title"), rows)

    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter):
            assert not any(cell.startswith(CALCULATES) for cell in row)


def test_a_report_names_line_code_and_mend_beside_the_row(write_feed: WriteFeed) -> None:
    found = read_all(write_feed('sku;title;price\n1;"Chair; red";abc\n'))

    header, row = rows_of(report_of(found.reader.header, found.rejected))

    assert header == ["sku", "title", "price", "error_line", "error_code", "error_message"]
    assert row[:5] == ["1", "Chair; red", "abc", "2", "price_invalid"]
    assert "'price'" in row[5]
    assert "12.90" in row[5]


def test_a_corrected_report_imports_and_its_own_columns_are_ignored(write_feed: WriteFeed) -> None:
    first = read_all(write_feed("sku,title,price,note\n=S-1,-5 degrees,abc,'tis\n@2,Chair,-5,\n"))
    report = report_of(first.reader.header, first.rejected)

    again = read_all(write_feed(report))
    corrected = read_all(write_feed(report.replace(b'"abc"', b'"5"').replace(b'"\'-5"', b'"6"')))

    assert again.codes == [(2, "price_invalid"), (3, "price_negative")]
    assert again.rejected[0].raw == first.rejected[0].raw
    assert corrected.rejected == []
    assert [(p.external_id, p.title, p.variants[0].price) for p in corrected.products.values()] == [
        ("=S-1", "-5 degrees", 5),
        ("@2", "Chair", 6),
    ]
    assert corrected.products["=S-1"].attributes == {"note": "'tis"}


def test_a_report_of_a_report_does_not_grow(write_feed: WriteFeed) -> None:
    first = read_all(write_feed("sku,title,price\n1,Chair,abc\n"))
    report = report_of(first.reader.header, first.rejected)

    again = read_all(write_feed(report))

    assert report_of(again.reader.header, again.rejected) == report


def test_a_corrected_variant_of_shopify_joins_its_product_again(write_feed: WriteFeed) -> None:
    first = read_all(
        write_feed("Handle,Title,Option1 Name,Option1 Value,Variant Price\nshirt,Shirt,Size,S,5\nshirt,,,M,abc\n")
    )
    report = report_of(first.reader.header, first.rejected)

    shirt = read_all(write_feed(report.replace(b'"abc"', b'"6"'))).products["shirt"]

    assert shirt.title == "Shirt"
    assert [(v.external_id, dict(v.options), v.price) for v in shirt.variants] == [("shirt#M", {"Size": "M"}, 6)]


def test_portions_of_a_report_make_one_file() -> None:
    rows = [RejectedRow(line, "x", "m", {"sku": f"S{line}"}) for line in range(10)]
    writer = RejectedRowsWriter(("sku",))

    assert writer.header() + writer.rows(rows[:4]) + writer.rows(rows[4:]) == report_of(("sku",), rows)
    assert len(rows_of(report_of(("sku",), rows))) == 11


def test_rows_refused_later_get_the_cells_that_reading_would_have_reported(write_feed: WriteFeed) -> None:
    found = read_all(
        write_feed(
            "Handle,Title,Option1 Name,Option1 Value,Variant Price\nshirt,Shirt,Size,S,5\nshirt,,,M,6\nmug,Mug,,,7\n"
        )
    )

    assert dict(found.reader.cells_of({3})) == {
        3: {"Handle": "shirt", "Title": "Shirt", "Option1 Name": "Size", "Option1 Value": "M", "Variant Price": "6"}
    }


@pytest.mark.parametrize(
    "name", ["supplier/german_prices_comma_quoted_decimals.csv", "woocommerce/sample_products_subset.csv"]
)
def test_any_row_survives_the_way_through_a_report(write_feed: WriteFeed, name: str) -> None:
    original = read_all(shared(f"data/feeds/{name}"))
    with shared(f"data/feeds/{name}").open(encoding="utf-8-sig", newline="") as file:
        _, *cells = csv.reader(file)
    header = original.reader.header
    rows = [RejectedRow(line, "x", "m", dict(zip(header, row, strict=True))) for line, row in enumerate(cells, 2)]

    again = read_all(write_feed(report_of(header, rows)))

    assert again.products.keys() == original.products.keys()
    assert [p.title for p in again.products.values()] == [p.title for p in original.products.values()]


def test_a_number_keeps_its_value_when_its_row_comes_back_by_itself(write_feed: WriteFeed) -> None:
    """In the file it was read like its column, in which others told that 1.234 is a thousand and more."""
    first = read_all(write_feed("sku;title;price;stock\nA;Chair;12,50;1.000\nB;Table;1.234;1.000,5\nC;Lamp;1.234;7\n"))
    report = report_of(first.reader.header, first.rejected)

    again = read_all(write_feed(report.replace(b"1.000,5", b"5")))

    assert (first.codes, again.codes) == ([(3, "stock_invalid")], [])
    assert first.products["C"].variants[0].price == again.products["B"].variants[0].price == Decimal(1234)


@pytest.mark.parametrize("columns", ["price", "price,currency"])
def test_a_price_keeps_its_currency_when_its_row_comes_back_by_itself(write_feed: WriteFeed, columns: str) -> None:
    end = ",CHF\n" if "currency" in columns else " CHF\n"
    path = write_feed(f"sku,title,{columns},stock\nA,Chair,5{end[:-1]},1\nB,Table,7{',' * (end[0] == ',')},x\n")
    first = read_all(path, own_currency="EUR")
    report = report_of(first.reader.header, first.rejected)

    again = read_all(write_feed(report.replace(b'"x"', b'"1"')), own_currency="EUR")

    assert [row.code for row in first.rejected] == ["stock_invalid"]
    assert (again.products["B"].variants[0].price, again.products["B"].variants[0].currency) == (Decimal(7), "CHF")
