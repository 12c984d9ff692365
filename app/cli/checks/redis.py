"""Checks of the given Redis: can it be reached, is it one a broker may live in."""

from collections.abc import Mapping

from redis import AuthenticationError, Redis, RedisError
from sqlalchemy.engine import make_url

from app.cli.checks.finding import Finding, fail, ok, warn
from app.core.config import Settings

OLDEST = (6, 2)
CONNECT_SECONDS = 5

RedisFacts = Mapping[str, object]


def gather(settings: Settings) -> RedisFacts:
    """What INFO says; hosted Redis often forbids CONFIG, none forbids INFO."""
    with Redis.from_url(
        settings.redis_url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
    ) as client:
        return {**client.info("server"), **client.info("memory"), **client.info("persistence")}


def unreachable(settings: Settings, error: RedisError) -> Finding:
    """Why Redis does not answer, in words that say what to do."""
    url = make_url(settings.redis_url)
    where = f"{url.host}:{url.port or 6379}"
    if isinstance(error, AuthenticationError):
        return fail("Redis", f"{where} wants another password; correct REDIS_URL (redis://:password@host:port/0)")
    return fail("Redis", f"{where} cannot be reached ({error}); start Redis or correct REDIS_URL")


def check_version(facts: RedisFacts) -> Finding:
    text = str(facts.get("redis_version", "0"))
    version = tuple(int(part) for part in text.split(".")[:2])
    if version < OLDEST:
        return fail("Redis", f"version {text} is too old; use 6.2 or newer")
    return ok("Redis", f"version {text}")


def check_eviction(facts: RedisFacts) -> Finding:
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return ok("Redis memory", "noeviction")
    return fail(
        "Redis memory",
        f"maxmemory-policy is {policy}, which drops queued work when memory is short; set it to noeviction",
    )


def check_persistence(facts: RedisFacts) -> Finding:
    if facts.get("aof_enabled"):
        return ok("Redis persistence", "append-only file")
    return warn(
        "Redis persistence",
        "no append-only file: after a restart queued work is sent again from PostgreSQL, late but not lost; "
        "set `appendonly yes` to avoid the delay",
    )
