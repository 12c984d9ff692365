"""The processes of the application: what starts each, how it ends, and how we know that it is ready."""

import signal
import sys
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException

from app.cli.environment import ROOT
from app.core.config import Settings
from app.supervisor.child import Child

QUEUES = ("sync", "scraping", "import", "orders", "ai", "webhooks", "images", "listings", "maintenance")
FIRST_SERVER_ERROR = 500
# Who runs the product by hand wants his prompt back soon; an interrupted job goes on at the next start.
STOP_SECONDS = 3


def migrate_child(environment: Mapping[str, str]) -> Child:
    """Brings shared tables, template and tenants to the newest revision, then ends; the next one does what is left."""
    return _python("migrate", ["-m", "app", "migrate", "--tenants"], environment)


def api_child(environment: Mapping[str, str], host: str, port: int) -> Child:
    """The API. It closes open streams after a few seconds, clients of live events reconnect by themselves."""
    command = ["-m", "uvicorn", "main:app", "--host", host, "--port", str(port)]
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers"]
    options += ["--timeout-graceful-shutdown", str(STOP_SECONDS)]
    return _python(
        "api", command + options, environment, is_ready=lambda _pid: is_serving(host, port), ready_seconds=60
    )


def pulse_child(environment: Mapping[str, str]) -> Child:
    """The outbox relay, sweeper and schedule tick."""
    return _python("pulse", ["-m", "app", "pulse"], environment)


def worker_child(environment: Mapping[str, str], settings: Settings) -> Child:
    """The worker of every queue. SIGQUIT is Celery's soft shutdown: jobs get their time, then are handed back.

    Celery sleeps through the whole of that time when a task runs, so here it is short unless the settings say it.
    """
    patience = settings.worker_soft_shutdown_seconds
    if "worker_soft_shutdown_seconds" not in settings.model_fields_set:
        patience = float(STOP_SECONDS)
        environment = {**environment, "WORKER_SOFT_SHUTDOWN_SECONDS": str(patience)}
    command = ["-m", "celery", "-A", "app.worker", "worker", "-n", "worker@%h", "-Q", ",".join(QUEUES), "-c", "2"]
    options = ["--loglevel", settings.log_level, "--without-gossip", "--without-mingle"]
    return _python(
        "worker",
        command + options,
        environment,
        stop_signal=signal.SIGQUIT,
        stop_seconds=patience + 3,
    )


def flower_child(environment: Mapping[str, str], port: int) -> Child:
    """Flower, on loopback only: it has no accounts."""
    command = ["-m", "celery", "-A", "app.worker", "flower", "--address=127.0.0.1", f"--port={port}"]
    return _python("flower", command, environment)


def sandbox_child(environment: Mapping[str, str]) -> Child:
    """The double of the vendors, on loopback only."""
    return _python("sandbox", ["-m", "app", "sandbox"], environment)


def is_serving(host: str, port: int) -> bool:
    """Whether the API answers `/ready` with anything but a server error."""
    connection = HTTPConnection("127.0.0.1" if host in {"0.0.0.0", ""} else host, port, timeout=2)  # noqa: S104 - compared
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status < FIRST_SERVER_ERROR
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _python(
    name: str,
    arguments: list[str],
    environment: Mapping[str, str],
    *,
    is_ready: Callable[[int], bool] = lambda _pid: True,
    ready_seconds: float = 30,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_seconds: float = 10,
) -> Child:
    return Child(
        name=name,
        command=[sys.executable, *arguments],
        environment=environment,
        directory=ROOT,
        is_ready=is_ready,
        ready_seconds=ready_seconds,
        stop_signal=stop_signal,
        stop_seconds=stop_seconds,
    )
