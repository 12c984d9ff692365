"""The export: everything in it, for spreadsheets and for machines, and the way back, which changes nothing."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.core.database import Database
from app.products.export import PORTION, Style, style_of
from tests.conftest import MakeSeller, Seller
from tests.products.catalogue import scatter
from tests.products.conftest import Shop
from tests.scraping.feeds import all_products, counters, report, sheet, upload
from tests.support.drain import Drain

Json = dict[str, Any]
NASTY = [
    "=1+1",
    "+49 30",
    "-5 %",
    "@here",
    "'quoted",
    "''twice",
    'say "cheese", please; or; not',
    "a;=b,+c,'d",
    "line one\nline two\r\n=3",
    "-",
    "ümläut ß 日本語 👩‍👩‍👧‍👦",
    "tab\there",
    "\x01\x1f control \x7f",
    "\u2028 separators \u2029 \u00a0 kept",
    "Total",
    "NULL",
    "1.234",
    "<b>bold</b> & <script>alert(1)</script>",
    "cmd|' /C calc'!A0",
    "{}[]:,",
]


def rows_of(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


async def export(shop: Shop, **query: object) -> httpx.Response:
    answer = await shop.send("GET", "/products/export", params=query)
    assert answer.status_code == 200, answer.text
    return answer


async def make_nasty(shop: Shop) -> None:
    """Goods of every shape that the API and feeds can make, with values that hurt."""
    for number, words in enumerate(NASTY):
        await shop.make(
            title=words,
            description=words,
            brand=words,
            sku=f"{words} {number}" if "\n" not in words else f"sku-{number}",
            price=["0", "12.5", "1.234", "99999999999.9999"][number % 4],
            cost="0.0001",
            stock=number,
            tags=[f"{words[:40]} {number}", "summer, sale", 'a "b"'],
            attributes={f"{words[:50]}": words, "n": 1.5, "big": 10**25, "deep": {"er": [None, True, "x"]}},
            images=[
                {"url": f"https://img.example.com/{number},a;b.jpg?x='y'", "alt": words},
                {"url": "https://img.example.com/two.jpg"},
                {"url": "https://img.example.com/three.jpg", "alt": ""},
            ],
            category=f"Home > {words[:80].replace('>', ' ').strip()}",
            weight_g=number,
            gtin="4006381333931" if number == 3 else None,
        )
    await shop.make(title="A draft without price, SKU or anything")
    draft = await shop.make(title="Locked", sku="LOCKED", price="5", status="published")
    assert (await shop.change(draft["id"], title="Locked by hand")).status_code == 200
    odd = await shop.send("POST", "/categories", json={"name": 'Tools > Saws "x"'})
    made = await shop.make(
        title="Shirt",
        category_id=odd.json()["id"],
        options=[{"name": "Size", "values": ["S", "M", "XXL"]}, {"name": "Cut, fit", "values": []}],
        variants=[
            {"sku": "SHIRT-S", "price": "10", "stock": 3, "options": {"Size": "S"}, "attributes": {"a": 1}},
            {"sku": "SHIRT-M", "price": "11", "options": {"Size": "=M"}, "title": "Medium"},
            {"price": "12", "options": {"Size": "XXL"}, "image_url": "https://img.example.com/xxl.jpg"},
        ],
    )
    first = made["images"]
    assert first == []
    for position in range(3):
        address = f"/products/{made['id']}/images"
        added = await shop.send("POST", address, json={"url": f"https://img.example.com/{position}.jpg"})
        assert added.status_code in {200, 201}, added.text
    images = (await shop.get(f"/products/{made['id']}"))["images"]
    assert (await shop.send("DELETE", f"/products/{made['id']}/images/{images[0]['id']}")).status_code == 200


async def state(database: Database, seller: Seller) -> Mapping[str, object]:
    """Everything that people see of a catalogue, versions included."""
    tables = ("products", "variants", "product_images", "categories", "offers", "source_products", "stock_entries")
    async with database.session(seller.scope) as session:
        return {
            table: (await session.execute(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY to_jsonb(t)::text"))).all()
            for table in tables
        }


@pytest.mark.parametrize("style", [{}, {"delimiter": "semicolon", "decimal_mark": "comma"}, {"delimiter": "tab"}])
async def test_an_export_comes_back_without_changing_anything(
    style: dict[str, str], shop: Shop, drain: Drain, database: Database
) -> None:
    await make_nasty(shop)
    feed = sheet(
        ("id", "item_group_id", "title", "description", "price", "image_link", "availability", "color", "condition"),
        ("1", "G", "=Vase", "<table><tfoot><tr><td>1</td></tr></tfoot></table>", "5 EUR", "", "in stock", "Red", "new"),
        ("2", "G", "=Vase", "a > b", "6 EUR", "https://img.example.com/2.jpg", "in stock", "Blue", "new"),
        ("SHIRT-S", "", "Same SKU elsewhere", "x", "7 EUR", "", "in stock", "", "new"),
    )
    await upload(shop.api, shop.seller, drain, feed, source="Vases")
    plain = sheet(("sku", "title", "price", "stock"), ("SHIRT-S", "Same SKU in a feed", "3", 9), ("=X", "-y", "", 1))
    await upload(shop.api, shop.seller, drain, plain, source="Another")
    products = len(await all_products(shop.api, shop.seller))
    exported = (await export(shop, **style)).content
    before = await state(database, shop.seller)

    for source in ("upload", "Vases", "Another"):
        job = await upload(shop.api, shop.seller, drain, exported, source=source)
        problems = await report(shop.api, shop.seller, job, action="rejected")
        assert problems == []
        assert (job["outcome"], counters(job)) == ("ok", (0, 0, products, 0)), job
        assert job["result"]["layout"] == "crossdock"
        assert job["result"]["warnings"] == 0, await report(shop.api, shop.seller, job, action="warning")
        after = await state(database, shop.seller)
        for table, rows in before.items():
            assert after[table] == rows, table


async def test_an_export_never_makes_goods_vanish_from_a_source(shop: Shop, drain: Drain) -> None:
    plain = sheet(("sku", "title", "price"), ("F-1", "One", "2"), ("F-2", "Two", "2"))
    await upload(shop.api, shop.seller, drain, plain, source="Feed")
    some = (await export(shop, sku="F-1")).content
    job = await upload(shop.api, shop.seller, drain, some, source="Feed", mode="full")
    assert (job["status"], job["error_code"]) == ("failed", "feed_is_export")
    assert {product["status"] for product in await all_products(shop.api, shop.seller)} == {"published"}


async def test_a_preview_of_a_changed_export_shows_it_and_an_undo_takes_it_back(
    shop: Shop, drain: Drain, database: Database
) -> None:
    await make_nasty(shop)
    exported = (await export(shop)).content
    before = await all_products(shop.api, shop.seller)
    changed = exported.replace(b'"Locked by hand"', b'"Locked still"').replace(b'"SHIRT-S"', b'"SHIRT-XS"')
    preview = await upload(shop.api, shop.seller, drain, changed, dry_run="true")
    assert counters(preview)[1] == 2
    assert await all_products(shop.api, shop.seller) == before
    applied = await upload(shop.api, shop.seller, drain, changed)
    assert counters(applied) == counters(preview)
    assert await all_products(shop.api, shop.seller) != before
    undo = await shop.send("POST", f"/jobs/{applied['id']}/undo")
    assert undo.status_code == 202, undo.text
    await drain(shop.seller.tenant_id)
    moving = {"version", "updated_at"}
    assert [{k: v for k, v in p.items() if k not in moving} for p in await all_products(shop.api, shop.seller)] == [
        {k: v for k, v in p.items() if k not in moving} for p in before
    ]


async def test_changes_made_in_the_file_reach_goods_of_every_source(shop: Shop, drain: Drain) -> None:
    await shop.make(title="Mine", sku="M-1", price="1", stock=1, tags=["old"])
    plain = sheet(("sku", "title", "price", "stock"), ("F-1", "Theirs", "2", 2))
    await upload(shop.api, shop.seller, drain, plain, source="Feed")
    rows = rows_of((await export(shop)).content)
    for row in rows:
        row |= {"price": "9.99", "title": f"{row['title']} (new)", "stock": "7", "tags": 'a, "b, c"', "brand": "B"}
        row |= {"category": 'Home > "A > B"', "images": "https://x.example/1.jpg, https://x.example/2.jpg"}
    new = dict.fromkeys(rows[0], "") | {"sku": "N-1", "title": "New", "price": "3,50", "options": '{"Size":"L"}'}
    changed = sheet(tuple(rows[0]), *(tuple(row.values()) for row in [*rows, new]))

    job = await upload(shop.api, shop.seller, drain, changed)

    assert counters(job) == (1, 2, 0, 0), await report(shop.api, shop.seller, job)
    found = {product["sku"]: product for product in await all_products(shop.api, shop.seller)}
    for sku, title, source in (("M-1", "Mine (new)", []), ("F-1", "Theirs (new)", ["Feed"])):
        product = found[sku]
        assert (product["title"], product["price"], product["stock"]) == (title, "9.99", 7)
        assert (product["tags"], product["brand"]) == (["a", "b, c"], "B")
        assert [image["url"] for image in product["images"]] == ["https://x.example/1.jpg", "https://x.example/2.jpg"]
        assert [each["source"] for each in product["sources"]] == source
    assert (found["N-1"]["price"], found["N-1"]["options"]) == ("3.50", [{"name": "Size", "values": ["L"]}])
    paths = [category["path"] for category in (await shop.get("/categories"))["items"]]
    assert sorted(paths) == ["Home", "Home > A > B"]


async def test_a_new_variant_in_the_file_joins_its_product(shop: Shop, drain: Drain) -> None:
    made = await shop.make(
        title="Shirt",
        options=[{"name": "Size", "values": ["S", "XL"]}],
        variants=[{"sku": "S-S", "price": "10", "options": {"Size": "S"}}],
    )
    rows = rows_of((await export(shop)).content)
    more = dict.fromkeys(rows[0], "") | {"crossdock_id": made["id"], "sku": "S-M", "price": "11", "stock": "4"}
    unnamed = dict.fromkeys(rows[0], "") | {"crossdock_id": made["id"], "price": "12"}
    more["options"] = '{"Size":"M","Color":"Red"}'
    job = await upload(
        shop.api, shop.seller, drain, sheet(tuple(rows[0]), *(tuple(row.values()) for row in [*rows, more, unnamed]))
    )
    (rejected,) = await report(shop.api, shop.seller, job, action="rejected")
    assert (rejected["line"], rejected["code"]) == (4, "variant_unnamed")
    product = await shop.get(f"/products/{made['id']}")
    assert [(v["sku"], v["stock"], v["options"]) for v in product["variants"]] == [
        ("S-S", 0, {"Size": "S"}),
        ("S-M", 4, {"Size": "M", "Color": "Red"}),
    ]
    assert product["options"] == [{"name": "Size", "values": ["S", "XL", "M"]}, {"name": "Color", "values": ["Red"]}]


async def test_two_goods_cannot_be_given_one_new_sku_in_the_file(shop: Shop, drain: Drain) -> None:
    await shop.make(title="One", sku="ONE", price="1")
    await shop.make(title="Two", sku="TWO", price="2")
    changed = (await export(shop)).content.replace(b'"ONE"', b'"SAME"').replace(b'"TWO"', b'"same"')
    job = await upload(shop.api, shop.seller, drain, changed)
    (rejected,) = await report(shop.api, shop.seller, job, action="rejected")
    assert (rejected["line"], rejected["code"]) == (3, "duplicate_sku")
    assert sorted(product["sku"] for product in await all_products(shop.api, shop.seller)) == ["SAME", "TWO"]


async def test_an_export_makes_the_same_catalogue_in_another_tenant(
    shop: Shop, drain: Drain, make_seller: MakeSeller
) -> None:
    await make_nasty(shop)
    exported = (await export(shop)).content
    other = Shop(shop.api, await make_seller())

    first = await upload(shop.api, other.seller, drain, exported)
    again = await upload(shop.api, other.seller, drain, exported)

    mine, theirs = await all_products(shop.api, shop.seller), await all_products(shop.api, other.seller)
    assert counters(first) == (len(mine), 0, 0, 0), await report(shop.api, other.seller, first, action="rejected")
    assert counters(again) == (0, 0, len(mine), 0)
    assert {product["id"] for product in mine}.isdisjoint(product["id"] for product in theirs)
    kept = ("title", "description", "brand", "price", "cost", "currency", "stock", "tags", "attributes", "gtin", "sku")
    assert sorted(json.dumps([p[name] for name in kept]) for p in mine) == sorted(
        json.dumps([p[name] for name in kept]) for p in theirs
    )


async def test_rejected_rows_of_an_export_are_corrected_and_come_back_clean(shop: Shop, drain: Drain) -> None:
    await shop.make(title="=Lamp", sku="L-1", price="1", tags=["a, b"])
    wrong = (await export(shop)).content.replace(b'"1.00"', b'"cheap"')
    job = await upload(shop.api, shop.seller, drain, wrong)
    assert counters(job) == (0, 0, 0, 1)
    answer = await shop.send("GET", f"/scraping/feed/{job['id']}/report", params={"format": "csv"})
    again = await upload(shop.api, shop.seller, drain, answer.content.replace(b'"cheap"', b'"2.00"'))
    assert counters(again) == (0, 1, 0, 0), await report(shop.api, shop.seller, again)
    (lamp,) = await all_products(shop.api, shop.seller)
    assert (lamp["title"], lamp["price"], lamp["tags"]) == ("=Lamp", "2.00", ["a, b"])


async def test_no_cell_begins_as_a_formula_wherever_a_spreadsheet_parts_the_file(shop: Shop) -> None:
    await make_nasty(shop)
    for name, delimiter in (("comma", ","), ("semicolon", ";"), ("tab", "\t")):
        content = (await export(shop, delimiter=name)).content
        for read_as in (delimiter, ",", ";", "\t"):
            for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=read_as):
                for cell in row:
                    start = cell.lstrip('"')[:1] if read_as != delimiter else cell[:1]
                    assert start not in set("=+-@\uff1d\uff0b\uff0d\uff20"), (read_as, cell[:80])


async def test_ndjson_is_the_product_as_the_api_answers_it(shop: Shop) -> None:
    await make_nasty(shop)
    answer = await export(shop, format="ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.content.decode().split("\n")[:-1]]
    listed = await all_products(shop.api, shop.seller)
    assert lines == sorted(listed, key=lambda product: str(product["id"]))


@pytest.mark.parametrize("whole", [True, False], ids=["export", "page"])
async def test_products_as_the_api_answers_them_do_not_come_in_a_second_time(
    shop: Shop, drain: Drain, *, whole: bool
) -> None:
    await make_nasty(shop)
    before = await all_products(shop.api, shop.seller)
    answer = await export(shop, format="ndjson") if whole else await shop.send("GET", "/products")
    job = await upload(shop.api, shop.seller, drain, answer.content, "products.json")
    assert (job["status"], job["error_code"]) == ("failed", "feed_is_our_json")
    assert "CSV" in job["error_message"]
    assert await all_products(shop.api, shop.seller) == before


async def test_the_filters_of_the_list_choose_what_is_exported(shop: Shop) -> None:
    await shop.make(title="Cheap", sku="C", price="1", tags=["x"])
    dear = await shop.make(title="Dear", sku="D", price="100")
    rows = rows_of((await export(shop, min_price="50")).content)
    assert [(row["crossdock_id"], row["price"]) for row in rows] == [(dear["id"], "100.00")]
    assert rows_of((await export(shop, tag="nothing")).content) == []
    refused = await shop.send("GET", "/products/export", params={"limit": 5})
    assert refused.status_code == 422


async def test_a_catalogue_is_its_tenants_alone(shop: Shop, make_seller: MakeSeller) -> None:
    await shop.make(title="Secret", sku="S", price="1")
    stranger = Shop(shop.api, await make_seller())
    assert rows_of((await export(stranger)).content) == []
    assert (await shop.api.get("/api/v1/products/export")).status_code == 401


@pytest.mark.parametrize(
    ("locale", "style"),
    [
        ("en", Style(",", ".")),
        ("en-GB", Style(",", ".")),
        ("de", Style(";", ",")),
        ("de_AT", Style(";", ",")),
        ("de-CH", Style(";", ".")),
        ("es-MX", Style(",", ".")),
        ("fr-FR", Style(";", ",")),
        ("ja", Style(",", ".")),
    ],
)
def test_a_locale_has_the_style_of_its_spreadsheets(locale: str, style: Style) -> None:
    assert style_of(locale) == style


async def test_more_than_one_portion_is_exported_once_each(shop: Shop, database: Database) -> None:
    async with database.session(shop.seller.scope) as session:
        ids = await scatter(session, 3, PORTION + 1)
    answer = await export(shop, format="ndjson")
    exported = [json.loads(line)["id"] for line in answer.content.decode().split("\n")[:-1]]
    assert exported == sorted(str(product_id) for product_id in ids)
