"""What the API shows of jobs and lets people do with them."""

from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.ids import new_id
from app.queue.models import Job
from app.queue.outbox import enqueue
from tests.conftest import MakeSeller, Seller
from tests.support.engine import Engine

UNKNOWN = UUID("01a20498-8ee8-70da-a1e1-673043ef4c9c")
BASE = "/api/v1/jobs"
FIELDS = """
    id job_type queue status outcome progress_percent progress_message items_total items_processed items_failed counters
    eta_seconds attempt max_attempts params result error_code error_message parent_id created_at started_at completed_at
    duration_ms
""".split()  # noqa: SIM905 (a column of names reads better)


async def add(database: Database, seller: Seller, name: str, **options: object) -> Job:
    async with database.session(seller.scope) as session:
        return await enqueue(session, name, **options)  # type: ignore[arg-type]


async def get(api: httpx.AsyncClient, seller: Seller, job: Job) -> dict[str, object]:
    answer = await api.get(f"{BASE}/{job.id}", headers=seller.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def unsent(database: Database, seller: Seller, job_id: UUID) -> int:
    async with database.session(seller.scope) as session:
        count = await session.scalar(
            text("SELECT count(*) FROM outbox WHERE job_id = :id AND sent_at IS NULL"), {"id": job_id}
        )
        return int(count or 0)


async def test_a_job_shows_exactly_the_fields_of_the_contract(api, seller, database, engine: Engine, steps_table):
    job = await add(database, seller, "test_steps", params={"items": 20})
    pending = await get(api, seller, job)
    assert list(pending) == FIELDS
    assert (pending["status"], pending["attempt"], pending["duration_ms"]) == ("pending", 1, None)
    await engine.drain(seller.tenant_id)
    done = await get(api, seller, job)
    assert (done["status"], done["outcome"], done["progress_percent"]) == ("completed", "ok", 100)
    assert (done["items_total"], done["items_processed"], done["counters"]) == (20, 20, {"created": 20})
    assert done["result"] == {"items": 20}
    assert isinstance(done["duration_ms"], int)


async def test_jobs_of_another_tenant_do_not_exist(api, make_seller: MakeSeller, database):
    mine, other = await make_seller(), await make_seller()
    job = await add(database, mine, "test_noop")
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("POST", "/events/ticket")):
        answer = await api.request(method, f"{BASE}/{job.id}{path}", headers=other.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert (await api.get(BASE, headers=other.headers)).json()["items"] == []
    assert (await get(api, mine, job))["status"] == "pending"


async def test_the_list_pages_newest_first_and_filters(api, seller, database):
    jobs = [await add(database, seller, name) for name in ("test_noop", "test_fail", "test_noop")]
    first = (await api.get(BASE, params={"limit": 2}, headers=seller.headers)).json()
    assert [item["id"] for item in first["items"]] == [str(jobs[2].id), str(jobs[1].id)]
    rest = (await api.get(BASE, params={"limit": 2, "cursor": first["next_cursor"]}, headers=seller.headers)).json()
    assert [item["id"] for item in rest["items"]] == [str(jobs[0].id)]
    assert rest["next_cursor"] is None
    failing = (await api.get(BASE, params={"job_type": "test_fail"}, headers=seller.headers)).json()
    assert [item["id"] for item in failing["items"]] == [str(jobs[1].id)]
    none = (await api.get(BASE, params={"status": "running"}, headers=seller.headers)).json()
    assert none["items"] == []
    chosen = (await api.get(BASE, params={"fields": "status", "limit": 1}, headers=seller.headers)).json()
    assert chosen["items"] == [{"id": str(jobs[2].id), "status": "pending"}]
    assert (await api.get(BASE, params={"state": "x"}, headers=seller.headers)).status_code == 422


async def test_children_are_listed_by_their_parent_and_cancelled_with_it(api, seller, database):
    parent = await add(database, seller, "test_noop")
    child = await add(database, seller, "test_noop", parent_id=parent.id)
    grandchild = await add(database, seller, "test_noop", parent_id=child.id)
    listed = (await api.get(BASE, params={"parent_id": str(parent.id)}, headers=seller.headers)).json()
    assert [item["id"] for item in listed["items"]] == [str(child.id)]
    answer = await api.post(f"{BASE}/{parent.id}/cancel", headers=seller.headers)
    assert answer.json()["status"] == "cancelled"
    assert (await get(api, seller, grandchild))["status"] == "cancelled"


async def test_a_cancelled_pending_job_never_runs(api, seller, database, engine: Engine):
    job = await add(database, seller, "test_noop")
    assert (await api.post(f"{BASE}/{job.id}/cancel", headers=seller.headers)).status_code == 200
    await engine.drain(seller.tenant_id)
    assert (await get(api, seller, job))["started_at"] is None
    again = await api.post(f"{BASE}/{job.id}/cancel", headers=seller.headers)
    assert (again.status_code, again.json()["code"]) == (409, "job_already_over")


async def test_a_retry_goes_on_with_the_same_job(api, seller, database, engine: Engine):
    job = await add(database, seller, "test_refuse")
    early = await api.post(f"{BASE}/{job.id}/retry", headers=seller.headers)
    assert (early.status_code, early.json()["code"]) == (409, "job_not_retryable")
    await engine.drain(seller.tenant_id)
    failed = await get(api, seller, job)
    assert (failed["status"], failed["outcome"], failed["error_code"]) == ("failed", "rejected", "validation_failed")
    assert failed["error_message"] == "The file has no usable column."
    answer = await api.post(f"{BASE}/{job.id}/retry", headers=seller.headers)
    body = answer.json()
    assert (answer.status_code, body["new_job_id"], body["job_id"]) == (202, str(job.id), str(job.id))
    assert answer.headers["location"] == f"{BASE}/{job.id}"
    assert (body["status"], body["attempt"], body["error_code"]) == ("pending", 2, None)
    assert await unsent(database, seller, job.id) == 1


async def test_the_same_idempotency_key_retries_once(api, seller, database, engine: Engine):
    job = await add(database, seller, "test_refuse")
    await engine.drain(seller.tenant_id)
    headers = seller.headers | {"Idempotency-Key": new_id().hex}
    answers = [await api.post(f"{BASE}/{job.id}/retry", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert await unsent(database, seller, job.id) == 1


async def test_a_waiting_job_goes_on_when_it_is_confirmed(api, seller, database, engine: Engine):
    job = await add(database, seller, "test_preview")
    await engine.drain(seller.tenant_id)
    waiting = await get(api, seller, job)
    assert (waiting["status"], waiting["outcome"]) == ("waiting", "needs_confirmation")
    assert (waiting["result"], waiting["completed_at"]) == ({"would_archive": 7}, None)
    answer = await api.post(f"{BASE}/{job.id}/confirm", headers=seller.headers)
    assert (answer.status_code, answer.json()["job_id"]) == (202, str(job.id))
    assert await engine.drain(seller.tenant_id) == ["test_apply"]
    done = await get(api, seller, job)
    assert (done["status"], done["result"]) == ("completed", {"applied": {"would_archive": 7}})
    again = await api.post(f"{BASE}/{job.id}/confirm", headers=seller.headers)
    assert (again.status_code, again.json()["code"]) == (409, "job_not_waiting")


async def test_a_discarded_job_ends_and_its_clean_up_follows(api, seller, database, engine: Engine):
    job = await add(database, seller, "test_preview")
    await engine.drain(seller.tenant_id)
    answer = await api.post(f"{BASE}/{job.id}/discard", headers=seller.headers)
    assert (answer.json()["status"], answer.json()["outcome"]) == ("cancelled", "discarded")
    assert await engine.drain(seller.tenant_id) == ["test_clear"]
    retried = await api.post(f"{BASE}/{job.id}/retry", headers=seller.headers)
    assert retried.status_code == 409


async def test_an_undo_is_one_job_however_often_it_is_asked_for(api, seller, database, engine: Engine):
    job = await add(database, seller, "test_preview")
    early = await api.post(f"{BASE}/{job.id}/undo", headers=seller.headers)
    assert (early.status_code, early.json()["code"]) == (409, "job_not_undoable")
    await engine.drain(seller.tenant_id)
    await api.post(f"{BASE}/{job.id}/confirm", headers=seller.headers)
    await engine.drain(seller.tenant_id)
    answers = [await api.post(f"{BASE}/{job.id}/undo", headers=seller.headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    undo = answers[0].json()
    assert (undo["job_type"], undo["params"], undo["parent_id"]) == ("test_clear", {"job_id": str(job.id)}, str(job.id))


async def test_the_summary_counts_by_state_and_by_kind(api, seller, database, engine: Engine):
    for name in ("test_noop", "test_noop", "test_refuse"):
        await add(database, seller, name)
    await engine.drain(seller.tenant_id)
    await add(database, seller, "test_noop")
    stats = (await api.get(f"{BASE}/stats/summary", headers=seller.headers)).json()
    assert stats.pop("avg_duration_seconds") >= 0
    assert stats == {
        "total": 4, "total_today": 4, "pending": 1, "running": 0, "waiting": 0, "completed": 2, "failed": 1,
        "cancelled": 0, "by_type": {"test_noop": 3, "test_refuse": 1},
    }  # fmt: skip


@pytest.mark.parametrize("path", ["", f"/{UNKNOWN}", "/stats/summary", f"/{UNKNOWN}/events"])
async def test_nothing_is_shown_without_a_token(api, path):
    assert (await api.get(BASE + path)).status_code == 401


async def test_a_job_that_is_not_there_is_not_found(api, seller):
    assert (await api.get(f"{BASE}/{uuid4()}", headers=seller.headers)).json()["code"] == "job_not_found"
    assert (await api.get(f"{BASE}/nonsense", headers=seller.headers)).status_code == 422
