"""The bare repricing: one UPDATE of the variants and one of what their products repeat, in one transaction."""

import time

import asyncpg

from app.core.tenancy import schema_name

TRIGGERS = ("record_first_prices", "record_price_changes")
_UPDATES = (
    "UPDATE variants SET price = round(price * 1.01, 2), updated_at = now()",
    """
    UPDATE products p SET price = main.price, version = version + 1, updated_at = now()
    FROM (SELECT DISTINCT ON (product_id) product_id, price FROM variants ORDER BY product_id, position, id) main
    WHERE p.id = main.product_id
    """,
)


async def reprice(owner_dsn: str, tenant_id: int) -> float:
    """Raise all prices of a tenant by one per cent; answers the seconds that it took."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(f"SET search_path = {schema_name(tenant_id)}, public")
        started = time.perf_counter()
        async with connection.transaction():
            for statement in _UPDATES:
                await connection.execute(statement)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def count_variants(owner_dsn: str, tenant_id: int) -> tuple[int, int]:
    """How many variants a tenant has, and how many rows its price history."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(f"SET search_path = {schema_name(tenant_id)}, public")
        query = "SELECT (SELECT count(*) FROM variants), (SELECT count(*) FROM price_changes)"
        variants, changes = await connection.fetchrow(query)
        return variants, changes
    finally:
        await connection.close()


async def forget_history(owner_dsn: str, tenant_id: int) -> None:
    """Take the triggers of the price history away from a tenant."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(f"SET search_path = {schema_name(tenant_id)}, public")
        for trigger in TRIGGERS:
            await connection.execute(f"ALTER TABLE variants DISABLE TRIGGER {trigger}")
    finally:
        await connection.close()
