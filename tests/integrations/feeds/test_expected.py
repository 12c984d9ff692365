"""The real files of others come out as somebody counted them by hand (../shared/data/feeds/expected.json)."""

import json
from decimal import Decimal
from typing import Any

import pytest

from app.integrations.contracts.catalogue import SourceProduct, SourceVariant
from tests.integrations.feeds.reading import read_all
from tests.support.shared import SHARED, shared

FEEDS = SHARED / "data" / "feeds"
EXPECTED: dict[str, Any] = (
    json.loads((FEEDS / "expected.json").read_text())["files"] if (FEEDS / "expected.json").exists() else {}
)
NAMES = list(EXPECTED) or ["expected.json"]
REPEATED = {"xml/zbozi_sample.xml": 4}
"""Rows that reading yields and the import rejects: a product that the file names again."""
ENCODINGS = {"utf-8 with BOM": "utf-8-sig"}
DELIMITERS = {"TAB": "\t"}


@pytest.mark.parametrize("name", NAMES)
def test_the_file_yields_the_products_that_were_counted(name: str) -> None:
    path, expected = shared(f"data/feeds/{name}"), EXPECTED[name]

    found = read_all(path)

    assert found.rows == expected["rows"]
    assert len(found.products) == expected["products"]
    assert len(found.rejected) == expected.get("rejected", 0) - REPEATED.get(name, 0)
    if "variants" in expected:
        assert sum(len(product.variants) for product in found.products.values()) == expected["variants"]
    if "delimiter" in expected:
        assert found.reader.profile.delimiter == DELIMITERS.get(expected["delimiter"], expected["delimiter"])
    if "encoding" in expected:
        assert found.reader.profile.encoding == ENCODINGS.get(expected["encoding"], expected["encoding"])
    if "currency" in expected and not name.endswith(".xml"):
        wanted = () if expected["currency"] is None else (expected["currency"],)
        assert found.reader.profile.currencies == wanted


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_hold_the_values_that_were_read_by_eye(name: str) -> None:
    path = shared(f"data/feeds/{name}")
    products = read_all(path).products

    for sample in EXPECTED[name]["samples"]:
        product = _find(products, sample)
        for field, value in sample.items():
            _assert_value(product, field, value)


def _find(products: dict[str, SourceProduct], sample: dict[str, Any]) -> SourceProduct:
    if "external_id" not in sample and "sku" not in sample:
        return next(product for product in products.values() if product.title == sample["title"])
    named = sample.get("external_id") or sample["sku"]
    return products.get(named) or next(
        product for product in products.values() if named in {variant.external_id for variant in product.variants}
    )


def _assert_value(product: SourceProduct, field: str, value: Any) -> None:
    match field:
        case "external_id":
            # Of a group the sample names the variant.
            assert value in {product.external_id, *(variant.external_id for variant in product.variants)}
        case "title" | "brand" | "sku":
            assert getattr(product, field) == value
        case "images":
            assert len(product.images) == value
        case "status":
            assert value == "draft"
            assert all(variant.price is None for variant in product.variants)
        case "category":
            assert " > ".join(product.category_path) == value
        case "variants_price":
            assert {variant.price for variant in product.variants} <= {value}
        case "variants":
            for variant, wanted in zip(product.variants, value, strict=True):
                for name, text in wanted.items():
                    assert _of(variant, name) == _comparable(name, text)
        case _:
            assert _of(product.variants[0], field) == _comparable(field, value)


def _of(variant: SourceVariant, name: str) -> object:
    if name == "gtin":
        return variant.gtin or variant.gtin_raw  # what fails its check digit is kept, but not as an article number
    return list(variant.options.values()) if name == "options" else getattr(variant, name)


def _comparable(name: str, text: Any) -> object:
    return Decimal(text) if name in {"price", "compare_at_price", "cost"} and text is not None else text
