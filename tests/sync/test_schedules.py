"""Schedules of syncs over the API: their times, names and bounds, running one now, and what the pulse's tick makes."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text

from app.core.system_session import SystemDatabase
from app.queue.schedules import tick
from tests.conftest import MakeSeller, Seller

SYNC = "/api/v1/sync"
Json = dict[str, object]


async def create(api: httpx.AsyncClient, seller: Seller, status: int = 201, **body: object) -> Json:
    answer = await api.post(f"{SYNC}/schedule", json=body, headers=seller.headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def read(api: httpx.AsyncClient, seller: Seller, schedule: Json, status: int = 200) -> Json:
    answer = await api.get(f"{SYNC}/schedules/{schedule['id']}", headers=seller.headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def runs(api: httpx.AsyncClient, seller: Seller) -> list[Json]:
    answer = await api.get(f"{SYNC}/history", headers=seller.headers)
    return list(answer.json()["items"])


async def change(api: httpx.AsyncClient, seller: Seller, schedule: Json, status: int = 200, **body: object) -> Json:
    answer = await api.patch(f"{SYNC}/schedules/{schedule['id']}", json=body, headers=seller.headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def next_run(schedule: Json) -> datetime:
    return datetime.fromisoformat(str(schedule["next_run_at"]))


async def make_due(system: SystemDatabase, seller: Seller, ago: str = "1 second") -> None:
    async with system.session() as session:
        statement = text("UPDATE schedules SET next_slot_at = now() - CAST(:ago AS interval) WHERE tenant_id = :tenant")
        await session.execute(statement, {"ago": timedelta(seconds=_seconds(ago)), "tenant": seller.tenant_id})


def _seconds(words: str) -> float:
    number, unit = words.split()
    return float(number) * {"second": 1, "hours": 3600, "days": 86400}[unit]


async def test_a_schedule_by_cron_runs_on_the_clock_of_its_zone(api: httpx.AsyncClient, seller: Seller) -> None:
    made = await create(api, seller, cron="30 2 * * *", timezone="Europe/Berlin", name="Every night")

    local = next_run(made).astimezone(ZoneInfo("Europe/Berlin"))
    late = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second) - timedelta(hours=2, minutes=30)
    assert timedelta(0) <= late <= timedelta(seconds=120)
    assert (made["schedule_id"], made["name"], made["mode"]) == (made["id"], "Every night", "full")
    assert await read(api, seller, made) == {name: made[name] for name in made if name != "schedule_id"}


async def test_schedules_of_one_cron_are_spread(api: httpx.AsyncClient, make_seller: MakeSeller) -> None:
    made = [await create(api, await make_seller(), cron="0 4 * * *", timezone="UTC") for _ in range(8)]
    seconds = {next_run(each).minute * 60 + next_run(each).second for each in made}
    assert len(seconds) > 1
    assert max(seconds) <= 120


async def test_the_older_spellings_make_the_same(api: httpx.AsyncClient, seller: Seller) -> None:
    body = {"sync_type": "products", "supplier_id": "dummyjson", "frequency": "daily", "enabled": True, "options": {}}
    made = await create(api, seller, **body)
    assert (made["provider"], made["kind"], made["every_minutes"]) == ("dummyjson", "products", 1440)
    same = await create(api, seller, sync_type="full", supplier_id=made["connection_id"], frequency="hourly")
    assert (same["connection_id"], same["mode"], same["every_minutes"]) == (made["connection_id"], "full", 60)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"every_minutes": 4}, "validation_failed"),
        ({"every_minutes": 50_000}, "validation_failed"),
        ({}, "validation_failed"),
        ({"cron": "0 3 * * *", "every_minutes": 30}, "validation_failed"),
        ({"cron": "0 3 * *"}, "schedule_invalid"),
        ({"cron": "0 0 31 2 *"}, "schedule_invalid"),
        ({"cron": "*/3 * * * *"}, "schedule_invalid"),
        ({"cron": "0,58 * * * *"}, "schedule_invalid"),
        ({"cron": "0 3 * * *", "timezone": "Mars/Olympus"}, "validation_failed"),
        ({"every_minutes": 30, "kind": "stock"}, "sync_kind_unknown"),
        ({"every_minutes": 30, "provider": "bigbuy"}, "provider_unknown"),
        ({"every_minutes": 30, "connection_id": "01a2048e-3511-758b-9153-818473700ed8"}, "connection_not_found"),
        ({"frequency": "monthly"}, "validation_failed"),
    ],
)
async def test_what_cannot_be_scheduled_is_refused_and_leaves_nothing(
    api: httpx.AsyncClient, seller: Seller, body: Json, code: str
) -> None:
    refused = await create(api, seller, 404 if code == "connection_not_found" else 422, **body)
    assert refused["code"] == code, refused
    for path in ("schedules", "status"):
        assert (await api.get(f"{SYNC}/{path}", headers=seller.headers)).json()["items"] == [], path


async def test_five_minutes_apart_will_do_even_over_the_hour(api: httpx.AsyncClient, seller: Seller) -> None:
    for cron in ("*/5 * * * *", "0,58 3 * * *", "2,57 * * * *"):
        await create(api, seller, cron=cron, name=cron)


async def test_names_are_unique_in_the_tenant_in_whatever_case(
    api: httpx.AsyncClient, seller: Seller, make_seller: MakeSeller
) -> None:
    first = await create(api, seller, every_minutes=60, name="Nightly")
    refused = await create(api, seller, 409, every_minutes=60, name="NIGHTLY")
    assert refused["code"] == "schedule_name_taken"
    second = await create(api, seller, every_minutes=60, name="Daily")
    assert (await change(api, seller, second, 409, name="nightly"))["code"] == "schedule_name_taken"
    assert (await read(api, seller, second))["name"] == "Daily"
    stranger = await make_seller()
    await create(api, stranger, every_minutes=60, name="Nightly")
    assert (await read(api, stranger, first, 404))["code"] == "schedule_not_found"
    assert (await change(api, stranger, first, 404, enabled=False))["code"] == "schedule_not_found"


async def test_changes_count_from_now_and_name_only_what_they_change(
    api: httpx.AsyncClient, seller: Seller, system: SystemDatabase
) -> None:
    made = await create(api, seller, every_minutes=60)
    off = await change(api, seller, made, enabled=False)
    assert (off["next_run_at"], off["every_minutes"]) == (None, 60)
    await make_due(system, seller, "3 days")
    on = await change(api, seller, made, enabled=True)
    ahead = next_run(on) - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead <= timedelta(minutes=63)
    by_cron = await change(api, seller, made, cron="0 3 * * *")
    assert (by_cron["cron"], by_cron["every_minutes"], by_cron["name"]) == ("0 3 * * *", None, made["name"])
    assert (await change(api, seller, made, 422, cron="* * * * *"))["code"] == "schedule_invalid"
    assert (await change(api, seller, made, mode="incremental"))["mode"] == "incremental"
    answer = await api.delete(f"{SYNC}/schedules/{made['id']}", headers=seller.headers)
    assert answer.json() == {"id": made["id"], "deleted": True}
    await read(api, seller, made, 404)


async def test_two_pulses_start_a_missed_schedule_once_and_not_again_while_it_is_at_work(
    api: httpx.AsyncClient, seller: Seller, system: SystemDatabase
) -> None:
    made = await create(api, seller, every_minutes=30)
    await make_due(system, seller, "7 hours")

    await asyncio.gather(*(tick(system) for _ in range(4)))

    (run,) = await runs(api, seller)
    assert (run["schedule_id"], run["status"], run["connection_id"]) == (made["id"], "pending", made["connection_id"])
    after = await read(api, seller, made)
    assert timedelta(0) < next_run(after) - datetime.now(UTC) <= timedelta(minutes=30)
    assert after["last_run_at"] is not None

    await make_due(system, seller)
    await tick(system)
    assert len(await runs(api, seller)) == 1, "its job is not over"

    cancelled = await api.post(f"/api/v1/jobs/{run['id']}/cancel", headers=seller.headers)
    assert cancelled.status_code == 200
    await make_due(system, seller)
    await tick(system)
    assert len(await runs(api, seller)) == 2


async def test_a_schedule_runs_now_and_keeps_its_times(api: httpx.AsyncClient, seller: Seller) -> None:
    made = await create(api, seller, cron="0 3 * * *", enabled=False)
    answer = await api.post(f"{SYNC}/schedules/{made['id']}/run", headers=seller.headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['job_id']}"
    (run,) = await runs(api, seller)
    assert (run["id"], run["schedule_id"]) == (answer.json()["job_id"], made["id"])
    assert (await read(api, seller, made))["enabled"] is False


async def test_a_paused_connection_starts_nothing(
    api: httpx.AsyncClient, seller: Seller, system: SystemDatabase, settings: object
) -> None:
    made = await create(api, seller, every_minutes=30)
    await _pause(api, seller, UUID(str(made["connection_id"])))
    for path, body in (("trigger", None), (f"schedules/{made['id']}/run", None)):
        answer = await api.post(f"{SYNC}/{path}", json=body, headers=seller.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "connection_paused")
    assert await runs(api, seller) == []


async def _pause(api: httpx.AsyncClient, seller: Seller, connection_id: UUID) -> None:
    # Pausing has no route yet.
    resources = api._transport.app.state.resources  # type: ignore[attr-defined]
    async with resources.database.session(seller.scope) as session:
        await session.execute(text("UPDATE connections SET status = 'paused' WHERE id = :id"), {"id": connection_id})
