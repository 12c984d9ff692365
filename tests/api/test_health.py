"""What machines ask at the root, with everything there and with parts away."""

import httpx
import pytest

from app.core import metrics
from app.core.config import Settings
from tests.api.conftest import changed, open_client

AWAY_REDIS = "redis://127.0.0.1:9/0"
AWAY_DATABASE = "postgresql+asyncpg://nobody@127.0.0.1:9/none"


async def test_everything_is_there(probe: httpx.AsyncClient) -> None:
    for path in ("/health", "/health/db", "/health/redis"):
        answer = await probe.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert (await probe.get("/ready")).json() == {"status": "ready", "database": "ok", "redis": "ok"}


async def test_without_redis_it_is_degraded_and_goes_on(settings: Settings) -> None:
    async with open_client(changed(settings, redis_url=AWAY_REDIS)) as client:
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["status"], ready.json()["redis"]) == (200, "degraded", "away")
        answer = await client.get("/health/redis")
        assert (answer.status_code, answer.json()["code"]) == (503, "redis_away")
        assert (await client.get("/api/v1/things")).status_code == 200


async def test_without_the_database_it_lives_but_is_not_ready(settings: Settings) -> None:
    async with open_client(changed(settings, database_url=AWAY_DATABASE)) as client:
        assert (await client.get("/health")).json() == {"status": "ok"}
        for path in ("/ready", "/health/db"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_away")


async def test_info_tells_what_runs_and_nothing_else(probe: httpx.AsyncClient) -> None:
    assert set((await probe.get("/info")).json()) == {"name", "version", "environment", "documentation"}


async def test_metrics_count_requests_by_operation_and_not_by_path(probe: httpx.AsyncClient) -> None:
    await probe.get("/api/v1/things")
    await probe.get("/api/v1/nowhere/0199c6d2")
    await probe.request("BREW", "/api/v1/things")
    text = (await probe.get("/metrics")).text
    assert 'crossdock_requests_total{method="GET",operation="list_things",status="200"}' in text
    assert 'crossdock_requests_total{method="GET",operation="none",status="404"}' in text
    assert 'method="other"' in text
    assert "BREW" not in text
    assert "0199c6d2" not in text
    assert "crossdock_request_seconds_bucket" in text


@pytest.mark.parametrize("sent", ["", "Bearer wrong", "Bearer ", "a-token", "Bearer é"])
async def test_metrics_hide_behind_their_token(settings: Settings, sent: str) -> None:
    guarded = Settings.model_validate(settings.model_dump() | {"metrics_token": "a-token"})
    async with open_client(guarded) as client:
        refused = await client.get("/metrics", headers={"Authorization": sent.encode()})
        assert refused.status_code == 404
        assert (await client.get("/metrics", headers={"Authorization": "Bearer a-token"})).status_code == 200


async def test_metrics_are_closed_in_production_without_a_token(settings: Settings) -> None:
    async with open_client(changed(settings, environment="production")) as client:
        for sent in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
            assert (await client.get("/metrics", headers=sent)).status_code == 404


def test_metrics_render_in_the_format_of_prometheus() -> None:
    metrics.observe_request("an_operation", "GET", 200, 0.004)
    text = metrics.render().decode()
    assert 'crossdock_request_seconds_bucket{le="0.005",operation="an_operation"} 1.0' in text
