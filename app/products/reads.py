"""The hot reads of products: a page and a single one, each one statement on qualified names without a transaction.

Also the reads that verbs need inside their own transaction, by the same SQL on the session's search path.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.database import Database
from app.core.etag import make_etag
from app.core.pagination import (
    CursorScope,
    parse_fields,
    parse_order,
    read_cursor,
    row_offset,
    wants_total,
    write_cursor,
)
from app.products.documents import product_sql, tables_in_reach, tables_of
from app.products.errors import ProductNotFound, VariantNotFound
from app.products.filters import DEFAULT_SORT, SORTS, Parameters, Place, conditions, page_sql
from app.products.schemas import Product, ProductQuery, Variant


@dataclass(frozen=True, slots=True)
class Document:
    """The JSON of a product and the entity tag of that state."""

    body: bytes
    etag: str

    @property
    def product(self) -> Product:
        return Product.model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class Listed:
    """The documents of one page, before they are joined."""

    documents: list[str]
    next_cursor: str | None
    total: int | None


async def list_products(database: Database, tenant_id: int, query: ProductQuery) -> bytes:
    """The JSON of one page (schemas.ProductPage)."""
    return _page(await _list(database, tenant_id, query), query)


async def list_featured(database: Database, tenant_id: int, limit: int) -> bytes:
    """The JSON of the published products tagged `featured`, or of the newest ones when none is."""
    tagged = ProductQuery(status="published", tag="featured", limit=limit)
    found = await _list(database, tenant_id, tagged)
    if not found.documents:
        found = await _list(database, tenant_id, ProductQuery(status="published", limit=limit))
    return _page(Listed(found.documents, None, None), tagged)


async def _list(database: Database, tenant_id: int, query: ProductQuery) -> Listed:
    order = parse_order(query.sort, tuple(SORTS), DEFAULT_SORT)
    scope = CursorScope(tenant_id, order, query.filters())
    offset = row_offset(query)
    after = read_cursor(scope, query.cursor) if query.cursor else None
    tables, parameters = tables_of(tenant_id), Parameters()
    where = conditions(query, tables, parameters)
    counted = len(parameters.values)
    # One row more than asked for tells whether another page follows.
    page = page_sql(tables, where, order, Place(query.limit + 1, offset or 0, after), parameters)
    product = product_sql(tenant_id, parse_fields(query.fields, Product))
    direction = "DESC" if order.descending else "ASC"
    statement = (
        f"WITH page AS MATERIALIZED ({page})"
        f" SELECT {product.document}, p.sort_value::text, p.id::text FROM page p{product.joins}"
        f" ORDER BY p.sort_value {direction} NULLS LAST, p.id {direction}"
    )
    total = None
    async with database.read() as connection:
        rows = await _fetch(connection, statement, *parameters.values)
        if wants_total(query):
            count = f"SELECT count(*)::text FROM {tables('products')} p WHERE {' AND '.join(where)}"
            total = int((await _fetch(connection, count, *parameters.values[:counted]))[0][0])
    shown = rows[: query.limit]
    cursor = write_cursor(scope, shown[-1][1:]) if len(rows) > query.limit else None
    return Listed([row[0] for row in shown], cursor, total)


def _page(listed: Listed, query: ProductQuery) -> bytes:
    next_cursor = "null" if listed.next_cursor is None else f'"{listed.next_cursor}"'
    counts = ""
    if listed.total is not None:
        number = query.page or (query.offset or 0) // query.limit + 1
        counts = f',"page":{number},"total":{listed.total},"total_pages":{-(-listed.total // query.limit)}'
    items = ",".join(listed.documents)
    return f'{{"items":[{items}],"next_cursor":{next_cursor},"page_size":{query.limit}{counts}}}'.encode()


async def get_product(database: Database, tenant_id: int, product_id: UUID) -> Document:
    """A product of this tenant, outside of any transaction."""
    async with database.read() as connection:
        return await _read(connection, tenant_id, product_id)


async def get_variant(database: Database, tenant_id: int, product_id: UUID, variant_id: UUID) -> Variant:
    """A variant of a product of this tenant."""
    product = (await get_product(database, tenant_id, product_id)).product
    found = next((variant for variant in product.variants if variant.id == variant_id), None)
    if found is None:
        raise VariantNotFound
    return found


async def get_document(session: AsyncSession, product_id: UUID) -> Document:
    """A product as the session's transaction sees it."""
    return await _read(await session.connection(), None, product_id)


async def _read(connection: AsyncConnection, tenant_id: int | None, product_id: UUID) -> Document:
    tables = tables_in_reach if tenant_id is None else tables_of(tenant_id)
    product = product_sql(tenant_id)
    statement = (
        f"SELECT {product.document}, p.version::text, goods.stock_version::text"
        f" FROM {tables('products')} p{product.joins} WHERE p.id = $1::text::uuid AND p.deleted_at IS NULL"
    )
    rows = await _fetch(connection, statement, str(product_id))
    if not rows:
        raise ProductNotFound
    document, version, stock = rows[0]
    return Document(document.encode(), make_etag(product_id, version, stock))


async def _fetch(connection: AsyncConnection, statement: str, *values: object) -> list[tuple[str, ...]]:
    """All columns of these statements are texts."""
    return [tuple(row) for row in await connection.exec_driver_sql(statement, values)]
