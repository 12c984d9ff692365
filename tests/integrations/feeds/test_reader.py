"""Reading page by page: exact lines, bounded memory, resumable anywhere, rows that do not fit."""

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.integrations.contracts.catalogue import CatalogueSource, Page
from app.integrations.feeds.reader import inspect, open_feed
from app.sandbox.goods import write_shopify_csv, write_simple_csv
from tests.integrations.feeds.reading import WriteFeed, read_all, whole

CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(",;\"'\t\n\r"), max_size=12)


@pytest.fixture(scope="module")
def shopify_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feeds") / "goods.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_shopify_csv(file, products=150, mistakes=40)
    return path


def test_a_reader_is_a_catalogue_source(write_feed: WriteFeed) -> None:
    source: CatalogueSource = open_feed(write_feed("sku,title\n1,Chair\n"))

    assert source.pages


async def test_pages_come_through_the_event_loop_as_they_come_without(shopify_feed: Path) -> None:
    reader = open_feed(shopify_feed)
    stream: AsyncIterator[Page] = reader.pages()

    assert [page async for page in stream] == list(reader.read())


async def test_a_reading_that_is_given_up_lets_the_file_go(shopify_feed: Path) -> None:
    async for page in open_feed(shopify_feed).pages():
        assert page.items
        break


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 50])
def test_reading_resumes_behind_every_page_with_exactly_what_followed(shopify_feed: Path, rows: int) -> None:
    pages = list(open_feed(shopify_feed).read(rows=rows))
    assert len(pages) > 5

    for number, page in enumerate(pages[:: max(1, len(pages) // 10)]):
        place = number * max(1, len(pages) // 10)
        if page.cursor is not None:
            assert list(open_feed(shopify_feed).read(page.cursor, rows=rows)) == pages[place + 1 :]


@pytest.mark.parametrize("rows", [1, 10, 333])
def test_the_size_of_pages_changes_no_product(shopify_feed: Path, rows: int) -> None:
    small, large = read_all(shopify_feed, rows=rows), read_all(shopify_feed, rows=100_000)

    assert small.products == large.products
    assert small.rejected == large.rejected
    assert small.rows == large.rows


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12),
    form=st.tuples(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(",;")
    ),
    rows=st.integers(1, 4),
)
def test_any_cells_come_back_with_their_lines_and_resume(
    tmp_path: Path, cells: list[tuple[str, str]], form: tuple[str, str, str], rows: int
) -> None:
    encoding, end, delimiter = form
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("sku", "title", "note"))
    lines = []
    for number, (title, note) in enumerate(cells):
        lines.append(1 + len(list(io.StringIO(text.getvalue(), newline=""))))
        writer.writerow((f"S{number}", title, note))
    path = tmp_path / "any.csv"
    path.write_bytes(text.getvalue().encode(encoding))

    reader = open_feed(path)
    pages = list(reader.read(rows=rows))

    items = [item for page in pages for item in page.items]
    assert [item.line for item in items] == lines
    assert [item.title or "" for item in items] == [" ".join(title.split()) for title, _ in cells]
    assert [item.attributes.get("note", "") for item in items] == [note.strip() for _, note in cells]
    for page, following in pairwise(pages):
        assert page.cursor is not None
        assert next(reader.read(page.cursor, rows=rows)) == following


def test_lines_count_notes_above_the_header_blank_lines_and_breaks_in_cells(write_feed: WriteFeed) -> None:
    path = write_feed(
        'Price list of March\n\n"Valid, until\nApril"\nsku,title,price\n1,"Two\nlines",5\n\n,,\n2,Chair,abc\n'
    )

    found = read_all(path)

    assert found.reader.profile.header_line == 5
    assert [warning.code for warning in found.reader.profile.warnings] == ["rows_above_header"]
    assert found.products["1"].line == 6
    assert found.codes == [(10, "price_invalid")]
    assert found.rows == 2


def test_short_rows_are_filled_and_long_ones_refused_unless_the_surplus_is_empty(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,price\n1,Chair\n2,Table,6,,\n3,Big, red sofa,7\n"))

    assert list(found.products) == ["1", "2"]
    assert found.products["1"].variants[0].price is None
    assert found.codes == [(4, "row_too_long")]
    assert "'7'" in found.rejected[0].message


def test_a_delimiter_at_the_end_of_every_line_is_no_column(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku;title;price;\n1;Chair;5;\n2;Table;6;\n"))

    assert found.reader.header == ("sku", "title", "price")
    assert len(found.products) == 2


def test_columns_of_one_name_are_told_apart(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku,title,note,note,\n1,Chair,a,b,c\n"))

    assert found.reader.header == ("sku", "title", "note", "note (2)", "column 5")
    assert found.products["1"].attributes == {"note": "a", "note (2)": "b", "column 5": "c"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_content_and_not_by_name(write_feed: WriteFeed, delimiter: str) -> None:
    rows = [("sku", "title", "price"), ("1", "Chair; big, red | new", "34.95"), ("2", "Table, <b>round</b>", "1,5")]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows * 1 + [("3", 'Lamp "Oslo"', "7.00")])

    found = read_all(write_feed(text.getvalue(), name="feed.csv"))

    assert found.reader.profile.delimiter == delimiter
    assert found.products["3"].title == 'Lamp "Oslo"'


def test_inches_in_a_tab_file_are_no_quotes(write_feed: WriteFeed) -> None:
    rows = "".join(f'{number}\t"Best" chair {number}, 5" wide\t5\n' for number in range(300))

    found = read_all(write_feed("sku\ttitle\tprice\n" + rows + '301\t5" pipe\t6\n'))

    assert found.reader.profile.quoting == "none"
    assert len(found.products) == 301
    assert found.products["0"].title == '"Best" chair 0, 5" wide'


def test_proper_quotes_in_a_tab_file_quote(write_feed: WriteFeed) -> None:
    found = read_all(write_feed('sku\ttitle\n1\t"Chair\twith ""tab"""\n2\tTable\n'))

    assert found.reader.profile.quoting == "minimal"
    assert found.products["1"].title == 'Chair with "tab"'


def test_each_column_decides_for_itself_what_a_comma_is(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("sku;price;cost\n1;1.234;0.75\n2;12,50;1.234\n"))
    variant = found.products["1"].variants[0]

    assert (variant.price, variant.cost) == (Decimal(1234), Decimal("0.75"))
    assert found.products["2"].variants[0].cost == Decimal("1.234")


def test_doubt_about_a_decimal_mark_is_said(write_feed: WriteFeed) -> None:
    profile = inspect(write_feed("sku,title,price\n1,Chair,1.234\n2,Table,2.500\n"))

    assert [warning.code for warning in profile.warnings] == ["decimal_mark_ambiguous"]


def test_the_currency_is_the_files_else_the_given_one_else_none(write_feed: WriteFeed) -> None:
    path = write_feed("sku,price,currency\n1,5,usd\n2,5 GBP,\n3,5,\n4,5 EUR,USD\n5,5,XYZ\n")

    found = read_all(path, default_currency="EUR")

    assert [found.products[sku].variants[0].currency for sku in "123"] == ["USD", "GBP", "EUR"]
    assert found.codes == [(5, "currency_conflict"), (6, "currency_unknown")]
    assert read_all(path).products["3"].variants[0].currency is None
    assert found.reader.profile.currencies == ("GBP", "EUR", "USD")


def test_a_mapping_wins_over_the_names(write_feed: WriteFeed) -> None:
    path = write_feed("sku,title,price,Netto-VK,mine\n1,Chair,5,4,x\n")

    found = read_all(path, mapping={"Netto-VK": "price", "mine": "cost_price", "title": ""})
    proposal = inspect(path).mapping

    assert found.codes == [(2, "price_invalid")]
    assert found.rejected[0].column == "mine"
    assert read_all(path, mapping={"Netto-VK": "price"}).products["1"].variants[0].price == 4
    assert read_all(path, mapping=proposal).products == read_all(path).products


def test_progress_rises_to_one(shopify_feed: Path) -> None:
    progress = [page.progress or 0.0 for page in open_feed(shopify_feed).read(rows=20)]

    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert progress[0] < 1.0


def test_the_number_of_rows_is_guessed_well_enough_for_a_progress_bar(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_simple_csv(file, rows=5000)

    assert inspect(path).rows_estimate == pytest.approx(5000, rel=0.02)


def test_memory_stays_with_the_page_and_not_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_simple_csv(file, rows=20_000)
    assert path.stat().st_size > 3_000_000

    tracemalloc.start()
    rows = sum(page.rows_read for page in open_feed(path).read())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rows == 20_000
    assert peak < 12_000_000


def test_a_page_of_large_rows_ends_by_its_size(write_feed: WriteFeed) -> None:
    note = "x" * 500_000

    pages = list(open_feed(write_feed("sku,note\n" + "".join(f"{n},{note}\n" for n in range(40)))).read())

    assert len(pages) >= 5
    assert sum(page.rows_read for page in pages) == 40


def test_rows_in_any_order_make_the_same_products(shopify_feed: Path, tmp_path: Path) -> None:
    with shopify_feed.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    lead = {row[0]: place for place, row in reversed(list(enumerate(rows)))}
    tail = [row for place, row in enumerate(rows) if lead[row[0]] != place]
    Random(1).shuffle(tail)
    scattered = tmp_path / "scattered.csv"
    with scattered.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(rows[place] for place in sorted(lead.values())), *tail])

    together, apart = read_all(shopify_feed).products, read_all(scattered).products

    assert whole(together.values()).keys() == apart.keys()
    for handle, product in together.items():
        assert {variant.sku for variant in product.variants} == {variant.sku for variant in apart[handle].variants}
        assert {image.url for image in product.images} == {image.url for image in apart[handle].images}
        assert product.title == apart[handle].title
