"""The files of imports go when their jobs do, and not before."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.system_session import SystemDatabase
from app.queue import purge
from tests.conftest import MakeSeller, Seller
from tests.scraping.feeds import get, sheet, upload
from tests.support.drain import Drain

DAYS = 90
AGE = text("UPDATE jobs SET completed_at = completed_at - CAST(:age AS interval) WHERE id = ANY(CAST(:ids AS uuid[]))")


def files_of(settings: Settings, seller: Seller) -> set[str]:
    folder = Path(settings.storage_dir) / "tenants" / str(seller.tenant_id)
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def age(system: SystemDatabase, days: int, *jobs: str) -> None:
    async with system.session() as session:
        await session.execute(AGE, {"age": timedelta(days=days), "ids": list(jobs)})


async def test_a_stored_file_goes_with_its_job_and_those_of_kept_jobs_and_of_others_stay(
    api: httpx.AsyncClient,
    make_seller: MakeSeller,
    *,
    settings: Settings,
    system: SystemDatabase,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(purge, "FORGOTTEN_AT_ONCE", 2)
    one, other = await make_seller(), await make_seller()
    content = sheet(("sku", "title"), ("A", "Lamp"))
    old = [(await upload(api, one, drain, content))["id"] for _ in range(3)]
    assert len(files_of(settings, one)) == 3
    young = await upload(api, one, drain, content)
    theirs = await upload(api, other, drain, content)
    kept = files_of(settings, other)
    await age(system, DAYS + 1, *old)
    await age(system, DAYS - 1, young["id"], theirs["id"])

    await purge.purge(system, DAYS)
    assert len(files_of(settings, one)) == 4
    for seller in (one, other):
        await drain(seller.tenant_id)

    assert len(files_of(settings, one)) == 1
    assert files_of(settings, other) == kept
    jobs = (await get(api, one, "/api/v1/jobs"))["items"]
    deleted = [job["result"]["deleted"] for job in jobs if job["job_type"] == "delete_import_files"]
    assert sorted(deleted) == [1, 2]
    assert [job["id"] for job in jobs if job["job_type"] != "delete_import_files"] == [young["id"]]
    assert (await get(api, other, "/api/v1/jobs"))["items"][0]["id"] == theirs["id"]
