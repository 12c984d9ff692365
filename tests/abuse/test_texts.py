"""Naughty strings in every text field of a feed and of the product API: stored and read back as they were, or refused
with a reason; never an error of ours, never changed in silence.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.integrations.feeds.cells import tags_of
from app.integrations.feeds.descriptions import to_html
from app.products.descriptions import clean_description
from tests.conftest import Seller
from tests.integrations.feeds.reading import read_all
from tests.scraping.feeds import all_products, report, upload
from tests.support.drain import Drain
from tests.support.shared import SHARED

PATH = SHARED / "abuse/blns/blns.json"
STRINGS: list[str] = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else []
HEADER = [
    "sku",
    "title",
    "description",
    "brand",
    "tags",
    "category",
    "image",
    "image alt",
    "color",
    "size",
    "group id",
    "note",
]
needs_strings = pytest.mark.skipif(not STRINGS, reason="the list of naughty strings is not here")


def sheet(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue().encode()


def row(number: int, text: str) -> list[str]:
    image = f"https://a.example/{number}.jpg"
    return [f"N-{number}", f"T {text}", text, text, text, text, image, text, text, text, f"G-{number}", text]


@needs_strings
async def test_every_string_in_every_field_of_a_feed_is_stored_or_refused(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    job = await upload(api, seller, drain, sheet([HEADER, *(row(n, text) for n, text in enumerate(STRINGS))]))
    rejected = {entry["line"] for entry in await report(api, seller, job, action="rejected")}
    products = {
        variant["sku"]: product for product in await all_products(api, seller) for variant in product["variants"]
    }

    assert job["status"] == "completed", job
    assert job["result"]["created"] + job["result"]["rejected"] == len(STRINGS) == 515
    assert len(products) == job["result"]["created"] > 500
    assert len(rejected) == job["result"]["rejected"]
    for number, text in enumerate(STRINGS):
        if (product := products.get(f"N-{number}")) is None:
            continue
        plain = text.strip()
        assert product["title"] == " ".join(f"T {text}".split())
        assert product["description"] == (to_html(plain) if plain else "")
        assert product["brand"] == (plain or None)
        assert product["attributes"].get("note", "") == plain
        assert product["images"][0]["alt"] == (plain or None)
        assert product["tags"] == list(tags_of(plain))  # parted at commas; a tag over 100 characters is none
        options = product["variants"][0]["options"]
        assert options == ({"Color": plain[:200], "Size": plain[:200]} if plain else {})


@needs_strings
@pytest.mark.parametrize("name", ["sku", "external id", "url", "gtin"])
def test_every_string_as_an_identity_is_kept_or_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(sheet([[name, "title"], *([text, f"T{n}"] for n, text in enumerate(STRINGS))]))

    found = read_all(path)

    titles = {item.title: item for page in found.pages for item in page.items}
    for number, text in enumerate(STRINGS):
        product = titles.get(f"T{number}")
        assert product is None or product.external_id == text.strip()
    assert len(titles) + len(found.rejected) + len(found.warnings) >= len(STRINGS)


@needs_strings
async def test_every_string_in_every_field_of_a_product_is_stored_or_refused(
    api: httpx.AsyncClient, seller: Seller
) -> None:
    product: dict[str, Any] = {}
    for number, text in enumerate([*STRINGS[::5], "a\x00b", "\ud800"]):
        wanted: dict[str, Any] = {
            "title": text,
            "brand": text,
            "description": text,
            "tags": [text],
            "attributes": {"note": text},
            "images": [{"url": f"https://a.example/{number}.jpg", "alt": text}],
            "options": [{"name": "Kind", "values": [text]}],
        }
        answer = await _send(api, seller, "POST", "/api/v1/products", {"title": "x"} | wanted)
        if answer.status_code == 422:
            wrong = {error["loc"][1] for error in answer.json()["errors"]}
            assert wrong <= wanted.keys(), answer.text
            wanted = {name: value for name, value in wanted.items() if name not in wrong}
            answer = await _send(api, seller, "POST", "/api/v1/products", {"title": "x"} | wanted)
        assert answer.status_code == 201, (text, answer.text)
        product = answer.json()
        _assert_as_sent(product, wanted)
        changed = await _send(api, seller, "PATCH", f"/api/v1/products/{product['id']}", {"brand": f"b {text}"})
        assert changed.status_code in {200, 422}, changed.text
        if changed.status_code == 200:
            assert changed.json()["brand"] == f"b {text}".strip()


async def _send(api: httpx.AsyncClient, seller: Seller, method: str, path: str, body: object) -> httpx.Response:
    headers = {**seller.headers, "Content-Type": "application/json"}
    return await api.request(method, path, headers=headers, content=json.dumps(body))


def _assert_as_sent(product: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        if name in {"title", "brand"}:
            assert (product[name] or "") == value.strip()
        elif name == "description":
            assert product[name] == clean_description(value)
        elif name == "attributes":
            assert product[name] == value
        elif name == "tags":
            assert product[name] == [tag.strip() for tag in value]
        elif name == "images":
            assert (product[name][0]["alt"] or "") == value[0]["alt"].strip()
