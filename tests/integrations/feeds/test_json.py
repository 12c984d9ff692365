"""JSON and JSON lines as feeds: where the list is, what objects mean as rows, what is broken, resuming anywhere."""

import json
import tracemalloc
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.integrations.feeds import errors
from app.integrations.feeds.reader import inspect, open_feed
from tests.integrations.feeds.reading import Reading, WriteFeed, read_all
from tests.support.shared import shared

CHAIR = {"sku": "A1", "title": "Chair", "price": 9.5}
TABLE = {"sku": "A2", "title": "Table", "price": "12.90 EUR"}


def read_json(write_feed: WriteFeed, value: object, **options: Any) -> Reading:
    return read_all(write_feed(json.dumps(value), "feed.json"), **options)


@pytest.mark.parametrize(
    "value",
    [
        [CHAIR, TABLE],
        {"products": [CHAIR, TABLE]},
        {"data": {"page": 1, "filters": [{"name": "x"}], "items": [CHAIR, TABLE]}},
        {"note": "[{", "tags": ["a", "b", "c"], "result": {"goods": [CHAIR, TABLE]}},
    ],
)
def test_the_list_of_products_is_found(write_feed: WriteFeed, value: object) -> None:
    found = read_json(write_feed, value)

    assert list(found.products) == ["A1", "A2"]
    assert found.products["A1"].variants[0].price == Decimal("9.5")
    assert found.products["A2"].variants[0].currency == "EUR"
    assert found.reader.profile.form == "json"
    assert (found.reader.profile.delimiter, found.reader.profile.quoting) == (None, None)


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_spacing_changes_nothing(write_feed: WriteFeed, indent: int | None) -> None:
    path = write_feed("\ufeff \n" + json.dumps({"products": [CHAIR, TABLE]}, indent=indent), "feed.json")

    assert list(read_all(path).products) == ["A1", "A2"]


def test_one_product_without_a_list_is_read(write_feed: WriteFeed) -> None:
    product = {"product": {"id": 7, "title": "Chair", "variants": [{"id": 1, "sku": "S"}, {"id": 2, "sku": "M"}]}}

    found = read_json(write_feed, product)

    assert [variant.sku for variant in found.products["7"].variants] == ["S", "M"]


def test_lines_of_json_are_read_with_their_lines(write_feed: WriteFeed) -> None:
    path = write_feed(f"{json.dumps(CHAIR)}\r\n\n{{broken}}\n[1]\n{json.dumps(TABLE)}", "feed.ndjson")

    found = read_all(path)

    assert found.reader.profile.form == "ndjson"
    assert [product.line for product in found.products.values()] == [1, 5]
    assert found.codes == [(3, "json_malformed"), (4, "not_an_object")]


def test_nested_objects_become_dotted_columns_and_known_shapes_what_they_are(write_feed: WriteFeed) -> None:
    product = {
        "id": 1,
        "name": {"de": "Stuhl", "en": "Chair"},
        "brand": {"id": 5, "name": "Oslo"},
        "price": {"amount": "12.90", "currency": "EUR"},
        "dimensions": {"width": 15.14, "unit": {"name": "cm"}},
        "meta": {"barcode": "4006381333931"},
        "images": [{"src": "https://a.example/1.jpg"}, "https://a.example/2.jpg"],
        "imageUrl": "https://a.example/0.jpg",
        "categories": [{"name": "Seats > Chairs"}, {"name": "New"}],
        "tags": ["a", "b, c"],
        "attributes": [{"name": "Color", "options": ["red", "blue"]}, {"name": "Legs", "value": "4"}],
        "reviews": [{"rating": 3, "by": "x"}],
        "gift": False,
        "note": None,
    }

    found = read_json(write_feed, [product])
    chair = found.products["1"]

    assert (chair.title, chair.brand, chair.category_path) == ("Stuhl", "Oslo", ("Seats", "Chairs"))
    assert chair.variants[0].price == Decimal("12.90")
    assert chair.variants[0].gtin == "4006381333931"
    assert len(chair.images) == 3
    assert chair.tags == ("a", "b, c")
    assert chair.attributes["Color"] == "red, blue"
    assert chair.attributes["dimensions.width"] == "15.14"
    assert chair.attributes["gift"] == "false"
    assert [warning.message for warning in found.reader.profile.warnings if warning.code == "lists_left_out"] == [
        "Lists of objects that are not read: 'reviews'."
    ]


def test_variants_become_one_product_with_options(write_feed: WriteFeed) -> None:
    product = {
        "id": 1,
        "title": "Shirt",
        "handle": "shirt",
        "sku": "PARENT",
        "options": [{"name": "Size", "values": ["S", "M"]}],
        "variants": [
            {"id": 11, "title": "S", "sku": "S-1", "option1": "S", "price": "5.00", "inventory_quantity": 3},
            {"id": 12, "title": "M", "option1": "M", "price": "6.00", "compare_at_price": "7.00"},
        ],
    }

    found = read_json(write_feed, [product, CHAIR | {"id": 2}])
    shirt = found.products["1"]

    assert found.rows == 3
    assert shirt.title == "Shirt"
    assert [(v.external_id, v.sku, dict(v.options)) for v in shirt.variants] == [
        ("11", "S-1", {"Size": "S"}),
        ("12", None, {"Size": "M"}),
    ]
    assert [variant.price for variant in shirt.variants] == [Decimal(5), Decimal(6)]
    assert [variant.line for product in found.products.values() for variant in product.variants] == [1, 2, 3]


@pytest.mark.parametrize(
    "options",
    [
        {"options": {"Size": "S"}},
        {"options": [{"name": "Size", "value": "S"}]},
        {"selectedOptions": [{"name": "Size", "value": "S"}]},
    ],
)
def test_options_are_read_in_the_shapes_that_shops_write(write_feed: WriteFeed, options: dict[str, Any]) -> None:
    variants = {"edges": [{"node": {"id": "v1", "sku": "S-1", "price": "5", **options}}]}

    found = read_json(write_feed, [{"id": 1, "title": "Shirt", "variants": variants}])

    assert found.products["1"].variants[0].options == {"Size": "S"}


def test_the_store_json_of_shopify_is_read() -> None:
    found = read_all(shared("data/feeds/storeapi/shopify_products_json_min.json"), default_currency="USD")

    runner = found.products["1001"]
    assert (runner.title, runner.brand, runner.tags) == ("Tree Runner", "Allbirds", ("shoes", "running", "sustainable"))
    assert (runner.variants[0].external_id, runner.variants[0].price, runner.variants[0].stock) == (
        "2001",
        Decimal("98.00"),
        50,
    )
    assert [image.url for image in runner.images] == ["https://cdn.shopify.com/img1.jpg"]
    assert len(found.products) == 3


def test_the_store_api_of_woocommerce_is_read_with_its_minor_units() -> None:
    pennant = read_all(shared("data/feeds/storeapi/woocommerce_store_api_doc_sample.json")).products["34"]
    teas = read_all(shared("data/feeds/storeapi/woocommerce_store_api_min.json")).products

    assert (pennant.variants[0].price, pennant.variants[0].currency) == (Decimal("11.05"), "GBP")
    assert (pennant.variants[0].sku, pennant.variants[0].availability) == ("wp-pennant", "in_stock")
    assert (teas["101"].variants[0].price, teas["101"].variants[0].compare_at_price) == (
        Decimal("8.99"),
        Decimal("9.99"),
    )
    assert teas["101"].category_path == ("Black Tea",)


def test_an_export_of_our_own_comes_back_as_it_was(write_feed: WriteFeed) -> None:
    variant = {"id": "0192-v", "sku": "A1-S", "price": "5.00", "currency": "EUR", "stock": 3, "options": {"Size": "S"}}
    own = {
        "items": [
            {
                "id": "0192",
                "sku": None,
                "title": "Shirt",
                "description": "<p>Soft</p>",
                "attributes": {"Wash": "30"},
                "tags": ["new"],
                "options": [{"name": "Size", "values": ["S"]}],
                "images": [{"url": "https://a.example/1.jpg", "alt": "front"}],
                "variants": [variant],
            }
        ],
        "next_cursor": None,
    }

    shirt = read_json(write_feed, own).products["0192"]

    assert (shirt.title, shirt.description_html, dict(shirt.attributes)) == ("Shirt", "<p>Soft</p>", {"Wash": "30"})
    assert [image.url for image in shirt.images] == ["https://a.example/1.jpg"]
    assert shirt.variants[0].options == {"Size": "S"}
    assert (shirt.variants[0].sku, shirt.variants[0].stock) == ("A1-S", 3)


def test_numbers_keep_their_digits(write_feed: WriteFeed) -> None:
    path = write_feed(
        '[{"sku": 12345678901234567890, "title": 5, "price": 34.949999999999996, "weight_kg": 1.234, "n": 1e3}]'
    )

    product = read_all(path).products["12345678901234567890"]

    assert product.variants[0].price == Decimal("34.95")
    assert product.variants[0].weight_g == 1234
    assert product.attributes["n"] == "1000"


@pytest.mark.parametrize("price", ["1e400", "NaN", "Infinity", "-1", "1E99999", '"1e400"', "9" * 5000])
def test_a_number_that_is_no_price_costs_its_row(write_feed: WriteFeed, price: str) -> None:
    path = write_feed('[{"sku": "A1", "title": "Chair", "price": ' + price + '}, {"sku": "A2", "title": "Table"}]')

    found = read_all(path)

    assert [code.startswith("price_") for _, code in found.codes] == [True]
    assert list(found.products) == ["A2"]


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "a\\udfffb"])
def test_characters_that_no_database_takes_cost_their_row(write_feed: WriteFeed, escape: str) -> None:
    path = write_feed('[{"sku": "A1", "title": "' + escape + '"}, {"sku": "A2", "title": "\\ud83d\\ude00"}]')

    found = read_all(path)

    assert found.codes == [(1, "character_unstorable")]
    json.dumps(found.rejected[0].raw).encode()
    "".join(found.rejected[0].raw.values()).encode()
    assert found.products["A2"].title == "\U0001f600"


@pytest.mark.parametrize(
    "bad", ['{"sku": 1,}', '{"sku": }', "{'sku': 1}", '{"a": "\t"}', "[" * 2000 + "]" * 2000, "null", "5", '"x"']
)
def test_a_broken_product_costs_itself_alone(write_feed: WriteFeed, bad: str) -> None:
    found = read_all(write_feed(f"[{json.dumps(CHAIR)}, {bad}, {json.dumps(TABLE)}]"))

    assert list(found.products) == ["A1", "A2"]
    assert [(line, code in {"json_malformed", "not_an_object"}) for line, code in found.codes] == [(2, True)]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"[]", errors.FeedHeaderOnly),
        (b"{}", errors.FeedHeaderOnly),
        (b'{"products": []}', errors.FeedHeaderOnly),
        (b"[1, 2]", errors.FeedJsonUnusable),
        (b'[{"colour": "red"}]', errors.FeedNoUsableColumn),
        (b'[{"sku": 1}, {"sku": 2', errors.FeedCutOff),
        (b'[{"sku": 1}, {"sku": "2', errors.FeedCutOff),
        (b'[{"sku": 1}', errors.FeedCutOff),
        (b'{"products": [{"sku": 1}', errors.FeedCutOff),
        (b'[{"sku": "\xff\xfe"}]', errors.FeedEncodingWrong),
        (b'[{"sku": "1", "title": "a\x00b"}]', errors.FeedHasNul),
        ('[{"sku": 1}]'.encode("utf-16"), errors.FeedEncodingWrong),
        (b"[" * 100_000 + b"]" * 100_000, errors.FeedRefused),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, errors.FeedJsonUnusable),
        (json.dumps({str(number): 0 for number in range(300_000)}).encode(), errors.FeedTooManyColumns),
        (b'[{"sku": 1, "title": "' + b"a" * (9 << 20) + b'"}]', errors.FeedFieldTooLarge),
    ],
)
def test_json_that_is_no_feed_is_refused(
    write_feed: WriteFeed, content: bytes, refusal: type[errors.FeedRefused]
) -> None:
    with pytest.raises(refusal) as caught:
        read_all(write_feed(content))

    assert caught.value.detail.endswith(".")


def test_a_sheet_whose_first_name_stands_in_brackets_is_no_json(write_feed: WriteFeed) -> None:
    assert inspect(write_feed("[sku],title\n1,Chair\n")).form == "delimited"


@pytest.fixture(scope="module")
def long_feeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("json")
    goods: list[dict[str, Any]] = [
        {"id": number, "title": f"Stühle {number} \u00e9\u4e2d", "price": "x" if number % 17 == 0 else "5.00"}
        | (
            {"variants": [{"id": f"{number}-{v}", "sku": f"{number}{v}", "price": "1"} for v in range(3)]}
            if number % 5 == 0
            else {}
        )
        for number in range(300)
    ]
    plain = [{key: value for key, value in item.items() if key != "variants"} for item in goods]
    files = {
        "array.json": json.dumps({"goods": goods}, ensure_ascii=False, indent=1),
        "variants.ndjson": "\n".join(json.dumps(item, ensure_ascii=False) for item in goods),
        "plain.ndjson": "\n\n".join(json.dumps(item) for item in plain) + "\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {name: folder / name for name in files}


@pytest.mark.parametrize("name", ["array.json", "variants.ndjson", "plain.ndjson"])
@pytest.mark.parametrize("rows", [1, 7, 100])
def test_reading_resumes_behind_every_page_with_exactly_what_followed(
    long_feeds: dict[str, Path], name: str, rows: int
) -> None:
    path = long_feeds[name]
    pages = list(open_feed(path).read(rows=rows))
    lines = [item.line for page in pages for item in page.items] + [row.line for page in pages for row in page.rejected]

    assert sum(page.rows_read for page in pages) == (300 if name.startswith("plain") else 420)
    assert len(lines) == len(set(lines))
    for place in range(0, len(pages), max(1, len(pages) // 8)):
        if (cursor := pages[place].cursor) is not None:
            assert list(open_feed(path).read(cursor, rows=rows)) == pages[place + 1 :]


@pytest.mark.parametrize("name", ["array.json", "plain.ndjson"])
def test_the_size_of_pages_changes_nothing(long_feeds: dict[str, Path], name: str) -> None:
    small, large = read_all(long_feeds[name], rows=3), read_all(long_feeds[name])

    assert small.products == large.products
    assert small.rejected == large.rejected


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_text("[" + ",\n".join([json.dumps(CHAIR | {"note": "x" * 900})] * 12_000) + "]")
    reader = open_feed(path)

    tracemalloc.start()
    rows = sum(page.rows_read for page in reader.read())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert rows == 12_000
    assert peak < 7_000_000 < path.stat().st_size


def test_rejected_rows_of_json_can_be_sent_again_as_a_sheet(write_feed: WriteFeed) -> None:
    product = {
        "id": 1,
        "title": "Shirt",
        "handle": "s",
        "body_html": "<p>x</p>",
        "variants": [
            {"id": 11, "sku": "S-1", "option1": "S", "price": "abc"},
            {"id": 12, "sku": "S-2", "option1": "M", "price": "6"},
        ],
    }
    reader = open_feed(write_feed(json.dumps([product]), "feed.json"))
    rejected = [row for page in reader.read() for row in page.rejected]
    columns = [name for name in reader.header if name in rejected[0].raw]
    row = {**rejected[0].raw, "price": "5"}
    sheet = "\n".join([",".join(columns), ",".join(row[name] for name in columns)])

    again = read_all(write_feed(sheet + "\n", "again.csv"))

    assert again.products["1"].variants[0].external_id == "11"
    assert again.products["1"].variants[0].options == {"Option 1": "S"}


def test_lines_only_ever_grow(long_feeds: dict[str, Path]) -> None:
    for path in long_feeds.values():
        lines = [v.line for page in open_feed(path).read() for item in page.items for v in item.variants]
        assert all(first < second for first, second in pairwise(lines))
