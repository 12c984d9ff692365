"""Prometheus metrics of this process, or of all web workers together.

Several uvicorn workers share a directory of memory-mapped counts; prometheus_client decides that at its import, so the
directory is named before it.
"""

import multiprocessing
import os
import shutil
from pathlib import Path

from app.core.config import get_settings

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


def _name_directory() -> None:
    if MULTIPROCESS in os.environ or multiprocessing.parent_process() is None:
        return
    # One directory per run: the parent's pid is shared by its workers, and counts of an earlier run are not ours.
    root = Path(get_settings().data_dir).resolve() / "metrics"
    mine = root / str(os.getppid())
    mine.mkdir(parents=True, exist_ok=True)
    for old in root.iterdir():
        if old != mine and not Path("/proc", old.name).exists():
            shutil.rmtree(old, ignore_errors=True)
    os.environ[MULTIPROCESS] = str(mine)


_name_directory()

from prometheus_client import (  # noqa: E402 (see above)
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

CONTENT_TYPE = CONTENT_TYPE_LATEST
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_requests = Counter("crossdock_requests", "Answered requests.", ("operation", "method", "status"))
_seconds = Histogram("crossdock_request_seconds", "Time to answer.", ("operation",), buckets=BUCKETS)
_request_series: dict[tuple[str, str, int], Counter] = {}
_second_series: dict[str, Histogram] = {}


def observe_request(operation: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    if method not in METHODS:
        method = "other"  # a client must not be able to make series
    key = (operation, method, status)
    count = _request_series.get(key)
    if count is None:
        count = _request_series[key] = _requests.labels(operation, method, str(status))
        _second_series.setdefault(operation, _seconds.labels(operation))
    count.inc()
    _second_series[operation].observe(seconds)


def render() -> bytes:
    """All metrics in Prometheus' text format."""
    if MULTIPROCESS not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
