"""DummyJSON's real goods come in right, and other product APIs by settings alone."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from app.core.config import Settings
from app.integrations import registry
from app.integrations.contracts.access import Access
from app.integrations.contracts.catalogue import Page, SourceProduct
from app.integrations.contracts.errors import Broken, NotFound, Unavailable
from app.integrations.feeds.gtin import has_valid_check_digit
from tests.integrations.http.stage import Asked, Stage, answer
from tests.support.sandbox import Sandbox
from tests.support.shared import shared


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:

    made = Stage()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


def listing(stage: Stage, goods: list[object], *, cap: int = 1000, path: str = "/products") -> None:
    """Serve goods as DummyJSON pages them; the server gives at most `cap` at once."""

    async def serve(asked: Asked, writer) -> None:
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(asked.target).query).items()}
        page = goods[query.get("skip", 0) :][: min(cap, query.get("limit", 30))]
        body = {"products": page, "total": len(goods), "skip": query.get("skip", 0), "limit": len(page)}
        writer.write(answer(200, json.dumps(body).encode(), content_type="application/json"))
        await writer.drain()

    stage.scenes[path] = serve


async def read(stage: Stage, key: str = "", **settings: object) -> list[Page]:
    app = Settings(_env_file=None, sandbox_url=stage.origin, outbound_tries=1)
    credentials = {"api_key": key} if key else {}
    values = {"base_url": stage.origin, **settings}
    vendor = registry.get_vendor("dummyjson")
    access = Access(app, vendor.settings_for(app, "live", values), credentials, lane="a connection")
    async with registry.open_source(vendor, access) as source:
        return [page async for page in source.pages()]


def products(pages: list[Page]) -> list[SourceProduct]:
    return [item for page in pages for item in page.items]


@pytest.mark.parametrize("cap", [1000, 30, 7])
async def test_the_194_real_products_come_in_right(stage: Stage, cap: int) -> None:
    real = json.loads(shared("data/dummyjson/products.json").read_bytes(), parse_float=Decimal)
    listing(stage, json.loads(json.dumps(real, default=float)), cap=cap)

    pages = await read(stage)

    goods = products(pages)
    assert len(goods) == len(real) == 194
    assert sum(len(page.rejected) for page in pages) == 0
    for position, (item, wire) in enumerate(zip(goods, real, strict=True), start=1):
        (variant,) = item.variants
        barcode = wire["meta"]["barcode"]
        assert (item.external_id, item.line, item.title) == (str(wire["id"]), position, " ".join(wire["title"].split()))
        assert (item.sku, variant.sku, item.brand) == (wire["sku"], wire["sku"], wire.get("brand"))
        assert (variant.price, variant.currency, variant.stock) == (wire["price"], "USD", wire["stock"])
        assert item.category_path == (wire["category"],)
        assert [image.url for image in item.images] == wire["images"]
        assert list(item.tags) == list(dict.fromkeys(wire["tags"]))
        assert (variant.gtin or variant.gtin_raw or "").lstrip("0") == barcode.lstrip("0")
        assert variant.gtin is None or has_valid_check_digit(variant.gtin)
        assert item.attributes["Shipping"] == wire["shippingInformation"]
        assert variant.compare_at_price is None
        assert variant.weight_g is None
    assert Counter(item.variants[0].availability for item in goods) == {"in_stock": 190, "out_of_stock": 4}
    assert sum(item.brand is None for item in goods) == 92
    with_gtin = sum(item.variants[0].gtin is not None for item in goods)
    warned = Counter(warning.code for page in pages for warning in page.warnings)
    assert 0 < with_gtin < 30
    assert warned["gtin_check_digit"] + with_gtin <= 194


def product(**fields: object) -> dict[str, object]:
    return {"id": 1, "title": "Mug", "price": 5, "stock": 1, **fields}


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"price": -5}, "price_negative", "'price' is '-5'"),
        ({"price": "abc"}, "price_not_a_number", "'price' is 'abc'"),
        ({"price": True}, "price_not_a_number", "'price'"),
        ({"price": {"amount": 3}}, "price_not_a_number", "'price'"),
        ({"price": 10**400}, "price_too_large", "'price'"),
        ({"price": "1e999999999"}, "price_too_large", "'price'"),
        ({"price": "NaN"}, "price_not_a_number", "'price'"),
        ({"stock": -5}, "stock_invalid", "'stock' is '-5'"),
        ({"stock": 1.5}, "stock_invalid", "'stock' is '1.5'"),
        ({"stock": "many"}, "stock_invalid", "'stock' is 'many'"),
        ({"id": None}, "no_identity", "'id'"),
        ({"id": ""}, "no_identity", "'id'"),
        ({"id": True}, "no_identity", "'id'"),
        ({"id": {"a": 1}}, "no_identity", "'id'"),
        ({"title": "x" * 501}, "too_long", "'title' has 501 characters"),
        ({"sku": "a\0b"}, "nul_character", "'sku'"),
    ],
)
async def test_a_product_that_cannot_be_used_is_told_and_the_others_come(
    stage: Stage, fields: dict[str, object], code: str, words: str
) -> None:
    listing(stage, [product(**fields), product(id=2)])
    pages = await read(stage)
    (rejected,) = [row for page in pages for row in page.rejected]
    assert (rejected.code, rejected.line) == (code, 1)
    assert words in rejected.message
    assert set(rejected.raw) == {*product(), *fields}
    assert [item.external_id for item in products(pages)] == ["2"]


async def test_what_is_no_product_at_all_is_told(stage: Stage) -> None:
    listing(stage, ["text", None, 5, [], product(id=7)])
    pages = await read(stage)
    assert [row.code for page in pages for row in page.rejected] == ["no_identity"] * 4
    assert [item.line for item in products(pages)] == [5]


async def test_an_identity_is_the_same_as_number_and_as_text(stage: Stage) -> None:
    listing(stage, [product(id=5)])
    as_number = products(await read(stage))
    listing(stage, [product(id="5")])
    assert products(await read(stage)) == as_number


async def test_prices_keep_their_cents_and_markup_loses_its_scripts(stage: Stage) -> None:
    wire = product(
        price=0.1, description="<p>Fine</p><script>alert(1)</script>", images=["javascript:1", "https://a.b/c"]
    )
    listing(stage, [wire])
    pages = await read(stage)
    (item,) = products(pages)
    assert item.variants[0].price == Decimal("0.1")
    assert item.description_html == "<p>Fine</p>"
    assert [image.url for image in item.images] == ["https://a.b/c"]
    assert [warning.code for page in pages for warning in page.warnings] == ["image_left_out"]


async def test_another_api_is_a_matter_of_settings(stage: Stage) -> None:
    goods = [
        {
            "uid": f"p-{n}",
            "name": f"Mug {n}",
            "pricing": {"retail": f"{n}.50", "code": "EUR"},
            "pics": [{"src": f"https://a.b/{n}"}],
        }
        for n in range(1, 8)
    ]

    async def serve(asked: Asked, writer) -> None:
        query = parse_qs(urlsplit(asked.target).query)
        page = int(query["page"][0])
        found = goods[(page - 1) * 3 : page * 3]
        writer.write(answer(200, json.dumps({"data": {"list": found}}).encode()) if found else answer(404))
        await writer.drain()

    stage.scenes["/v2/articles"] = serve
    pages = await read(
        stage,
        key="k-123",
        list_path="/v2/articles",
        items="data.list",
        total=None,
        paging="page",
        offset_parameter="page",
        limit_parameter="per_page",
        page_size=3,
        fields={"id": "uid", "title": "name", "price": "pricing.retail", "currency": "pricing.code", "images": "pics"},
        attributes={},
        key_header="X-Api-Key",
        key_prefix="",
    )
    goods_read = products(pages)
    assert [item.external_id for item in goods_read] == [f"p-{n}" for n in range(1, 8)]
    assert (goods_read[0].variants[0].price, goods_read[0].variants[0].currency) == (Decimal("1.5"), "EUR")
    assert goods_read[0].images[0].url == "https://a.b/1"
    assert all(asked.headers["x-api-key"] == "k-123" for asked in stage.asked)
    assert "per_page=3" in stage.asked[0].target


async def test_an_api_without_pages_is_asked_once(stage: Stage) -> None:
    stage.plays("/all", answer(200, json.dumps([product(id=n) for n in range(3)]).encode()))
    pages = await read(stage, list_path="/all", items="", total=None, paging="none")
    assert len(products(pages)) == 3
    assert [asked.target for asked in stage.asked] == ["/all"]


async def test_an_api_that_does_not_page_but_should_is_an_error_where_nothing_says_how_many(stage: Stage) -> None:
    stage.plays("/products", answer(200, json.dumps({"products": [product()]}).encode()))
    with pytest.raises(Unavailable, match="pages repeat"):
        await read(stage, total=None)


async def test_a_total_that_is_only_that_of_the_page_does_not_end_the_list_early(stage: Stage) -> None:
    goods = [product(id=n) for n in range(7)]

    async def serve(asked: Asked, writer) -> None:
        skip = int(parse_qs(urlsplit(asked.target).query)["skip"][0])
        page = goods[skip : skip + 3]
        writer.write(answer(200, json.dumps({"products": page, "total": len(page)}).encode()))
        await writer.drain()

    stage.scenes["/products"] = serve
    with pytest.raises(Unavailable, match="counts a changing number of products"):
        await read(stage)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"items": []}, "without a list of products under “products”"),
        ({"products": {"a": 1}, "total": 1}, "without a list"),
        ({"products": []}, "no number of products under “total”"),
        ({"products": [], "total": "many"}, "no number"),
        ({"products": [], "total": -1}, "no number"),
        ([], "without a list"),
        (None, "without a list"),
    ],
)
async def test_an_answer_of_another_shape_names_the_setting_to_check(stage: Stage, body: object, words: str) -> None:
    stage.plays("/products", answer(200, json.dumps(body).encode()))
    with pytest.raises(Broken, match=words):
        await read(stage)


async def test_a_path_that_is_not_there_is_told(stage: Stage) -> None:
    stage.plays("/nothing", answer(404, b"{}"))
    with pytest.raises(NotFound):
        await read(stage, list_path="/nothing")


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ftp://a.b"},
        {"list_path": "products"},
        {"page_size": 0},
        {"currency": "XYZ"},
        {"fields": {"title": "title"}},
        {"fields": {"id": "id", "colour": "c"}},
        {"paging": "cursor"},
        {"key_header": "X Key"},
        {"key_prefix": "a\r\nb"},
        {"offset_parameter": "a&b"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        registry.get_vendor("dummyjson").settings_for(Settings(_env_file=None), "live", wrong)


def test_the_default_provider_is_the_sandbox_until_an_address_is_given(sandbox: Sandbox) -> None:
    default = registry.external_provider(sandbox.settings())
    assert (default.vendor.slug, default.environment, default.every_minutes) == ("dummyjson", "sandbox", 30)
    made = default.vendor.settings_for(sandbox.settings(), default.environment, default.settings)
    assert made.model_dump()["base_url"] == f"{sandbox.url}/dummyjson"

    given = registry.external_provider(
        sandbox.settings(external_api_url="https://a.example", external_api_key="k", external_api_interval_minutes=5)
    )
    assert (given.environment, given.settings, given.every_minutes) == (
        "live",
        {"base_url": "https://a.example"},
        5,
    )
    assert given.credentials == {"api_key": "k"}


def test_in_the_sandbox_no_address_of_a_connection_counts(sandbox: Sandbox) -> None:
    vendor = registry.get_vendor("dummyjson")
    made = vendor.settings_for(sandbox.settings(), "sandbox", {"base_url": "https://elsewhere.example"})
    assert made.model_dump()["base_url"] == f"{sandbox.url}/dummyjson"


def test_in_production_the_default_provider_is_the_vendor_itself() -> None:
    values = {
        "database_url": "postgresql://h/d",
        "redis_url": "redis://h",
        "secret_key": "s" * 40,
        "credentials_key": "c" * 40,
    }
    app = Settings(_env_file=None, environment="production", **values)
    default = registry.external_provider(app)
    made = default.vendor.settings_for(app, default.environment, default.settings)
    assert (default.environment, made.model_dump()["base_url"]) == ("live", "https://dummyjson.com")
