"""What machines ask at the root: is the process alive, are its servers there, what is it, how does it do."""

import hmac
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import text

from app.accounts.dependencies import get_resources, public
from app.api.errors import DatabaseAway
from app.api.version import VERSION
from app.core import metrics
from app.core.errors import NotFound, Unavailable
from app.core.problems import problems
from app.core.resources import Resources

router = APIRouter(tags=["system"])


class RedisAway(Unavailable):
    """Redis does not answer. Only /health/redis says so: everything else goes on without it."""

    code, title = "redis_away", "Redis does not answer"


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    status: Literal["ready", "degraded"]
    database: Literal["ok"] = "ok"
    redis: Literal["ok", "away"]


class Info(BaseModel):
    name: str
    version: str
    environment: str
    documentation: str = "/api/docs"


@router.get("/health")
@public
async def get_health() -> Health:
    """The process is alive. Touches no server."""
    return Health()


@router.get("/health/db", responses=problems(DatabaseAway))
@public
async def get_database_health(request: Request) -> Health:
    """The database answers."""
    await _ask_database(get_resources(request))
    return Health()


@router.get("/health/redis", responses=problems(RedisAway))
@public
async def get_redis_health(request: Request) -> Health:
    """Redis answers."""
    if not await _redis_answers(get_resources(request)):
        raise RedisAway
    return Health()


@router.get("/ready", responses=problems(DatabaseAway))
@public
async def get_readiness(request: Request) -> Readiness:
    """Requests can be served: `degraded` without Redis, 503 without the database."""
    resources = get_resources(request)
    await _ask_database(resources)
    if await _redis_answers(resources):
        return Readiness(status="ready", redis="ok")
    return Readiness(status="degraded", redis="away")


@router.get("/info")
@public
async def get_info(request: Request) -> Info:
    """What runs here."""
    settings = get_resources(request).settings
    return Info(name=settings.project_name, version=VERSION, environment=settings.environment)


@router.get("/metrics", include_in_schema=False)
@public
async def get_metrics(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Prometheus metrics; with METRICS_TOKEN set, and always in production, only for its bearer."""
    settings = get_resources(request).settings
    token = settings.metrics_token.get_secret_value()
    if token or settings.is_production:
        expected = f"Bearer {token}".encode()
        if not token or not hmac.compare_digest(authorization.encode(), expected):
            raise NotFound  # nobody else needs to know that there is something
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


async def _ask_database(resources: Resources) -> None:
    async with resources.database.read() as connection:
        await connection.execute(text("SELECT 1"))


async def _redis_answers(resources: Resources) -> bool:
    answered: bool = await resources.redis.guarded(lambda redis: redis.ping(), False)
    return answered
