"""What a seller sees of the catalogue, and what the tenant's tables hold, as values that can be compared."""

from typing import Any

import httpx
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Seller
from tests.scraping.feeds import all_products, get

Json = dict[str, Any]
# These say when and how often something was written, and so differ after a change that was taken back.
WRITES = ("version", "updated_at")
# What a preview may write: its own report.
REPORTS = ("import_rows", "job_changes")


async def visible(api: httpx.AsyncClient, seller: Seller) -> Json:
    """Products with their parts, categories, and quantities."""
    products = []
    for product in await all_products(api, seller):
        shown = await get(api, seller, f"/api/v1/products/{product['id']}")
        for source in shown["sources"]:
            source["offers"] = [
                {k: v for k, v in offer.items() if k not in {"seen_at", "id"}} for offer in source["offers"]
            ]
        products.append({name: value for name, value in shown.items() if name not in WRITES})
    tree = await get(api, seller, "/api/v1/categories", limit=200)
    return {
        "products": sorted(products, key=lambda product: product["id"]),
        "categories": sorted((c["id"], c["path"]) for c in tree["items"]),
    }


async def checksums(database: Database, seller: Seller) -> dict[str, str]:
    """A checksum of every table of the tenant, but for the reports of jobs."""
    async with database.session(seller.scope) as session:
        names = await session.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY 1"),
            {"schema": f"user_{seller.tenant_id}"},
        )
        found = {}
        for name in names:
            if name not in REPORTS:
                rows = text(
                    f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{name}\" t"
                )
                found[name] = str(await session.scalar(rows))
        return found
