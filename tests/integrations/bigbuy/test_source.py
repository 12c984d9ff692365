"""BigBuy's lists become goods: joined by id, variations sold instead of their product, nothing taken for nothing."""

import json
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.integrations import registry
from app.integrations.bigbuy.lists import Lists
from app.integrations.contracts.catalogue import Page, SourceProduct
from app.integrations.contracts.errors import AuthExpired, Broken, RateLimited, Rejected, Unavailable, VendorError
from tests.integrations.bigbuy.shop import VENDOR, Shop, product, stock, variation
from tests.integrations.http.stage import answer


async def read(shop: Shop, cursor: str | None = None, **settings: Any) -> list[Page]:
    async with registry.open_source(VENDOR, shop.access(**settings)) as source:
        return [page async for page in source.pages(cursor)]


async def goods(shop: Shop, **settings: Any) -> list[SourceProduct]:
    return [item for page in await read(shop, **settings) for item in page.items]


async def test_a_product_has_what_all_lists_say_of_it(shop: Shop) -> None:
    shop.keep(
        products=[product(5)],
        productsinformation=[
            {"id": 5, "name": " A  sofa ", "description": "<p>Soft</p><script>1</script>", "url": "https://b.eu/5"}
        ],
        productsimages=[
            {
                "id": 5,
                "images": [{"url": "https://i.eu/1", "isCover": False}, {"url": "https://i.eu/2", "isCover": True}],
            }
        ],
        productsstockbyhandlingdays=[stock(5, (40, 0, 1, 1), (200, 3, 5, 3))],
    )
    (item,) = await goods(shop)
    (only,) = item.variants
    assert (item.external_id, item.line, item.title, item.sku) == ("5", 1, "A sofa", "S0000005")
    assert (item.description_html, item.url, item.brand) == ("<p>Soft</p>", "https://b.eu/5", "Nordlicht")
    assert item.category_path == ("Home", "Sofas")
    assert [image.url for image in item.images] == ["https://i.eu/2", "https://i.eu/1"]
    assert item.attributes == {"Width": "10.0"}
    assert (item.status, item.options) == (None, ())
    assert (only.external_id, only.sku, only.gtin) == ("5", "S0000005", "9520000000011")
    assert (only.cost, only.price, only.compare_at_price) == (Decimal("9.81"), Decimal("19.9"), None)
    assert (only.currency, only.stock, only.availability, only.weight_g) == ("EUR", 240, "in_stock", 1250)


async def test_variations_are_sold_and_their_product_is_not(shop: Shop) -> None:
    # The product and a variation have the same number: they are different things.
    shop.keep(
        products=[product(5, attributes=True), product(6)],
        productsinformation=[{"id": 5, "name": "Shirt"}, {"id": 6, "name": "Sofa"}],
        productsvariations=[variation(6, 5), variation(5, 5)],
        variations=[{"id": 5, "attributes": [{"id": 1}, {"id": 3}]}, {"id": 6, "attributes": [{"id": 2}]}],
        attributes=[
            {"id": 1, "name": "Red", "attributeGroup": 9},
            {"id": 2, "name": "Blue", "attributeGroup": 9},
            {"id": 3, "name": "S", "attributeGroup": 8},
        ],
        attributegroups=[{"id": 9, "name": "Colour"}, {"id": 8, "name": "Size"}],
        productsstockbyhandlingdays=[stock(5, (1000, 0, 1, 1)), stock(6, (7, 0, 1, 1))],
        productsvariationsstockbyhandlingdays=[stock(6, (3, 0, 1, 1))],
    )
    shirt, sofa = await goods(shop)
    assert [(one.external_id, one.sku, one.stock) for one in shirt.variants] == [
        ("v5", "V0000005", 0),
        ("v6", "V0000006", 3),
    ]
    assert shirt.options == ("Colour", "Size")
    assert [dict(one.options) for one in shirt.variants] == [{"Colour": "Red", "Size": "S"}, {"Colour": "Blue"}]
    assert [one.weight_g for one in shirt.variants] == [1500, 1500]
    assert [(one.external_id, one.stock) for one in sofa.variants] == [("6", 7)]


async def test_a_product_whose_variations_are_missing_is_not_sold_itself(shop: Shop) -> None:
    shop.keep(products=[product(5, attributes=True)], productsstockbyhandlingdays=[stock(5, (9, 0, 1, 1))])
    (page, _) = await read(shop)
    assert page.items[0].variants == ()
    assert [warning.code for warning in page.warnings] == ["variations_missing"]


@pytest.mark.parametrize(
    ("settings", "quantity"),
    [
        ({}, 240),
        ({"warehouses": [1]}, 40),
        ({"warehouses": [2]}, 0),
        ({"max_handling_days": 1}, 40),
        ({"max_handling_days": 5}, 240),
        ({"max_handling_days": 0}, 0),
    ],
)
async def test_only_stock_that_the_settings_want_counts(shop: Shop, settings: dict[str, object], quantity: int) -> None:
    shop.keep(products=[product(5)], productsstockbyhandlingdays=[stock(5, (40, 0, 1, 1), (200, 3, 5, 3))])
    (item,) = await goods(shop, **settings)
    assert item.variants[0].stock == quantity


@pytest.mark.parametrize(
    ("role", "price", "compared"),
    [("price", "19.9", None), ("compare_at_price", None, "19.9"), ("ignore", None, None)],
)
async def test_the_retail_price_is_what_the_settings_make_of_it(
    shop: Shop, role: str, price: str | None, compared: str | None
) -> None:
    shop.keep(products=[product(5)], productsstockbyhandlingdays=[stock(5)])
    (item,) = await goods(shop, retail_price=role)
    amounts = item.variants[0].price, item.variants[0].compare_at_price
    assert amounts == tuple(text and Decimal(text) for text in (price, compared))


async def test_inactive_goods_are_archived_and_out_of_stock(shop: Shop) -> None:
    shop.keep(products=[product(5, active=0)], productsstockbyhandlingdays=[stock(5, (9, 0, 1, 1))])
    (item,) = await goods(shop)
    assert (item.status, item.variants[0].stock, item.variants[0].availability) == ("archived", 0, "out_of_stock")


async def test_texts_are_asked_for_in_the_language_of_the_connection(shop: Shop) -> None:
    await read(shop, language="de")
    targets = {asked.target.removeprefix("/rest/catalog/") for asked in shop.stage.asked}
    assert {name for name in targets if "isoCode=de" in name} == {
        "productsinformation.json?isoCode=de",
        "attributes.json?isoCode=de",
        "attributegroups.json?isoCode=de",
        "taxonomies.json?isoCode=de",
    }
    assert {asked.headers["authorization"] for asked in shop.stage.asked} == {"Bearer sandbox"}


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"id": None}, "no_identity", "'id'"),
        ({"id": -5}, "no_identity", "'id'"),
        ({"id": 10**30}, "no_identity", "'id'"),
        ({"wholesalePrice": -1}, "price_negative", "'wholesalePrice' is '-1'"),
        ({"retailPrice": "abc"}, "price_not_a_number", "'retailPrice' is 'abc'"),
        ({"retailPrice": [1]}, "price_not_a_number", "'retailPrice'"),
        ({"retailPrice": 10**400}, "price_too_large", "'retailPrice'"),
        ({"weight": -1}, "weight_invalid", "'weight'"),
        ({"sku": "x" * 201}, "too_long", "'sku' has 201"),
    ],
)
async def test_a_product_that_cannot_be_true_is_told_and_the_others_come(
    shop: Shop, fields: dict[str, object], code: str, words: str
) -> None:
    shop.keep(products=[product(5) | fields, product(6)], productsstockbyhandlingdays=[stock(6)])
    (page, _) = await read(shop)
    (rejected,) = page.rejected
    assert (rejected.code, page.rows_read) == (code, 2)
    assert words in rejected.message
    assert set(rejected.raw) == set(product(5))
    assert [item.external_id for item in page.items] == ["6"]


@pytest.mark.parametrize("line", [{"quantity": -5}, {"quantity": 1.5}, {"quantity": "many"}])
async def test_stock_that_cannot_be_true_is_told(shop: Shop, line: dict[str, object]) -> None:
    shop.keep(products=[product(5)], productsstockbyhandlingdays=[{"id": 5, "stocks": [line]}])
    (page, _) = await read(shop)
    assert [row.code for row in page.rejected] == ["stock_invalid"]


async def test_stock_whose_form_has_changed_is_not_taken_for_none(shop: Shop) -> None:
    shop.keep(products=[product(5)], productsstockbyhandlingdays=[{"id": 5, "stock": 7}])
    (page, _) = await read(shop)
    assert [row.code for row in page.rejected] == ["stock_invalid"]


async def test_goods_without_one_line_of_stock_are_a_list_that_moved(shop: Shop) -> None:
    shop.keep(products=[product(5)])
    with pytest.raises(Broken, match="not one line of stock"):
        await read(shop)


async def test_no_goods_are_an_empty_page(shop: Shop) -> None:
    (page,) = await read(shop)
    assert (page.items, page.cursor, page.progress) == ((), None, 1.0)


async def test_a_list_is_read_in_the_order_of_ids_and_repeats_count_once(shop: Shop) -> None:
    listed = [product(number) for number in (9, 5, 7, 5)]
    shop.keep(products=listed, productsstockbyhandlingdays=[stock(5)])
    assert [(item.external_id, item.line) for item in await goods(shop)] == [("5", 1), ("7", 2), ("9", 3)]


async def test_a_cursor_goes_on_behind_its_page_though_goods_before_it_vanished(shop: Shop) -> None:
    listed = [product(number) for number in range(1, 501)]
    shop.keep(products=listed, productsstockbyhandlingdays=[stock(1)])
    pages = await read(shop)
    assert [len(page.items) for page in pages] == [200, 200, 100, 0]
    assert await read(shop, pages[0].cursor) == pages[1:]
    shop.keep(products=listed[1:])
    behind = await read(shop, pages[0].cursor)
    assert [item for page in behind for item in page.items] == [item for page in pages[1:] for item in page.items]
    with pytest.raises(Broken, match="cursor"):
        await read(shop, "nonsense")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b'{"code":500,"message":"Something went wrong"}', Unavailable),
        (b'HTTP/1.0 500 Internal Server Error\r\nA: b\r\n\r\n{"error":"not now"}', Unavailable),
        (b"", Unavailable),
        (b'{"a":1}', Unavailable),
        (b"You exceeded the rate limit", RateLimited),
        (b"<html>we'll be back</html>", Broken),
        (b'[{"id":1},{"id":', Broken),
        (b'[{"id":1},{"id":}]', Broken),
        (b'[{"id":1}', Broken),
        (b'[{"id":1,"sku":"\xff"}]', Broken),
    ],
)
@pytest.mark.parametrize("name", ["products", "productsstockbyhandlingdays"])
async def test_what_is_no_list_ends_the_reading_before_its_first_page(
    shop: Shop, name: str, said: bytes, error: type[VendorError]
) -> None:
    shop.keep(products=[product(5)], productsstockbyhandlingdays=[stock(5)])
    shop.keep(**{name: said})
    with pytest.raises(error):
        await read(shop)


async def test_a_failure_in_disguise_that_passes_by_is_tried_again(shop: Shop) -> None:
    body = json.dumps([product(5)]).encode()
    shop.keep(productsstockbyhandlingdays=[stock(5)])
    shop.stage.plays("/rest/catalog/products.json", answer(200, b'{"code":500,"message":"x"}'), answer(200, body))
    assert len(await goods(shop, tries=2)) == 1


async def test_a_limit_is_told_with_the_moment_of_its_end(shop: Shop) -> None:
    soon = answer(429, b"You exceeded the rate limit", X_Ratelimit_Reset="99999999999")
    shop.stage.plays("/rest/catalog/products.json", soon)
    with pytest.raises(RateLimited) as told:
        await read(shop, tries=3)
    assert told.value.retry_after == 3600
    assert len(shop.stage.asked) == 1


@pytest.mark.parametrize("key", ["", "a\r\nX: y", "käy", "a b"])
async def test_a_key_that_cannot_be_one_is_not_sent(shop: Shop, key: str) -> None:
    with pytest.raises(AuthExpired):
        await read(shop, key=key)
    assert shop.stage.asked == []


async def test_an_empty_body_opens_the_account_and_a_refusal_does_not(shop: Shop) -> None:
    assert VENDOR.check is not None
    shop.says("user/auth/status", {"status": "ok"})
    assert (await VENDOR.check(shop.access())).external_id is None
    for status in (401, 403):
        shop.says("user/auth/status", (status, {"code": status, "message": "no"}))
        with pytest.raises(AuthExpired):
            await VENDOR.check(shop.access())
    shop.says("user/auth/status", (400, {"code": 400, "message": "no"}))
    with pytest.raises(Rejected):
        await VENDOR.check(shop.access())


def test_a_long_list_is_kept_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "productsinformation.json"
    with path.open("w") as file:
        file.write("[")
        file.writelines(
            f'{"," * (number > 1)}{{"id":{number},"description":"{"x" * 10_000}"}}' for number in range(1, 4001)
        )
        file.write("]")
    kept = Lists(tmp_path)
    tracemalloc.start()
    try:
        kept.put("productsinformation", path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.count("productsinformation") == 4000
    assert path.stat().st_size > 40_000_000
    assert peak < 12_000_000
    kept.close()
