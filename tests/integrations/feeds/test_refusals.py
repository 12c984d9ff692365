"""Files that are no feeds are refused with a stable code and words that say what to do."""

from collections.abc import Iterator

import pytest

from app.integrations.feeds import errors
from app.integrations.feeds.reader import inspect, open_feed
from tests.integrations.feeds.reading import WriteFeed, read_all

HEADER = "sku,title,price\n"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", errors.FeedEmpty),
        (b" \r\n\t\n", errors.FeedEmpty),
        (b"\xef\xbb\xbf", errors.FeedEmpty),
        (b"\xff\xfe", errors.FeedEmpty),
        (b"sku,title,price\n", errors.FeedHeaderOnly),
        (b"sku,title,price", errors.FeedHeaderOnly),
        (b"sku;title;price\r\n\r\n;;\r\n", errors.FeedHeaderOnly),
        (b"colour,length\nred,5\n", errors.FeedNoUsableColumn),
        (b"title,price\nChair,5\n", errors.FeedNoUsableColumn),
        (b"PK\x03\x04\x14\x00\x06\x00workbook", errors.FeedBinary),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", errors.FeedFormatUnsupported),
        (b"%PDF-1.7 ...", errors.FeedBinary),
        (bytes(range(256)) * 20, errors.FeedBinary),
        (b"sku,title\n1,a\x00b\n", errors.FeedHasNul),
        ("sku,title\n1,a\x00b\n".encode("utf-16"), errors.FeedHasNul),
        (b'sku,title\n1,"abc\n2,def\n', errors.FeedUnbalancedQuotes),
        (b"sku,title,price\n1,Chair,5\n2,Tab", errors.FeedCutOff),
        ("sku,title\n1,grün\n2,Tür\n3,bl".encode() + b"\xc3", errors.FeedCutOff),
        ("sku,title\n1,Chair\n".encode("utf-16")[:-1], errors.FeedCutOff),
        ("sku,title\n1,Tür\n2,grün\n3,schön\n".encode() + b"4,Stra\xdfe\n", errors.FeedEncodingWrong),
        (b"\xef\xbb\xbfsku,title\n1,T\xfcr\n", errors.FeedEncodingWrong),
        ("sku,title\n1,Chair\n".encode("utf-32"), errors.FeedFormatUnsupported),
        (b"<!DOCTYPE html><html><body>Login</body></html>", errors.FeedFormatUnsupported),
        (b"<?xml version='1.0'?><rss/>", errors.FeedWithoutItems),
        (b",".join(b"c%d" % number for number in range(5000)) + b"\n1,2\n", errors.FeedTooManyColumns),
    ],
)
def test_a_file_that_is_no_feed_is_refused(
    write_feed: WriteFeed, content: bytes, refusal: type[errors.FeedRefused]
) -> None:
    with pytest.raises(refusal) as caught:
        read_all(write_feed(content))

    assert type(caught.value) is refusal
    assert caught.value.status == 422
    assert caught.value.detail.endswith(".")


def test_an_unclosed_quote_is_named_by_the_line_that_opens_it(write_feed: WriteFeed) -> None:
    rows = "".join(f"{number},Chair {number},5\n" for number in range(50))

    with pytest.raises(errors.FeedUnbalancedQuotes, match="row of line 52"):
        open_feed(write_feed(HEADER + rows + '99,"Chair without an end,5\n' + rows))


def test_a_stray_quote_costs_its_own_rows_and_not_those_behind_the_next_quote(write_feed: WriteFeed) -> None:
    path = write_feed(HEADER + '1,"Chair,5\n2,Table,6\n3,"Lamp",7\n4,Stool,8\n5,"Bed ""Oslo""",9\n')

    found = read_all(path)

    assert found.codes == [(2, "quotes_malformed")]
    assert "Line 2 to 4" in found.rejected[0].message
    assert list(found.products) == ["4", "5"]
    assert found.products["5"].title == 'Bed "Oslo"'


def test_a_nul_byte_is_named_by_its_line(write_feed: WriteFeed) -> None:
    with pytest.raises(errors.FeedHasNul, match="Line 3 "):
        inspect(write_feed(b"sku,title\n1,a\n2,b\x00\n"))


def test_wrong_bytes_are_named_by_their_line(write_feed: WriteFeed) -> None:
    good = "".join(f"{number},Tür\n" for number in range(100_000)).encode()

    with pytest.raises(errors.FeedEncodingWrong, match="Line 100002 "):
        inspect(write_feed(b"sku,title\n" + good + b"x,T\xfcr\n" + good))


def test_a_line_without_an_end_is_refused_before_it_fills_memory(write_feed: WriteFeed) -> None:
    with pytest.raises(errors.FeedLineTooLong, match="Line 2 "):
        inspect(write_feed(b"sku,title\n1," + b"a" * (9 << 20)))


@pytest.mark.parametrize(
    ("field", "refusal"),
    [(b"a" * 1_100_000, errors.FeedFieldTooLarge), (b'"' + b"a\n" * 600_000 + b'"', errors.FeedUnbalancedQuotes)],
)
def test_a_field_over_one_mebibyte_is_refused_while_reading(
    write_feed: WriteFeed, field: bytes, refusal: type[errors.FeedRefused]
) -> None:
    reader = open_feed(write_feed(b"sku,title\n" + b"0,Chair\n" * 3000 + b"1," + field + b"\n"))
    pages: Iterator[object] = reader.read()

    assert next(pages)
    with pytest.raises(refusal, match="3002"):
        list(pages)


def test_a_field_of_almost_one_mebibyte_is_read(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(b"sku,note\n1," + b"a" * 1_000_000 + b"\n2,Chair\n"))

    assert list(found.products) == ["1", "2"]


def test_a_last_row_without_line_end_is_complete_when_no_cell_is_missing(write_feed: WriteFeed) -> None:
    assert len(read_all(write_feed(HEADER + "1,Chair,5\n2,Table,6")).products) == 2
    assert len(read_all(write_feed(HEADER + '1,Chair,5\n2,"Table,\nround",6')).products) == 2
    assert len(read_all(write_feed(HEADER + "1,Chair\n2,Table")).products) == 2


def test_what_cannot_be_imported_can_still_be_inspected_so_that_a_mapping_can_be_made(write_feed: WriteFeed) -> None:
    path = write_feed("kode;navn\nA1;Stol\nA2;Bord\n")

    assert [column.name for column in inspect(path).columns] == ["kode", "navn"]
    assert list(read_all(path, mapping={"kode": "sku", "navn": "name"}).products) == ["A1", "A2"]


@pytest.mark.parametrize(
    "mapping", [{"nothing": "sku"}, {"sku": "banana"}, {"sku": "sku", "title": "sku"}], ids=["column", "field", "twice"]
)
def test_a_mapping_that_does_not_fit_is_refused(write_feed: WriteFeed, mapping: dict[str, str]) -> None:
    with pytest.raises(errors.FeedMappingInvalid):
        open_feed(write_feed(HEADER + "1,Chair,5\n"), mapping=mapping)


@pytest.mark.parametrize("cursor", ["", "x", "[]", '["a",1,{}]', "[1,2,3]", "null"])
def test_a_cursor_that_is_none_is_refused(write_feed: WriteFeed, cursor: str) -> None:
    reader = open_feed(write_feed(HEADER + "1,Chair,5\n"))

    with pytest.raises(errors.FeedCursorInvalid):
        list(reader.read(cursor))


def test_an_unknown_default_currency_is_refused(write_feed: WriteFeed) -> None:
    with pytest.raises(ValueError, match="XXX"):
        open_feed(write_feed(HEADER + "1,Chair,5\n"), default_currency="XXX")
