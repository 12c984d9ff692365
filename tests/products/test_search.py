"""Searching: which words find which goods, and that no text that anybody types is ever an operator or an error."""

import re

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text

from app.core.database import Database
from app.products import bounds, reads
from app.products.schemas import ProductQuery
from tests.conftest import MakeSeller
from tests.products.conftest import Shop
from tests.support.shared import shared

STORABLE = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=bounds.QUERY)
WORD = re.compile(r"[0-9A-Za-z]+")
PROPERTY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

GOODS = {
    "shirt": {"title": "Linen Shirt, Größe M", "brand": "Ärmel & Söhne", "sku": "LS-1/M", "tags": ["summer sale"]},
    "cable": {"title": "USB-C cable (2m)", "gtin": "0012345678905", "sku": "0815"},
    "tea": {"title": "日本茶 緑茶、100g", "brand": "O'Neill's"},
    "сапоги": {"title": "САПОГИ зимние"},
    "pack": {"title": "Pack", "variants": [{"sku": "P-RED", "options": {"c": "r"}}, {"sku": "P-BLU"}]},
}


@pytest.fixture(scope="module")
async def stocked(api: httpx.AsyncClient, make_seller: MakeSeller) -> Shop:
    """A shop that holds exactly GOODS."""
    shop = Shop(api, await make_seller())
    for name, fields in GOODS.items():
        await shop.make(**{**fields, "attributes": {"name": name}})
    return shop


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("linen", {"shirt"}),
        ("LINEN shi", {"shirt"}),
        ("shi linen", set()),
        ("grosse", {"shirt"}),
        ("größe", {"shirt"}),
        ("arme", {"shirt"}),
        ("ls-1/m", {"shirt"}),
        ("LS 1", {"shirt"}),
        ("sale linen armel", {"shirt"}),
        ("linen -shirt", {"shirt"}),
        ("linen | cable", set()),
        ("!linen", {"shirt"}),
        ("'linen' & (shirt):*", {"shirt"}),
        ("usb", {"cable"}),
        ("usb-c", {"cable"}),
        ("2m", {"cable"}),
        ("0012345678905", {"cable"}),
        ("12345678905", {"cable"}),
        ("012345678905", {"cable"}),
        ("00123456", {"cable"}),
        ("0815", {"cable"}),
        ("日本茶", {"tea"}),
        ("緑", {"tea"}),
        ("o'neill", {"tea"}),
        ("сапоги", {"сапоги"}),
        ("Зим", {"сапоги"}),
        ("p-blu", {"pack"}),
        ("p", {"pack"}),
        ("nothing like it", set()),
        ("%", set()),
        ("--", set()),
    ],
)
async def test_all_words_are_found_and_the_last_may_be_begun(stocked: Shop, words: str, expected: set[str]) -> None:
    found = (await stocked.get("/products", q=words))["items"]
    assert {item["attributes"]["name"] for item in found} == expected


async def test_search_follows_every_change_of_what_it_reads(shop: Shop) -> None:
    made = await shop.make(title="First", sku="OLD-1", tags=["alpha"])

    async def finds(words: str) -> bool:
        return bool((await shop.get("/products", q=words))["items"])

    await shop.change(made["id"], title="Second", sku="NEW-1", tags=["beta"], brand="Gamma")
    assert [await finds(words) for words in ("second", "new-1", "beta", "gamma")] == [True] * 4
    assert [await finds(words) for words in ("first", "old-1", "alpha")] == [False] * 3
    variant = made["variants"][0]["id"]
    await shop.send("POST", f"/products/{made['id']}/variants", json={"sku": "SIDE-9"})
    await shop.send("DELETE", f"/products/{made['id']}/variants/{variant}")
    assert [await finds(words) for words in ("side-9", "new-1")] == [True, False]


@PROPERTY
@given(words=STORABLE)
@example(words="'")
@example(words="\\")
@example(words="a:* & !b <-> (c | 'd'")
@example(words="$body$ $$ $1 %s :name")
@example(words="\u2028 \u00a0 \ufeff \U000e0001")
async def test_any_text_is_a_harmless_question(database: Database, stocked: Shop, words: str) -> None:
    page = orjson.loads(
        await reads.list_products(database, stocked.seller.tenant_id, ProductQuery(q=words, fields="id"))
    )
    assert len(page["items"]) <= len(GOODS)


@PROPERTY
@given(title=STORABLE.filter(str.strip), brand=st.none() | STORABLE, codes=st.lists(STORABLE, max_size=3))
@example(title="x" * bounds.TITLE, brand="ﷺ" * bounds.BRAND, codes=["\U0001f469" * bounds.SKU])
async def test_goods_are_found_by_each_of_their_own_words(
    database: Database, title: str, brand: str | None, codes: list[str]
) -> None:
    document = "public.search_document(:title, :brand, CAST('{}' AS text[]), :codes)"
    values = {"title": title, "brand": brand, "codes": codes}
    async with database.session() as session:
        for part in (title, brand or "", *codes):
            statement = text(f"SELECT public.search_query(:part) IS NULL OR {document} @@ public.search_query(:part)")
            assert await session.scalar(statement, {**values, "part": part}), part
        for word in WORD.findall(title):
            begun = word[: max(1, len(word) - 1)]
            if not begun.startswith("0") and title.isascii():
                statement = text(f"SELECT {document} @@ public.search_query(:part)")
                assert await session.scalar(statement, {**values, "part": begun}), begun


async def test_texts_that_are_known_to_break_things_only_find_or_do_not_find(database: Database, stocked: Shop) -> None:
    for words in orjson.loads(shared("abuse/blns/blns.json").read_bytes()):
        try:
            query = ProductQuery(q=words[: bounds.QUERY], fields="id")
        except ValidationError:
            assert not set(words).isdisjoint({chr(0), *map(chr, range(0xD800, 0xE000))}), words
            continue
        page = orjson.loads(await reads.list_products(database, stocked.seller.tenant_id, query))
        assert len(page["items"]) <= len(GOODS)


async def test_texts_that_are_known_to_break_things_come_back_as_they_went_in(shop: Shop) -> None:
    for words in orjson.loads(shared("abuse/blns/blns.json").read_bytes()):
        title = words.strip()[: bounds.TITLE]
        if not title:
            continue
        answer = await shop.send("POST", "/products", json={"title": title, "brand": title[: bounds.BRAND]})
        assert answer.status_code == 201, words
        assert answer.json()["title"] == title
