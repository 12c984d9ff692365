"""Which goods a change of many prices is about, as SQL: conditions on the product `p` and the variant `v`, and the
statements that walk through the chosen products in the order of their ids.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.pricing.rules import Terms
from app.products.bulk_prices_inputs import BulkPriceUpdate
from app.products.documents import tables_in_reach
from app.products.filters import Parameters, conditions

VARIANTS_AT_ONCE = 1000
PRODUCTS_AT_ONCE = 500

_SELLABLE = "SELECT v.product_id FROM variants v WHERE v.deleted_at IS NULL AND "


@dataclass(frozen=True, slots=True)
class Choice:
    """The conditions of a choice, and the values that they name."""

    products: str
    variants: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Goods:
    """One chosen variant as it is now."""

    variant_id: UUID
    product_id: UUID
    sku: str | None
    terms: Terms


@dataclass(frozen=True, slots=True)
class Batch:
    """Some chosen products, in order, with which of them have the changed field locked, and their chosen variants;
    `last` is where the next batch goes on, None at the end.
    """

    last: UUID | None
    product_ids: list[UUID]
    locked: frozenset[UUID]
    goods: list[Goods]


def choose(request: BulkPriceUpdate, as_of: str | None = None) -> Choice:
    """The choice of a request; with `as_of`, without the products that were made after it."""
    parameters = Parameters()
    products, variants = ["p.deleted_at IS NULL"], "true"
    if request.filter is not None:
        products = conditions(request.filter, tables_in_reach, parameters)
    elif request.ids is not None:
        products.append(f"p.id = ANY({parameters.add(_array(request.ids), 'uuid[]')})")
    elif request.variant_ids is not None:
        variants = f"v.id = ANY({parameters.add(_array(request.variant_ids), 'uuid[]')})"
    elif request.skus is not None:
        named = parameters.add(json.dumps(request.skus), "jsonb")
        variants = (
            "v.sku IS NOT NULL AND lower(v.sku) ="
            f" ANY(ARRAY(SELECT lower(given.word) FROM jsonb_array_elements_text({named}) AS given (word)))"
        )
    if variants != "true":
        products.append(f"p.id = ANY(ARRAY({_SELLABLE}{variants}))")
    if as_of is not None:
        products.append(f"p.created_at <= {parameters.add(as_of, 'timestamptz')}")
    return Choice(" AND ".join(products), variants, parameters.values)


async def count_products(session: AsyncSession, choice: Choice) -> int:
    """How many products are chosen."""
    rows = await _fetch(session, f"SELECT count(*) FROM products p WHERE {choice.products}", choice.values)
    return int(rows[0][0])


async def measure(session: AsyncSession, choice: Choice, at_most: int) -> tuple[int, int]:
    """How many products are chosen, and how many variants they have, counting so many products at most."""
    statement = f"""
        SELECT count(*), coalesce(sum(variants), 0)::bigint FROM (
          SELECT (SELECT count(*) FROM variants v WHERE v.product_id = p.id AND v.deleted_at IS NULL) AS variants
          FROM products p WHERE {choice.products} LIMIT {at_most}
        ) counted
    """
    products, variants = (await _fetch(session, statement, choice.values))[0]
    return products, variants


async def next_batch(
    session: AsyncSession, choice: Choice, field: str, after: UUID | None, *, products: int, hold: bool
) -> Batch:
    """The chosen products behind one, at most so many, and no more than VARIANTS_AT_ONCE variants unless a single
    product has them; `hold` locks them until the transaction ends.
    """
    behind = "" if after is None else f" AND p.id > '{after}'"
    ids = [
        row[0]
        for row in await _fetch(
            session,
            f"""
            SELECT id FROM (
              SELECT id, sum(variants) OVER (ORDER BY id) AS running, row_number() OVER (ORDER BY id) AS place FROM (
                SELECT p.id,
                  (SELECT count(*) FROM variants v WHERE v.product_id = p.id AND v.deleted_at IS NULL) AS variants
                FROM products p WHERE {choice.products}{behind} ORDER BY p.id LIMIT {products}
              ) chosen
            ) fitting WHERE running <= {VARIANTS_AT_ONCE} OR place = 1 ORDER BY id
            """,
            choice.values,
        )
    ]
    if not ids:
        return Batch(None, [], frozenset(), [])
    locks, wait = ("FOR NO KEY UPDATE OF p", "FOR NO KEY UPDATE OF v") if hold else ("", "")
    number = len(choice.values) + 1
    # The choice is looked at once more under the lock: what somebody has just changed may not be meant any more.
    held = await _fetch(
        session,
        f"""
        SELECT p.id, ${number + 1}::text = ANY(p.locked_fields) FROM products p
        WHERE p.id = ANY(${number}::uuid[]) AND {choice.products} ORDER BY p.id {locks}
        """,
        [*choice.values, ids, field],
    )
    rows = await _fetch(
        session,
        f"""
        SELECT v.id, v.product_id, v.sku, v.price, v.compare_at_price, v.cost, v.currency
        FROM products p JOIN variants v ON v.product_id = p.id AND v.deleted_at IS NULL AND {choice.variants}
        WHERE p.id = ANY(${number}::uuid[]) AND {choice.products} ORDER BY p.id, v.position, v.id {wait}
        """,
        [*choice.values, [row[0] for row in held]],
    )
    goods = [Goods(row[0], row[1], row[2], Terms(*row[3:])) for row in rows]
    return Batch(ids[-1], [row[0] for row in held], frozenset(row[0] for row in held if row[1]), goods)


async def find_named(session: AsyncSession, choice: Choice) -> list[tuple[UUID, UUID, str | None]]:
    """(product, variant, SKU in lower case) of everything that the choice names."""
    statement = f"""
        SELECT p.id, v.id, lower(v.sku) FROM products p
        LEFT JOIN variants v ON v.product_id = p.id AND v.deleted_at IS NULL AND {choice.variants}
        WHERE {choice.products}
    """
    return [(row[0], row[1], row[2]) for row in await _fetch(session, statement, choice.values)]


async def _fetch(session: AsyncSession, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    # Columns of any type, as the driver reads them.
    connection = await session.connection()
    return [tuple(row) for row in await connection.exec_driver_sql(statement, tuple(values))]


def _array(ids: Sequence[UUID]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"
