"""The invented goods: repeatable, valid, streaming, and wrong exactly where they say so."""

import csv
import io
import re
import tracemalloc
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from app.sandbox import goods
from app.sandbox.mistakes import KINDS
from app.sandbox.translations import _WORDS, LANGUAGES
from app.sandbox.vocabulary import FAMILIES, STYLES
from tests.support.shared import shared


def shopify_text(**wishes: int) -> tuple[str, list[goods.Mistake]]:
    stream = io.StringIO(newline="")
    planted = goods.write_shopify_csv(stream, **wishes)
    return stream.getvalue(), planted


def simple_text(rows: int, seed: int = goods.DEFAULT_SEED) -> str:
    stream = io.StringIO(newline="")
    goods.write_simple_csv(stream, rows=rows, seed=seed)
    return stream.getvalue()


def test_same_seed_makes_the_same_bytes_and_another_seed_other_ones():
    assert shopify_text(products=50, seed=7, mistakes=9) == shopify_text(products=50, seed=7, mistakes=9)
    assert shopify_text(products=50, seed=7) != shopify_text(products=50, seed=8)
    assert simple_text(50, seed=7) == simple_text(50, seed=7)
    assert simple_text(50, seed=7) != simple_text(50, seed=8)


def test_bytes_do_not_depend_on_the_machine_or_the_python():
    text, _ = shopify_text(products=3)

    assert text.splitlines()[1].startswith("alpine-scented-candle-1-by-lumen,Alpine Scented Candle 1 by Lumen,")
    assert "CND1-000001-CED,564,shopify,90,deny,manual,32.99,41.24,true,true,9520079190002" in text


def test_a_product_is_the_same_whether_reached_by_index_or_by_stream():
    assert goods.product_at(42) == next(islice(goods.generate_products(100), 42, None))
    assert goods.product_at(42) == next(goods.generate_products(1, start=42))


@given(st.integers(min_value=0))
def test_every_gtin_has_a_valid_check_digit(number: int):
    assert ean.is_valid(goods.gtin13(number))


def test_identities_are_unique_and_prices_make_sense():
    items = list(goods.generate_products(3000))
    variants = [variant for item in items for variant in item.variants]

    assert len({item.handle for item in items}) == len(items)
    assert len({variant.sku for variant in variants}) == len(variants)
    assert len({variant.gtin for variant in variants}) == len(variants)
    for variant in variants:
        assert 0 < variant.cost < variant.price < (variant.compare_at_price or variant.price + 1)
        assert variant.stock >= 0
        assert variant.grams > 0


def test_goods_vary_as_a_real_catalogue_does():
    items = list(goods.generate_products(500))

    assert len({item.category for item in items}) >= 10
    assert len({item.brand for item in items}) >= 10
    assert {len(item.option_names) for item in items} == {0, 1, 2}
    assert max(len(item.variants) for item in items) >= 9
    assert {item.status for item in items} == {"active", "draft"}
    assert any(variant.stock == 0 for item in items for variant in item.variants)


def test_generating_holds_no_products():
    tracemalloc.start()
    try:
        for _ in goods.generate_products(3000):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


def test_shopify_file_has_the_header_of_a_real_export():
    with shared("data/feeds/shopify/home-and-garden.csv").open(encoding="utf-8", newline="") as stream:
        real = next(csv.reader(stream))

    assert [*real, "Status"] == list(goods.SHOPIFY_HEADER)


def test_shopify_file_spreads_variants_and_images_over_rows():
    text, planted = shopify_text(products=200)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    items = list(goods.generate_products(200))

    assert planted == []
    assert len({row["Handle"] for row in rows}) == 200
    assert [row["Title"] for row in rows if row["Title"]] == [item.title for item in items]
    assert sum(bool(row["Variant SKU"]) for row in rows) == sum(len(item.variants) for item in items)
    assert sum(bool(row["Image Src"]) for row in rows) == sum(len(item.images) for item in items)
    assert any(row["Image Src"] and not row["Variant SKU"] for row in rows)
    assert text.count("\r\n") == text.count("\n") == len(rows) + 1


def test_mistakes_are_planted_where_they_are_said_to_be():
    text, planted = shopify_text(products=40, mistakes=20)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert len(planted) == 20
    assert {mistake.kind for mistake in planted} == {kind.name for kind in KINDS}
    assert [mistake.line for mistake in planted] == sorted({mistake.line for mistake in planted})
    for mistake in planted:
        row = rows[mistake.line - 2]
        assert row["Handle"] == mistake.handle
        assert row[mistake.column] == mistake.value


def test_taking_the_mistaken_lines_out_leaves_the_sound_file():
    text, planted = shopify_text(products=40, mistakes=11)
    lines = text.split("\r\n")
    wrong = {mistake.line for mistake in planted}

    sound = "\r\n".join(line for number, line in enumerate(lines, start=1) if number not in wrong)

    assert sound == shopify_text(products=40)[0]


def test_duplicates_repeat_what_stands_earlier_in_the_file():
    text, planted = shopify_text(products=40, mistakes=len(KINDS))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    for mistake in planted:
        if mistake.kind.startswith("duplicate"):
            assert mistake.value in [row[mistake.column] for row in rows[: mistake.line - 2]]


def test_mistakes_without_products_are_refused():
    with pytest.raises(ValueError, match="at least one product"):
        shopify_text(products=0, mistakes=1)


def test_simple_file_has_one_well_formed_row_per_article():
    text = simple_text(5000)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert len(rows) == 5000
    assert '"' not in text
    assert len({row["sku"] for row in rows}) == 5000
    for row in rows:
        assert None not in row
        assert ean.is_valid(row["gtin"])
        assert 0 < float(row["cost"]) < float(row["price"])
        assert not row["compare_at_price"] or float(row["compare_at_price"]) > float(row["price"])


def test_another_language_changes_the_words_and_nothing_else():
    for index in range(60):
        told = {language: goods.product_at(index, language=language) for language in LANGUAGES}
        english = told["en"]
        assert english == goods.product_at(index)
        for language, other in told.items():
            assert [item.gtin for item in other.variants] == [item.gtin for item in english.variants]
            assert [(item.price, item.stock) for item in other.variants] == [
                (item.price, item.stock) for item in english.variants
            ]
            assert (other.handle, other.images, other.brand) == (english.handle, english.images, english.brand)
            assert language == "en" or other.title != english.title


def test_every_word_of_the_vocabulary_is_known_in_every_language():
    same_everywhere = {"S", "M", "L", "XL", "Crème Brûlée", "Bluetooth 5.4"}
    words = set(STYLES)
    for family in FAMILIES:
        words |= {*family.nouns, *family.materials, *family.features, *family.category.split(" > ")}
        words |= {option.name for option in family.options}
        words |= {label for option in family.options for label, _ in option.values}
    amounts = {word for word in words if re.fullmatch(r"\d+( GB| g| kg)?", word)}
    assert words - set(_WORDS) - amounts == same_everywhere
