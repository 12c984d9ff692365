"""What changes of prices have recorded goes when their jobs do, and not before."""

from datetime import timedelta

from sqlalchemy import text

from app.core.database import Database
from app.core.system_session import SystemDatabase
from app.queue import purge
from tests.conftest import Seller
from tests.products.conftest import Shop
from tests.support.drain import Drain

DAYS = 90
AGE = text("UPDATE jobs SET completed_at = completed_at - CAST(:age AS interval) WHERE id = CAST(:id AS uuid)")


async def raise_prices(shop: Shop) -> str:
    body = {"filter": {}, "change": {"type": "amount", "value": "1"}}
    answer = await shop.send("POST", "/products/bulk-price-update", json=body)
    assert answer.status_code == 200, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def recorded(database: Database, seller: Seller) -> set[str]:
    async with database.session(seller.scope) as session:
        return set(await session.scalars(text("SELECT DISTINCT job_id::text FROM job_changes")))


async def test_the_changes_of_a_price_update_go_with_its_job(
    shop: Shop, database: Database, system: SystemDatabase, drain: Drain
) -> None:
    await shop.make(title="Lamp", sku="L", price="10")
    old, young = await raise_prices(shop), await raise_prices(shop)
    assert await recorded(database, shop.seller) == {old, young}
    async with system.session() as session:
        await session.execute(AGE, {"age": timedelta(days=DAYS + 1), "id": old})

    await purge.purge(system, DAYS)
    await drain(shop.seller.tenant_id)

    assert await recorded(database, shop.seller) == {young}
