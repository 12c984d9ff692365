"""What imports leave behind goes when their jobs go."""

import httpx
from sqlalchemy import text

from app.core.database import Database
from app.core.system_session import SystemDatabase
from tests.conftest import Seller
from tests.scraping.feeds import sheet, upload
from tests.support.drain import Drain

LEFT = text("SELECT count(DISTINCT job_id) FROM import_rows")
CHANGES = text("SELECT count(DISTINCT job_id) FROM job_changes")


async def test_reports_of_purged_jobs_go_with_the_next_import_and_those_of_kept_jobs_stay(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database, system: SystemDatabase
) -> None:
    jobs = [await upload(api, seller, drain, sheet(("sku", "title"), (f"S-{number}", "Lamp"))) for number in range(3)]
    async with system.session() as session:
        await session.execute(text("DELETE FROM jobs WHERE id = :id"), {"id": jobs[0]["id"]})

    await upload(api, seller, drain, sheet(("sku", "title"), ("S-9", "Chair")))

    async with database.session(seller.scope) as session:
        assert await session.scalar(LEFT) == 3
        assert await session.scalar(CHANGES) == 3
        gone = text("SELECT count(*) FROM import_rows WHERE job_id = :id")
        assert await session.scalar(gone, {"id": jobs[0]["id"]}) == 0
