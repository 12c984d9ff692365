"""A product that works: API, pulse and worker as `python -m app run` starts them, and files that go in over the API."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import asyncpg
import httpx

from app.cli.children import api_child, pulse_child, worker_child
from app.sandbox.goods import write_simple_csv
from app.supervisor.ports import free_port
from bench.installation import Installation, Shop, running

HOST = "127.0.0.1"
POLL_SECONDS = 0.25
ENDED = ("completed", "failed", "cancelled", "waiting")


class ImportFailed(RuntimeError):
    """An import that was to be measured did not end well, or not with what was expected."""


@dataclass(frozen=True, slots=True)
class Product:
    """Where the product answers, and its worker's process."""

    base_url: str
    worker_pid: int


@dataclass(frozen=True, slots=True)
class Imported:
    """How long the job took from its start to its end, and what became of the rows."""

    seconds: float
    created: int
    updated: int
    unchanged: int


@contextmanager
def working_product(installation: Installation) -> Iterator[Product]:
    """Run the product for as long as the block lasts."""
    port = free_port()
    with ExitStack() as stack:
        environment = installation.environment
        stack.enter_context(running(pulse_child(environment), installation))
        worker = stack.enter_context(running(worker_child(environment, installation.settings), installation))
        stack.enter_context(running(api_child(environment, HOST, port), installation))
        yield Product(f"http://{HOST}:{port}", worker.pid)


def write_sheet(path: Path, rows: int) -> None:
    """A CSV file of one valid product per row."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        write_simple_csv(stream, rows=rows)


def write_changed_sheet(source: Path, path: Path) -> None:
    """The same goods, each with another title, price and stock."""
    with source.open(newline="", encoding="utf-8") as old, path.open("w", newline="", encoding="utf-8") as new:
        _change(old, new)


def _change(old: TextIO, new: TextIO) -> None:
    header = next(old)
    new.write(header)
    names = header.rstrip().split(",")
    title, price, stock = (names.index(name) for name in ("title", "price", "stock"))
    for line in old:
        cells = line.split(",")
        cells[title] += " II"
        # A little only: an import that moves many prices by much waits for a person.
        cells[price] = str(Decimal(cells[price]) + Decimal("0.01"))
        cells[stock] = str(int(cells[stock]) + 1)
        new.write(",".join(cells))


def import_file(
    installation: Installation, product: Product, shop: Shop, path: Path, watch: Callable[[], None] = lambda: None
) -> Imported:
    """Upload a file and wait for its job; `watch` is called again and again meanwhile."""
    with path.open("rb") as file:
        answer = httpx.post(
            f"{product.base_url}/api/v1/scraping/feed",
            files={"file": (path.name, file, "text/csv")},
            headers={"Authorization": shop.authorization},
            timeout=600,
        )
    if answer.status_code != httpx.codes.ACCEPTED:
        raise ImportFailed(answer.text)
    job_id = answer.headers["Location"].rpartition("/")[2]
    return asyncio.run(wait_for_job(installation.owner_dsn, job_id, watch))


async def wait_for_job(dsn: str, job_id: str, watch: Callable[[], None] = lambda: None) -> Imported:
    """Wait until a job has ended well; answers how long it took and its counters."""
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            row = await connection.fetchrow(
                "SELECT status, error_message, completed_at - started_at AS took, counters FROM jobs WHERE id = $1",
                job_id,
            )
            if row["status"] in ENDED:
                break
            watch()
            await asyncio.sleep(POLL_SECONDS)
        if row["status"] != "completed":
            raise ImportFailed(f"{row['status']}: {row['error_message']}")
        counters = await connection.fetchrow(
            "SELECT * FROM jsonb_to_record($1::jsonb) AS c (created int, updated int, unchanged int)", row["counters"]
        )
    finally:
        await connection.close()
    return Imported(row["took"].total_seconds(), *(counters[name] or 0 for name in ("created", "updated", "unchanged")))


def children_of(pid: int) -> list[int]:
    """The processes that a process has forked."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def peak_memory(pid: int) -> int:
    """The largest resident size that a process ever had, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
