"""The SQL that makes a product's JSON inside PostgreSQL; schemas.Product is the same shape in Python.

Hand-made because the product list is the hottest read: one statement answers a page with variants, stock, images and
sources. Measured (bench/http): the endpoint
answers 0.8 of the pages of a bare ASGI + asyncpg + orjson handler and 0.3 of its single products; an ORM with a
response model 0.2. concat() of the members takes half the time of json_build_object().
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.core import tenancy
from app.products.wire import (
    array_json,
    money_json,
    object_json,
    plain_json,
    text_json,
    timestamp_json,
    word_json,
)

Tables = Callable[[str], str]
"""How a statement names the tenant's tables."""


def tables_in_reach(name: str) -> str:
    """Names for a session, whose search path leads to the tenant's schema."""
    return name


def tables_of(tenant_id: int) -> Tables:
    """Names for a connection without a transaction: with the schema."""
    return lambda name: tenancy.table(tenant_id, name)


_VARIANT = object_json(
    {
        "id": word_json("v.id"),
        "position": plain_json("v.position"),
        "title": text_json("v.title"),
        "sku": text_json("v.sku"),
        "gtin": text_json("v.gtin"),
        "price": money_json("v.price"),
        "compare_at_price": money_json("v.compare_at_price"),
        "cost": money_json("v.cost"),
        "currency": text_json("v.currency"),
        "stock": plain_json("b.available"),
        "options": plain_json("v.options"),
        "attributes": plain_json("v.attributes"),
        "weight_g": text_json("v.weight_g"),
        "image_url": text_json("v.image_url"),
    }
)


def _goods(tables: Tables) -> str:
    # One pass over the variants and their balances gives their documents, the product's stock and its stock version.
    balance = (
        "SELECT coalesce(sum(greatest(on_hand - reserved, 0)), 0) AS available, coalesce(sum(version), 0) AS version"
        f" FROM {tables('stock_balances')} WHERE variant_id = v.id"
    )
    variants = (
        f"SELECT {_VARIANT} AS document, b.available, b.version"
        f" FROM {tables('variants')} v CROSS JOIN LATERAL ({balance}) b"
        " WHERE v.product_id = p.id AND v.deleted_at IS NULL ORDER BY v.position, v.id"
    )
    return (
        " CROSS JOIN LATERAL (SELECT concat('[', string_agg(document, ','), ']') AS variants,"
        " coalesce(sum(available), 0) AS stock, coalesce(sum(version), 0) AS stock_version"
        f" FROM ({variants}) variant) goods"
    )


def _images(tables: Tables) -> str:
    document = object_json(
        {
            "id": word_json("i.id"),
            "url": text_json("i.url"),
            "alt": text_json("i.alt"),
            "position": plain_json("i.position"),
        }
    )
    return array_json(
        f"SELECT {document} FROM {tables('product_images')} i WHERE i.product_id = p.id ORDER BY i.position, i.id"
    )


def _offers(tables: Tables) -> str:
    document = object_json(
        {
            "variant_id": word_json("o.variant_id"),
            "external_id": text_json("o.external_id"),
            "cost": money_json("o.cost"),
            "price": money_json("o.price"),
            "currency": text_json("o.currency"),
            "stock": text_json("o.stock"),
            "handling_days": text_json("o.handling_days"),
            "seen_at": timestamp_json("o.seen_at"),
        }
    )
    return array_json(
        f"SELECT {document} FROM {tables('variants')} v JOIN {tables('offers')} o ON o.variant_id = v.id"
        " WHERE v.product_id = p.id AND v.deleted_at IS NULL AND o.source_id = sp.source_id"
        " ORDER BY v.position, o.external_id"
    )


def _sources(tables: Tables) -> str:
    document = object_json(
        {
            "source_id": word_json("sp.source_id"),
            "source": text_json("s.name"),
            "external_id": text_json("sp.external_id"),
            "url": text_json("sp.url"),
            "offers": _offers(tables),
        }
    )
    return array_json(
        f"SELECT {document} FROM {tables('source_products')} sp JOIN {tables('sources')} s ON s.id = sp.source_id"
        " WHERE sp.product_id = p.id ORDER BY s.name, sp.external_id"
    )


def _members(tables: Tables) -> Mapping[str, str]:
    return {
        "id": word_json("p.id"),
        "sku": text_json("p.sku"),
        "title": text_json("p.title"),
        "description": text_json("p.description"),
        "brand": text_json("p.brand"),
        "category_id": text_json("p.category_id"),
        "status": word_json("p.status"),
        "archived_reason": text_json("p.archived_reason"),
        "price": money_json("p.price"),
        "compare_at_price": money_json("p.compare_at_price"),
        "cost": money_json("p.cost"),
        "currency": text_json("p.currency"),
        "stock": plain_json("goods.stock"),
        "gtin": text_json("p.gtin"),
        "attributes": plain_json("p.attributes"),
        "tags": text_json("p.tags"),
        "options": plain_json("p.options"),
        "variants": plain_json("goods.variants"),
        "images": _images(tables),
        "sources": _sources(tables),
        "locked_fields": text_json("p.locked_fields"),
        "created_at": timestamp_json("p.created_at"),
        "updated_at": timestamp_json("p.updated_at"),
        "version": plain_json("p.version"),
    }


@dataclass(frozen=True, slots=True)
class ProductSql:
    """The parts of a statement over a product `p`: its JSON, and the joins that this needs. `goods.stock_version`, the
    sum of the versions of its balances, is there when the whole document is.
    """

    document: str
    joins: str


@lru_cache(maxsize=512)
def _product_sql(tenant_id: int | None, fields: frozenset[str] | None) -> ProductSql:
    tables = tables_in_reach if tenant_id is None else tables_of(tenant_id)
    members = {name: sql for name, sql in _members(tables).items() if fields is None or name in fields}
    needs_goods = not members.keys().isdisjoint({"stock", "variants"})
    return ProductSql(object_json(members), _goods(tables) if needs_goods else "")


def product_sql(tenant_id: int | None, fields: Collection[str] | None = None) -> ProductSql:
    """SQL of a product, whole or the chosen fields; without a tenant, tables are named by search path."""
    return _product_sql(tenant_id, None if fields is None else frozenset(fields))
