"""BigBuy's stock comes by article, never by a product that is sold in variations, and what is not known is not zero."""

from decimal import Decimal
from typing import Any

import pytest

from app.integrations.contracts.errors import Broken, Unavailable
from app.integrations.contracts.stock import StockLevel, StockPage
from tests.integrations.bigbuy.shop import VENDOR, Shop, stock, variation


async def read(shop: Shop, cursor: str | None = None, **settings: Any) -> list[StockPage]:
    assert VENDOR.stock is not None
    async with VENDOR.stock(shop.access(**settings)) as source:
        return [page async for page in source.levels(cursor)]


async def levels(shop: Shop, **settings: Any) -> dict[str, StockLevel]:
    found = [level for page in await read(shop, **settings) for level in page.items]
    assert len({level.external_id for level in found}) == len(found)
    return {level.external_id: level for level in found}


def price(number: int, cost: Any = 2.5) -> dict[str, Any]:
    return {"id": number, "sku": f"S{number}", "wholesalePrice": cost, "retailPrice": 5, "inShopsPrice": 4}


async def test_every_article_has_its_stock_and_cost(shop: Shop) -> None:
    shop.keep(
        productprices=[price(5), price(6), price(7)],
        productsvariations=[variation(6, 5), variation(8, 5)],
        productsstockbyhandlingdays=[
            stock(5, (99, 0, 1, 1)),
            stock(6, (40, 0, 1, 1), (200, 3, 5, 3)),
            stock(9, (1, 1, 2, 1)),
        ],
        productsvariationsstockbyhandlingdays=[stock(6, (3, 2, 4, 2))],
    )
    assert await levels(shop) == {
        "6": StockLevel("6", 240, 0, 5, None, Decimal("2.5"), "EUR"),
        "7": StockLevel("7", 0, None, None, None, Decimal("2.5"), "EUR"),
        "9": StockLevel("9", 1, 1, 2, "1", None, None),
        "v6": StockLevel("v6", 3, 2, 4, "2", Decimal("5.5"), "EUR"),
        "v8": StockLevel("v8", 0, None, None, None, Decimal("5.5"), "EUR"),
    }
    slow = (await levels(shop, max_handling_days=1))["6"]
    assert (slow.quantity, slow.max_handling_days, slow.warehouse) == (40, 1, "1")


@pytest.mark.parametrize("line", [{"id": 5, "stocks": [{"quantity": -5}]}, {"id": 5}, {"id": 5, "stocks": None}])
async def test_a_quantity_that_cannot_be_true_is_not_known(shop: Shop, line: dict[str, Any]) -> None:
    shop.keep(productprices=[price(5, "abc")], productsstockbyhandlingdays=[line])
    assert await levels(shop) == {"5": StockLevel("5", None)}


async def test_stock_lists_that_moved_are_an_error_and_not_sold_out(shop: Shop) -> None:
    shop.keep(productprices=[price(5)])
    with pytest.raises(Broken, match="not one line of stock"):
        await read(shop)


async def test_a_cursor_gives_what_followed_its_page(shop: Shop) -> None:
    shop.keep(
        productprices=[price(number) for number in range(1, 2002)],
        productsvariations=[variation(number, 5000) for number in range(1, 1102)],
        productsstockbyhandlingdays=[stock(1, (5, 0, 1, 1))],
    )
    pages = await read(shop)
    assert [len(page.items) for page in pages] == [1000, 1000, 1, 1000, 101, 0]
    assert [page.cursor is None for page in pages] == [False] * 5 + [True]
    for number, page in enumerate(pages[:-1], start=1):
        rest = await read(shop, page.cursor)
        assert rest == pages[number:]
        assert [one.progress for one in rest] == [one.progress for one in pages[number:]]
    with pytest.raises(Broken, match="cursor"):
        await read(shop, "x:1")


async def test_a_list_that_cannot_be_fetched_tells_nothing(shop: Shop) -> None:
    shop.keep(productprices=[price(5)], productsstockbyhandlingdays=[stock(5)])
    shop.keep(productsvariationsstockbyhandlingdays=b"")
    with pytest.raises(Unavailable):
        await read(shop)
