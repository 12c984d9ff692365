"""Files of real shops and suppliers, imported over the API, against values counted by hand."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.conftest import Seller
from tests.scraping.feeds import Json, all_products, counters, get, upload
from tests.support.drain import Drain
from tests.support.shared import SHARED, shared

FORMATS = (".csv", ".tsv", ".txt", ".xml")


def _expected() -> dict[str, Json]:
    path = SHARED / "data/feeds/expected.json"
    if not path.exists():
        return {}
    files = json.loads(path.read_text())["files"]
    return {name: facts for name, facts in files.items() if name.endswith(FORMATS)}


EXPECTED = _expected()


@pytest.mark.parametrize("name", EXPECTED or ["absent"])
async def test_a_real_feed_becomes_the_goods_that_were_counted_by_hand(
    name: str, api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    content = shared(f"data/feeds/{name}").read_bytes()
    facts = EXPECTED[name]
    goods, rejected = facts["products"], facts.get("rejected", 0)

    job = await upload(api, seller, drain, content, name)
    products = await all_products(api, seller)

    assert job["status"] == "completed", job
    assert job["result"]["rows_read"] == facts["rows"]
    assert len(products) == goods
    assert counters(job) == (goods, 0, 0, rejected)
    if "variants" in facts:
        assert sum(len(product["variants"]) for product in products) == facts["variants"]
    for sample in facts["samples"]:
        product = _find(products, sample)
        if "category" in sample:
            product["category"] = await _category_path(api, seller, product)
        _compare(sample, product, facts)

    again = await upload(api, seller, drain, content, name)
    assert counters(again) == (0, 0, goods, rejected)


async def _category_path(api: httpx.AsyncClient, seller: Seller, product: Json) -> str:
    return str((await get(api, seller, f"/api/v1/categories/{product['category_id']}"))["path"])


def _find(products: list[Json], sample: Json) -> Json:
    def same(product: Json) -> bool:
        if "external_id" in sample and not is_variants_id:
            return any(source["external_id"] == sample["external_id"] for source in product["sources"])
        return bool(product["sku"] == sample["sku"] if "sku" in sample else product["title"] == sample["title"])

    # Of a group the sample names the variant.
    is_variants_id = not any(sample.get("external_id") == s["external_id"] for p in products for s in p["sources"])
    found = [product for product in products if same(product)]
    assert len(found) == 1, (sample, found)
    return found[0]


def _compare(sample: Json, product: Json, facts: Json) -> None:
    for field, value in sample.items():
        if field == "external_id":
            continue
        if field == "images":
            assert len(product["images"]) == value
        elif field == "gtin" and product["gtin"] is None:
            # What fails its check digit is kept, but not as an article number.
            assert product["variants"][0]["attributes"]["gtin_raw"] == value
        elif field == "variants":
            _compare_variants(value, product["variants"])
        elif field == "variants_price":
            assert [variant["price"] for variant in product["variants"]] == []
        else:
            assert _same(product[field], value), (field, product[field], value)
    currency = sample.get("currency") or facts.get("currency")
    if currency and len(currency) > 3:
        currency = None  # said in words: the file names none
    if product["price"] is not None:
        assert product["currency"] == (currency or "EUR")


def _compare_variants(expected: list[Json], variants: list[Json]) -> None:
    assert len(variants) == len(expected)
    for facts, variant in zip(expected, variants, strict=True):
        for field, value in facts.items():
            found: Any = list(variant["options"].values()) if field == "options" else variant[field]
            if field == "options" and value == ["Default Title"]:
                assert found in ([], value)
            else:
                assert _same(found, value), (field, found, value)


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, str) and isinstance(found, str) and expected.replace(".", "", 1).isdigit():
        return Decimal(found) == Decimal(expected)
    return bool(found == expected)
