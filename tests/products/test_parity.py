"""The JSON that PostgreSQL makes is the JSON that the response model makes, on random rows; so the document that we
publish is true although the hot path never touches the model.
"""

import json
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import Database
from app.inventory import reports
from app.products import reads
from app.products.models import Offer, Product, ProductImage, Source, SourceProduct
from app.products.rows import live_variants
from app.products.schemas import Product as Answer
from app.products.schemas import ProductPage, ProductQuery
from app.products.wire import money_json, money_text
from tests.conftest import Seller
from tests.products.catalogue import scatter


async def _by_model(session: AsyncSession, product_id: UUID) -> dict[str, object]:
    """The same product read by the ORM and rendered by pydantic, knowing nothing of documents.py."""
    product = (await session.scalars(select(Product).where(Product.id == product_id))).one()
    variants = await live_variants(session, product_id)
    balances = await reports.balances_of(session, [variant.id for variant in variants])
    stock = {one.id: sum(balance.available for balance in balances.get(one.id, [])) for one in variants}
    images = await session.scalars(
        select(ProductImage)
        .where(ProductImage.product_id == product_id)
        .order_by(ProductImage.position, ProductImage.id)
    )
    answer = Answer.model_validate(
        {
            **_columns(product),
            "stock": sum(stock.values()),
            "variants": [{**_columns(one), "stock": stock[one.id]} for one in variants],
            "images": [_columns(image) for image in images],
            "sources": await _sources(session, product_id, [variant.id for variant in variants]),
        }
    )
    return json.loads(answer.model_dump_json())  # type: ignore[no-any-return]


async def _sources(session: AsyncSession, product_id: UUID, variant_ids: list[UUID]) -> list[dict[str, object]]:
    named = await session.execute(
        select(SourceProduct, Source.name)
        .join(Source, Source.id == SourceProduct.source_id)
        .where(SourceProduct.product_id == product_id)
        .order_by(Source.name, SourceProduct.external_id)
    )
    found = []
    for row, name in named.all():
        offers = await session.scalars(
            select(Offer).where(Offer.source_id == row.source_id, Offer.variant_id.in_(variant_ids))
        )
        in_order = sorted(offers, key=lambda offer: variant_ids.index(offer.variant_id))
        found.append({**_columns(row), "source": name, "offers": [_columns(offer) for offer in in_order]})
    return found


def _columns(row: object) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(4))
async def test_a_page_and_a_single_product_say_what_the_model_says(
    database: Database, seller: Seller, seed: int
) -> None:
    async with database.session(seller.scope) as session:
        ids = await scatter(session, seed, 30)
        expected = {product_id: await _by_model(session, product_id) for product_id in ids}
    page = orjson.loads(await reads.list_products(database, seller.tenant_id, ProductQuery(limit=200)))
    assert {UUID(item["id"]): item for item in page["items"]} == expected
    ProductPage.model_validate(page)
    for product_id in ids:
        document = await reads.get_product(database, seller.tenant_id, product_id)
        answered = json.loads(document.body)
        assert answered == expected[product_id]
        assert list(answered) == list(Answer.model_fields)
        assert json.loads(document.product.model_dump_json()) == answered


async def test_chosen_fields_say_the_same_as_the_whole(database: Database, seller: Seller) -> None:
    async with database.session(seller.scope) as session:
        await scatter(session, 9, 5)
    whole = orjson.loads(await reads.list_products(database, seller.tenant_id, ProductQuery()))["items"]
    for name in Answer.model_fields:
        query = ProductQuery(fields=name)
        chosen = orjson.loads(await reads.list_products(database, seller.tenant_id, query))["items"]
        assert chosen == [{key: item[key] for key in ("id", name)} for item in whole]


@given(st.decimals(min_value=0, max_value=Decimal("99999999999999.9999"), places=4))
def test_money_has_two_decimals_and_no_zero_beyond_them(amount: Decimal) -> None:
    text = money_text(amount)
    assert Decimal(text) == amount
    whole, _, decimals = text.partition(".")
    assert len(decimals) >= 2
    assert len(decimals) == 2 or not decimals.endswith("0")
    assert whole == str(int(amount))


async def test_sql_and_python_write_every_amount_alike(database: Database) -> None:
    amounts = [Decimal(cents) / 10_000 for cents in (*range(0, 20_000, 7), 999_999_999_999_999_999, 10**17)]
    statement = text(f"SELECT {money_json('amount')} FROM unnest(CAST(:amounts AS numeric[])) AS given (amount)")
    async with database.session() as session:
        written = [json.loads(each) for each in await session.scalars(statement, {"amounts": amounts})]
    assert written == [money_text(amount) for amount in amounts]
