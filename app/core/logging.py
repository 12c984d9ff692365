"""How every process logs: structlog, one line per event, JSON outside development, secrets blotted out on the way.

Loggers of libraries (uvicorn, celery, sqlalchemy) go the same way. Entrances call `configure` once.
"""

import logging
import sys
from typing import Any, Final, Protocol

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from app.core.config import Settings
from app.core.context import current
from app.core.redaction import REDACTED, is_denied, redact

OWN_FIELDS: Final = frozenset({"event", "level", "timestamp", "logger", "_record", "_from_structlog"})
QUIET_LOGGERS: Final = ("httpx", "httpcore", "botocore", "boto3", "urllib3", "asyncio", "s3transfer")


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


def configure(settings: Settings, *, process: str = "api", stream: Stream | None = None) -> None:
    """Route all logging of this process through one chain."""
    target = stream or sys.stderr
    as_console = settings.log_format == "console" or (
        settings.log_format == "auto" and settings.environment == "development"
    )
    chain = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_context(process),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    renderer: Any = structlog.dev.ConsoleRenderer(colors=_is_terminal(target)) if as_console else _render_json
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.WriteLoggerFactory(file=target),  # type: ignore[arg-type]
        cache_logger_on_first_use=settings.environment == "production",
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    _route_libraries(handler, settings.log_level)


def _route_libraries(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "celery", "celery.task", "celery.worker", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # We write our own access log; without handlers uvicorn does not even format its own.
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_context(process: str) -> Any:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        work = current()
        for name in ("request_id", "tenant_id", "user_id", "job_id"):
            value = getattr(work, name)
            if value is not None:
                event.setdefault(name, str(value) if name != "tenant_id" else value)
        return event

    return add


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last processor before rendering: no field, message or traceback carries a secret."""
    for name, value in event.items():
        if name not in OWN_FIELDS or name == "event":
            event[name] = REDACTED if is_denied(name) and value is not None else redact(value)
    return event


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()


def _is_terminal(stream: Stream) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())
