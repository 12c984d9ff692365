"""Imports by real workers that are killed in the middle: every row lands once, and progress never goes back."""

import io
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.core.config import Settings
from app.core.ids import new_id
from app.sandbox import goods
from tests.conftest import PASSWORD
from tests.support.house import House, Running, open_house
from tests.support.servers import TestServers

pytestmark = [pytest.mark.processes, pytest.mark.own_server]

ROWS = 1600
SEAMS = (
    "import_page_staged:2",
    "import_settled",
    "import_judged",
    "import_batch_written:2",
    "before_checkpoint:4",
    "before_finish",
)
FINAL = {"completed", "failed", "cancelled"}
Json = dict[str, Any]


@dataclass(slots=True)
class Shop:
    """A seller of a live installation."""

    house: House
    client: httpx.Client

    def upload(self, seed: int) -> str:
        """Upload a feed of ROWS products that no other seed makes; answers the job's address."""
        sheet = io.StringIO(newline="")
        goods.write_simple_csv(sheet, rows=ROWS, seed=seed)
        content = sheet.getvalue().encode()
        answer = self.client.post(
            "/api/v1/scraping/feed", files={"file": ("feed.csv", content)}, data={"source": f"feed {seed}"}
        )
        assert answer.status_code == 202, answer.text
        return answer.headers["location"]

    def job(self, address: str) -> Json:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def total(self) -> int:
        """How many products the seller has."""
        return self.client.get("/api/v1/products", params={"limit": 1, "include_total": True}).json()["total"]


@pytest.fixture
def shop(servers: TestServers, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A registered seller, a pulse, and no worker yet."""
    with open_house(servers, settings, tmp_path_factory.mktemp("shop")) as house:
        house.start_pulse(wait=False)
        with httpx.Client(base_url=house.start_api(), timeout=30) as client:
            body = {"email": f"{new_id()}@example.com", "password": PASSWORD}
            answer = client.post("/api/v1/auth/register", json=body)
            assert answer.status_code == 201, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield Shop(house, client)


def wait_until_killed(worker: Running) -> None:
    worker.process.wait(90)
    assert worker.process.returncode == -signal.SIGKILL, worker.output()[-2000:]


def test_imports_whose_workers_are_killed_at_six_seams_bring_each_row_in_once(shop: Shop) -> None:
    jobs = [shop.upload(seed) for seed in range(1, 1 + len(SEAMS))]
    reached = dict.fromkeys(jobs, 0.0)

    def watch() -> list[Json]:
        seen = [shop.job(address) for address in jobs]
        for address, job in zip(jobs, seen, strict=True):
            assert job["progress_percent"] >= reached[address]
            reached[address] = job["progress_percent"]
        return seen

    # Workers one after another, each of which dies at its seam of whatever import it has come to.
    for seam in SEAMS:
        wait_until_killed(
            shop.house.start_worker("import", fault_at=f"{seam}{':1' * (':' not in seam)}:group", wait=False)
        )
        watch()
    shop.house.start_worker("import", concurrency=2, wait=False)

    for _ in range(1200):
        seen = watch()
        if all(job["status"] in FINAL for job in seen):
            break
        time.sleep(0.1)
    assert [(job["status"], job["outcome"]) for job in seen] == [("completed", "ok")] * len(jobs)
    for job in seen:
        assert (job["items_processed"], job["items_failed"]) == (ROWS, 0)
        assert (job["result"]["created"], job["result"]["rejected"], job["result"]["updated"]) == (ROWS, 0, 0)
    assert shop.total() == ROWS * len(jobs)
    assert sum(job["attempt"] - 1 for job in seen) >= len(SEAMS)


def test_an_import_stands_still_within_five_seconds_of_its_cancel(shop: Shop) -> None:
    worker = shop.house.start_worker("import", wait=True)
    address = shop.upload(seed=1)
    for _ in range(300):
        if shop.job(address)["items_processed"] > 0:
            break
        time.sleep(0.05)

    shop.client.post(f"{address}/cancel").raise_for_status()

    for _ in range(50):
        job = shop.job(address)
        if job["status"] in FINAL:
            break
        time.sleep(0.1)
    assert job["status"] == "cancelled"
    before = shop.total()
    time.sleep(1.0)
    assert shop.total() == before
    assert worker.process.poll() is None
