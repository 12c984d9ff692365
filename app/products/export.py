"""Products as a stream for files: read in portions behind the last id, so that memory is that of one portion and no
transaction stays open; how rows become cells is export_cells.py.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from app.core.database import Database
from app.integrations.feeds.rejected_rows import MARK, encoded
from app.inventory.models import OWN_LOCATION
from app.products.documents import Tables, product_sql, tables_of
from app.products.export_cells import HEADER, Exported, cells_of
from app.products.filters import Parameters, conditions
from app.products.schemas import ProductFilter

PORTION = 250
_NO_ID = "00000000-0000-0000-0000-000000000000"

# Languages whose spreadsheets write 12,50 and therefore expect a semicolon between the cells of a CSV.
_COMMA_LANGUAGES = """
az be bg bs ca cs da de el es et eu fi fr gl hr hu hy id is it ka kk lt lv mk nb nl nn no pl pt ro ru sk sl sq sr sv tr
uk uz vi
"""
_DECIMAL_COMMA = frozenset(_COMMA_LANGUAGES.split())
_DECIMAL_POINT = frozenset(("es-MX", "es-US", "es-GT", "es-HN", "es-NI", "es-PA", "es-PE", "es-SV", "de-CH", "de-LI"))
_POINT_AND_SEMICOLON = frozenset(("de-CH", "de-LI"))


@dataclass(frozen=True, slots=True)
class Style:
    """How a CSV parts its cells and writes decimals."""

    delimiter: str
    decimal_mark: str


def style_of(locale: str) -> Style:
    """What spreadsheets of a locale open without questions."""
    name = locale.replace("_", "-")
    has_comma = name.split("-")[0].lower() in _DECIMAL_COMMA and name not in _DECIMAL_POINT
    return Style(";" if has_comma or name in _POINT_AND_SEMICOLON else ",", "," if has_comma else ".")


async def stream_ndjson(database: Database, tenant_id: int, query: ProductFilter) -> AsyncIterator[bytes]:
    """The products as the API answers them, one per line, oldest first."""
    async for rows in _portions(database, tenant_id, query, []):
        yield "".join(f"{row[0]}\n" for row in rows).encode()


async def stream_csv(database: Database, tenant_id: int, query: ProductFilter, style: Style) -> AsyncIterator[bytes]:
    """A row per variant, oldest products first: UTF-8 with its mark, every cell quoted, formulas disarmed."""
    yield MARK + encoded([HEADER], style.delimiter)
    tables = tables_of(tenant_id)
    async for rows in _portions(database, tenant_id, query, [_own_sku(), _category(tables), _on_hand(tables)]):
        products = [Exported(*map(json.loads, (row[0], *row[2:]))) for row in rows]
        yield encoded((cells for each in products for cells in cells_of(each, style.decimal_mark)), style.delimiter)


async def _portions(
    database: Database, tenant_id: int, query: ProductFilter, more: Sequence[str]
) -> AsyncIterator[Sequence[Sequence[str]]]:
    """The document of each product, its id, and what else is asked for, all of them texts."""
    tables, product, last = tables_of(tenant_id), product_sql(tenant_id), _NO_ID
    columns = ", ".join((product.document, "p.id::text", *more))
    while True:
        parameters = Parameters()
        where = " AND ".join((*conditions(query, tables, parameters), f"p.id > {parameters.add(last, 'uuid')}"))
        statement = (
            f"WITH page AS MATERIALIZED (SELECT p.* FROM {tables('products')} p WHERE {where}"
            f" ORDER BY p.id LIMIT {PORTION})"
            f" SELECT {columns} FROM page p{product.joins} ORDER BY p.id"
        )
        async with database.read() as connection:
            rows = [tuple(row) for row in await connection.exec_driver_sql(statement, tuple(parameters.values))]
        if rows:
            yield rows
        if len(rows) < PORTION:
            return
        last = rows[-1][1]


def _own_sku() -> str:
    return "coalesce(to_json(p.own_sku)::text, 'null')"


def _category(tables: Tables) -> str:
    """The names from the root down to the product's category."""
    node = f"SELECT parent_id, name, 1 AS depth FROM {tables('categories')} WHERE id = p.category_id"
    above = f"SELECT c.parent_id, c.name, depth + 1 FROM {tables('categories')} c JOIN up ON c.id = up.parent_id"
    return (
        f"CASE WHEN p.category_id IS NULL THEN '[]' ELSE (WITH RECURSIVE up AS ({node} UNION ALL {above})"
        " SELECT coalesce(json_agg(name ORDER BY depth DESC)::text, '[]') FROM up) END"
    )


def _on_hand(tables: Tables) -> str:
    """What stands on the seller's own location, by variant: what an import sets (reservations stay out of it)."""
    return (
        "(SELECT coalesce(json_object_agg(b.variant_id, b.on_hand)::text, '{}')"
        f" FROM {tables('variants')} v JOIN {tables('stock_balances')} b ON b.variant_id = v.id"
        f" WHERE v.product_id = p.id AND v.deleted_at IS NULL AND b.location_id = '{OWN_LOCATION}')"
    )
