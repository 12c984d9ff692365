"""The plain way: a Celery task, late acknowledged, that marks its row when it starts and when it ends.

`celery -A bench.jobs.plain worker`. One event loop and one connection for each child, like the engine's.
"""

import asyncio
import os
from typing import Any

import asyncpg
from celery import Celery, signals

NAME = "plain_noop"
TABLE = """
CREATE TABLE bench_plain_jobs (
  id uuid PRIMARY KEY, status text NOT NULL DEFAULT 'pending', params jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, completed_at timestamptz
) WITH (fillfactor = 70)
"""
INSERT = "INSERT INTO bench_plain_jobs (id) VALUES ($1)"
START = "UPDATE bench_plain_jobs SET status = 'running', started_at = now() WHERE id = $1"
END = "UPDATE bench_plain_jobs SET status = 'completed', completed_at = now() WHERE id = $1"

celery_app = Celery("plain", broker=os.environ.get("REDIS_URL"))
celery_app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_serializer="json",
    broker_connection_retry_on_startup=True,
    broker_transport_options={"global_keyprefix": "plain:"},
)

_loop: list[asyncio.Runner] = []
_connection: list[asyncpg.Connection] = []


def _open(**_: Any) -> None:
    _loop.append(asyncio.Runner())
    _connection.append(_loop[0].run(asyncpg.connect(os.environ["BENCH_DSN"])))


async def _run(job_id: str) -> None:
    await _connection[0].execute(START, job_id)
    await _connection[0].execute(END, job_id)


@celery_app.task(name=NAME)  # type: ignore[untyped-decorator]
def noop(job_id: str) -> None:
    _loop[0].run(_run(job_id))


signals.worker_process_init.connect(_open)
