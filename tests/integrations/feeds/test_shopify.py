"""Shopify's layout: variants and pictures over rows, in both generations of the header."""

import csv
import io
from decimal import Decimal

import pytest

from app.sandbox.goods import write_shopify_csv
from tests.integrations.feeds.reading import WriteFeed, read_all

OLD = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,"
    "Variant SKU,Variant Grams,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,"
    "Variant Barcode,Image Src,Image Alt Text,Variant Image,Cost per item,Status\n"
)
NEW = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,"
    "Option1 name,Option1 value,Option2 name,Option2 value,Price,Compare-at price,Cost per item,Inventory quantity,"
    "Continue selling when out of stock,Weight value (grams),Product image URL,Image alt text,Variant image URL,"
    "Care (product.metafields.custom.care)\n"
)
SHIRT = (
    'shirt,Shirt,<p>Soft</p>,Acme,Tops,"a, b",true,Size,S,Color,Red,SH-S,200,3,deny,20,25,\'4006381333931,'
    "https://x.example/1.jpg,Front,https://x.example/s.jpg,8,active\n"
    "shirt,,,,,,,,M,,Blue,,210,0,continue,21,,,https://x.example/2.jpg,Back,,,\n"
    "shirt,,,,,,,,,,,,,,,,,,https://x.example/3.jpg,,,,\n"
)


def test_rows_of_a_handle_are_one_product(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(OLD + SHIRT))
    shirt = found.products["shirt"]

    assert found.reader.profile.layout == "shopify"
    assert (shirt.title, shirt.brand, shirt.category_path, shirt.tags) == ("Shirt", "Acme", ("Tops",), ("a", "b"))
    assert (shirt.options, shirt.status, shirt.description_html) == (("Size", "Color"), "published", "<p>Soft</p>")
    assert [image.url[-5] for image in shirt.images] == ["1", "2", "3"]
    small, medium = shirt.variants
    assert small.external_id == small.sku == "SH-S"
    assert small.gtin == "4006381333931"
    assert (small.price, small.compare_at_price, small.cost) == (Decimal(20), Decimal(25), Decimal(8))
    assert (small.weight_g, small.image_url) == (200, "https://x.example/s.jpg")
    assert medium.external_id == "shirt#M#Blue"
    assert medium.options == {"Size": "M", "Color": "Blue"}
    assert (medium.stock, medium.availability, medium.line) == (0, "backorder", 3)


def test_the_newer_header_means_the_same(write_feed: WriteFeed) -> None:
    rows = (
        'Shirt,shirt,<p>Soft</p>,Acme,Apparel > Shirts,Tops,"a, b",true,Active,SH-S,\'4006381333931,Size,S,Color,Red,'
        "20,25,8,3,deny,200,https://x.example/1.jpg,Front,https://x.example/s.jpg,Cold wash\n"
        ",shirt,,,,,,,,,,,M,,Blue,21,,,0,continue,210,https://x.example/2.jpg,Back,,\n"
        ",shirt,,,,,,,,,,,,,,,,,,,,https://x.example/3.jpg,,,\n"
    )

    new = read_all(write_feed(NEW + rows)).products["shirt"]
    old = read_all(write_feed(OLD + SHIRT)).products["shirt"]

    assert new.attributes == {"Care (product.metafields.custom.care)": "Cold wash"}
    assert new.variants == old.variants
    assert (new.title, new.images, new.options, new.tags) == (old.title, old.images, old.options, old.tags)


def test_a_product_without_options_has_its_default_title(write_feed: WriteFeed) -> None:
    path = write_feed("Handle,Title,Option1 Name,Option1 Value,Variant Price\nmug,Mug,Title,Default Title,5\n")

    (variant,) = read_all(path).products["mug"].variants

    assert variant.options == {"Title": "Default Title"}
    assert variant.sku is None


@pytest.mark.parametrize(
    ("published", "status", "hint"),
    [
        ("true", "active", "published"),
        ("false", "active", "draft"),
        ("", "draft", "draft"),
        ("true", "archived", "archived"),
        ("false", "", "draft"),
        ("", "", None),
    ],
)
def test_published_and_status_together_are_the_hint(
    write_feed: WriteFeed, published: str, status: str, hint: str | None
) -> None:
    path = write_feed(f"Handle,Title,Published,Variant Price,Status\nmug,Mug,{published},5,{status}\n")

    assert read_all(path).products["mug"].status == hint


def test_a_wrong_first_row_costs_its_variant_and_not_the_product(write_feed: WriteFeed) -> None:
    found = read_all(write_feed(OLD + SHIRT.replace("deny,20,25", "deny,abc,25")))
    shirt = found.products["shirt"]

    assert found.codes == [(2, "price_invalid")]
    assert (shirt.title, shirt.brand, shirt.line) == ("Shirt", "Acme", 3)
    assert [variant.options for variant in shirt.variants] == [{"Size": "M", "Color": "Blue"}]


def test_pictures_alone_make_no_product_of_a_refused_row(write_feed: WriteFeed) -> None:
    rows = SHIRT.splitlines(keepends=True)

    found = read_all(write_feed(OLD + rows[0].replace("deny,20", "deny,-1") + rows[2]), rows=1)

    assert found.products == {}
    assert found.codes == [(2, "price_negative")]
    assert found.rows == 2


def test_a_refused_variant_carries_what_it_needs_to_be_sent_alone(write_feed: WriteFeed) -> None:
    raw = read_all(write_feed(OLD + SHIRT.replace("continue,21", "continue,abc"))).rejected[0].raw

    assert raw["Title"] == "Shirt"
    assert (raw["Option1 Name"], raw["Option1 Value"], raw["Option2 Name"]) == ("Size", "M", "Color")
    assert raw["Variant Price"] == "abc"


def test_a_row_without_handle_is_known_by_its_sku_and_without_both_refused(write_feed: WriteFeed) -> None:
    found = read_all(write_feed("Handle,Title,Variant SKU,Variant Price\n,Mug,M-1,5\n,Cup,,5\n"))

    assert list(found.products) == ["M-1"]
    assert found.codes == [(3, "identity_missing")]
    assert found.rejected[0].column == "Handle"


def test_the_generated_goods_come_in_whole_and_every_planted_mistake_is_named_by_its_line(
    write_feed: WriteFeed,
) -> None:
    text = io.StringIO(newline="")
    planted = write_shopify_csv(text, products=60, mistakes=24)

    found = read_all(write_feed(text.getvalue()))

    rejected = {row.line: row for row in found.rejected}
    of_rows = {"price_not_a_number", "price_negative", "price_too_large", "no_identity"}
    assert {mistake.line for mistake in planted if mistake.kind in of_rows} == set(rejected)
    for mistake in planted:
        if mistake.kind in of_rows:
            assert rejected[mistake.line].column == mistake.column
            assert mistake.value in rejected[mistake.line].message
    lines = {variant.line for product in found.products.values() for variant in product.variants}
    assert {mistake.line for mistake in planted if mistake.kind not in of_rows} <= lines
    cleaned = [found.products[mistake.handle] for mistake in planted if mistake.outcome == "cleaned"]
    assert {product.description_html for product in cleaned} == {"<p>Sound text</p>"}


def test_a_title_on_every_row_makes_no_variant_of_a_picture(write_feed: WriteFeed) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(
        [
            ("Handle", "Title", "Variant SKU", "Variant Price", "Image Src"),
            ("mug", "Mug", "M-1", "5", "https://x.example/1.jpg"),
            ("mug", "Mug", "", "", "https://x.example/2.jpg"),
        ]
    )

    mug = read_all(write_feed(text.getvalue())).products["mug"]

    assert (len(mug.variants), len(mug.images)) == (1, 2)
