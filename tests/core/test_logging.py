"""Log lines: one chain for our events and those of libraries, names of the work in hand, and no secrets anywhere."""

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from app.core import context
from app.core import logging as app_logging
from app.core.config import Settings
from app.core.redaction import REDACTED, redact, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    app_logging.configure(Settings(_env_file=None, environment="test", log_format="json"), stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def events(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_writes_one_json_object_per_event(lines: io.StringIO) -> None:
    structlog.get_logger().info("products.imported", rows=3)
    (event,) = events(lines)
    assert event.items() >= {"event": "products.imported", "rows": 3, "level": "info", "process": "api"}.items()
    assert str(event["timestamp"]).endswith("Z")


def test_names_the_work_in_hand(lines: io.StringIO) -> None:
    with context.bound(request_id="abc", tenant_id=7):
        structlog.get_logger().info("inside")
        logging.getLogger("some.library").warning("inside too")
    structlog.get_logger().info("outside")
    inside, library, outside = events(lines)
    assert (inside["request_id"], inside["tenant_id"]) == ("abc", 7)
    assert (library["request_id"], library["logger"]) == ("abc", "some.library")
    assert "request_id" not in outside


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "celery", "celery.task", "sqlalchemy.engine"])
def test_routes_libraries_through_the_same_chain(lines: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("trouble with %s", "postgresql://user:hunter2@db/x")
    (event,) = events(lines)
    assert event["event"] == f"trouble with postgresql://{REDACTED}@db/x"


def test_leaves_the_access_log_of_uvicorn_out(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /")
    assert events(lines) == []


def test_drops_what_is_below_the_level(lines: io.StringIO) -> None:
    structlog.get_logger().debug("too small")
    assert events(lines) == []


def test_blots_secrets_out_of_exceptions(lines: io.StringIO) -> None:
    try:
        int(f"cannot connect to redis://:hunter2@cache with Bearer {JWT}")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed in a library")
    assert "hunter2" not in lines.getvalue()
    assert "eyJ" not in lines.getvalue()
    assert all("ValueError" in str(event["exception"]) for event in events(lines))


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "Authorization",
        "api_key",
        "apiKey",
        "access_token",
        "client_secret",
        "cookie",
        "jwt",
    ],
)
def test_blots_out_fields_named_like_secrets_at_any_depth(lines: io.StringIO, name: str) -> None:
    structlog.get_logger().info("event", **{name: "hunter2"}, nested={"a": [{name: "hunter2"}]})
    assert "hunter2" not in lines.getvalue()


def test_keeps_fields_that_only_sound_like_secrets() -> None:
    assert redact({"token_type": "bearer", "tokens_used": 5, "password": None}) == {
        "token_type": "bearer",
        "tokens_used": 5,
        "password": None,
    }


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        "Authorization: Bearer abcdefghijklmnop",
        "basic dXNlcjpodW50ZXIyaHVudGVyMg==",
        "amqps://user:hunter2hunter2@host/vhost",
        "https://api.example.com/?api_key=hunter2hunter2&x=1",
        '{"client_secret": "hunter2hunter2"}',
        "password=hunter2hunter2",
        "refresh_token: 'hunter2hunter2'",
        "sk_live_hunter2hunter2",
        "shpat_hunter2hunter2",
    ],
)
def test_blots_out_what_looks_like_a_secret(text: str) -> None:
    safe = redact_text(f"before {text} after")
    assert REDACTED in safe
    assert "hunter2" not in safe
    assert JWT not in safe
    assert safe.startswith("before ")
    assert safe.endswith(" after")


@pytest.mark.parametrize(
    "text",
    ["the basic plan", "a bearer of news", "https://example.com/a:b", "12:30 at example@example.com", "tokens: 5 used"],
)
def test_keeps_innocent_text(text: str) -> None:
    assert redact_text(text) == text


def test_is_quick_on_hostile_text() -> None:
    for text in ("a-" * 50_000, "secret" * 20_000, "x://" + ":" * 50_000, "eyJ" + "a." * 50_000):
        started = time.perf_counter()
        redact_text(text)
        assert time.perf_counter() - started < 0.5


def test_stops_at_a_depth() -> None:
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(50):
        inner["a"] = inner = {}
    assert "a" in str(redact(deep))
