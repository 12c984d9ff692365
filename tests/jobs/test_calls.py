"""What a job called outside is kept with it, and what a vendor's failure makes of the job."""

import pytest
from sqlalchemy import func, select, text

from app.core.tenancy import Scope
from app.queue.models import Job, JobCall
from app.queue.outbox import enqueue
from tests.conftest import MakeSeller
from tests.support.engine import Engine
from tests.support.sandbox import Sandbox

JOBS = "/api/v1/jobs"


@pytest.fixture
def add(database, sandbox: Sandbox):
    """Enqueue a job that calls a path of the sandbox."""

    async def enqueue_call(seller, path: str) -> Job:
        params = {"sandbox": sandbox.url, "url": f"{sandbox.url}{path}"}
        async with database.session(seller.scope) as session:
            return await enqueue(session, "test_calls_outside", params=params)

    return enqueue_call


async def get(api, seller, job: Job, path: str = "") -> dict:
    answer = await api.get(f"{JOBS}/{job.id}{path}", headers=seller.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_calls_are_kept_try_by_try_without_secrets(api, seller, add, engine: Engine, sandbox: Sandbox):
    sandbox.fault("status", times=1)
    job = await add(seller, "/dummyjson/products?limit=1&api_key=abc")
    await engine.drain(seller.tenant_id)

    assert (await get(api, seller, job))["status"] == "completed"
    second, first = (await get(api, seller, job, "/calls"))["items"]
    assert (first["tried"], first["attempt"], first["method"]) == (1, 1, "GET")
    assert first["outcome"].startswith("vendor_unavailable: 127.0.0.1 answers 503")
    assert (second["tried"], second["outcome"]) == (2, "ok")
    assert first["url"] == f"{sandbox.url}/dummyjson/products?limit=1&api_key=[redacted]"
    page = await get(api, seller, job, "/calls?limit=1")
    rest = await get(api, seller, job, f"/calls?limit=1&cursor={page['next_cursor']}")
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [second["id"], first["id"]]
    assert (await get(api, seller, job, "/calls?attempt=2"))["items"] == []


async def test_calls_of_another_tenant_do_not_exist(api, make_seller: MakeSeller, add, engine: Engine, database):
    mine, other = await make_seller(), await make_seller()
    job = await add(mine, "/dummyjson/products?limit=1")
    await engine.drain(mine.tenant_id)
    assert (await api.get(f"{JOBS}/{job.id}/calls", headers=other.headers)).status_code == 404
    async with database.session(other.scope) as session:
        assert await session.scalar(select(func.count()).select_from(JobCall)) == 0
    async with database.session(mine.scope) as session:
        assert await session.scalar(select(func.count()).select_from(JobCall)) == 1


async def test_a_job_that_calls_nothing_keeps_nothing(api, seller, database, engine: Engine):
    async with database.session(seller.scope) as session:
        job = await enqueue(session, "test_noop")
    await engine.drain(seller.tenant_id)
    assert (await get(api, seller, job, "/calls"))["items"] == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 404}, "vendor_not_found"),
        ({"kind": "status", "status": 401}, "credentials_rejected"),
        ({"kind": "status", "status": 422}, "vendor_rejected"),
        ({"kind": "html"}, "vendor_answer_broken"),
    ],
)
async def test_what_stays_wrong_ends_the_job_at_once(
    *, api, seller, add, engine: Engine, sandbox: Sandbox, fault: dict, code: str
):
    sandbox.fault(**fault)
    job = await add(seller, "/dummyjson/products")
    await engine.drain(seller.tenant_id)
    ended = await get(api, seller, job)
    assert (ended["status"], ended["outcome"], ended["error_code"]) == ("failed", "rejected", code)
    assert "127.0.0.1 answers" in ended["error_message"]
    assert len((await get(api, seller, job, "/calls"))["items"]) == 1


@pytest.mark.parametrize(
    ("fault", "code", "seconds"),
    [
        ({"kind": "status", "status": 429, "retry_after": "900"}, "vendor_rate_limited", (890, 910)),
        ({"kind": "status", "status": 429, "retry_after": "1000000000"}, "vendor_rate_limited", (3590, 3610)),
        ({"kind": "cut"}, "vendor_unavailable", (0, 60)),
    ],
)
async def test_what_may_pass_by_puts_the_job_back_for_later(
    *, api, seller, add, engine: Engine, sandbox: Sandbox, database, fault: dict, code: str, seconds: tuple[int, int]
):
    sandbox.fault(**fault)
    job = await add(seller, "/dummyjson/products")
    delivery = await engine.take(seller.tenant_id)
    assert delivery
    await engine.deliver(delivery)
    waiting = await get(api, seller, job)
    assert (waiting["status"], waiting["error_code"], waiting["attempt"]) == ("pending", code, 2)
    async with database.session(Scope(seller.tenant_id)) as session:
        due = "SELECT extract(epoch FROM available_at - now()) FROM outbox WHERE job_id = :id AND sent_at IS NULL"
        wait = await session.scalar(text(due), {"id": job.id})
    assert seconds[0] <= float(wait) <= seconds[1]
