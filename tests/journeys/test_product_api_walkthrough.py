"""The walk-through of the product API system, its curl commands word for word, against real processes."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.config import Settings
from tests.support.house import FAST, House, open_house
from tests.support.servers import TestServers, execute, fetch
from tests.sync.product_api import serve_product_api

pytestmark = [pytest.mark.processes]

# Only the address differs; `===` separates what the commands print.
WALK = """
set -e -o pipefail
curl -sS -X POST "$API/auth/register" -H "Content-Type: application/json" \
  -d '{"email": "admin@example.com", "password": "admin123", "role": "admin"}'
echo; echo ===
curl -sS -X POST "$API/auth/login" -H "Content-Type: application/json" \
  -d '{"email": "admin@example.com", "password": "admin123"}' | tee login.json
echo; echo ===
TOKEN=$(sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' login.json)
curl -sS "$API/auth/me" -H "Authorization: Bearer $TOKEN"
echo; echo ===
curl -sS -X POST "$API/products" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
  -d '{"name": "New Product", "description": "Product description", "price": 99.99, "category": "electronics"}'
echo; echo ===
curl -sS "$API/products?skip=0&limit=10" -H "Authorization: Bearer $TOKEN"
echo; echo ===
curl -sS -X POST "$API/sync/trigger" -H "Authorization: Bearer $TOKEN"
echo; echo ===
for i in $(seq 120); do
  curl -sS "$API/sync/status" -H "Authorization: Bearer $TOKEN" > status.json
  grep -q '"status":"\\(pending\\|in_progress\\)"' status.json || break
  sleep 0.5
done
cat status.json
echo; echo ===
curl -sS "$API/products?skip=190&limit=10" -H "Authorization: Bearer $TOKEN"
echo; echo ===
curl -sS -o /dev/null -w '"%{http_code} %{redirect_url}"' "$API/docs"
"""


@pytest.fixture(scope="module")
def house(servers: TestServers, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An installation of its own, without an administrator, whose sandbox is the product API."""
    with (
        serve_product_api() as product_api,
        open_house(
            servers, settings, tmp_path_factory.mktemp("house"), {**FAST, "SANDBOX_URL": product_api.url}
        ) as opened,
    ):
        opened.start_pulse(wait=False)
        opened.start_worker("sync", wait=False)
        yield opened


def test_every_command_does_what_the_walkthrough_says(house: House, tmp_path: Path) -> None:
    address = house.start_api()
    walk = subprocess.run(
        ["bash", "-c", WALK],
        cwd=tmp_path,
        env={**os.environ, "API": address},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert walk.returncode == 0, walk.stderr

    registered, login, me, made, listed, started, status, after, docs = _answers(walk.stdout)
    assert (registered["email"], registered["role"]) == ("admin@example.com", "admin")
    assert login["token_type"] == "bearer"
    assert me == registered
    assert (made["name"], made["price"], made["category"]) == ("New Product", "99.99", "electronics")
    assert (listed["products"], listed["total"]) == ([made], 1)
    assert (started["status"], started["provider_type"]) == ("started", "dummyjson")
    assert (status["status"], status["task_id"]) == ("completed", started["task_id"]), status
    assert status["result"] == {"added": 194, "updated": 0, "total_processed": 194}
    assert (after["total"], len(after["products"]), after["skip"]) == (195, 5, 190)
    assert docs == f"308 {address}/api/docs"


def test_the_schedule_that_the_first_trigger_made_ticks_once_with_two_pulses(house: House) -> None:
    house.start_pulse()
    url = house.settings.database_url
    execute(url, "UPDATE schedules SET next_slot_at = now() - interval '5 hours'")

    runs: list[str] = []
    deadline = time.monotonic() + 60
    while runs != ["completed"] and time.monotonic() < deadline:
        time.sleep(0.3)
        runs = fetch(url, "SELECT status FROM jobs WHERE schedule_id IS NOT NULL")

    assert runs == ["completed"]
    (unchanged,) = fetch(url, "SELECT counters ->> 'unchanged' FROM jobs WHERE schedule_id IS NOT NULL")
    assert unchanged == "194"
    assert fetch(url, "SELECT (next_slot_at > now())::text FROM schedules") == ["true"]
    assert fetch(url, "SELECT count(*)::text FROM schedule_slots") == ["1"]


def _answers(printed: bytes) -> list[Any]:
    return [json.loads(part) for part in printed.decode().split("===\n")]
