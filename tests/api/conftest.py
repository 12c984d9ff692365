"""An application with routes that misbehave on purpose, beside the real ones."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from app.accounts.dependencies import TenantSession, get_resources, public
from app.accounts.idempotent import Idempotent
from app.api import v1
from app.api.app import create_app
from app.core import logging as app_logging
from app.core.config import Settings
from app.core.errors import Conflict, FieldError
from app.core.pagination import Page, PageQuery, make_page, wants_total
from app.core.text import CleanStr

SECRET = "hunter2-hunter2"


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: CleanStr
    size: float = 1


class ThingQuery(PageQuery):
    q: CleanStr | None = None


class ThingTaken(Conflict):
    """Only in tests."""

    code, title = "thing_taken", "This thing is taken"


router = APIRouter(prefix="/things", tags=["things"])


@router.get("")
@public
async def list_things(query: Annotated[ThingQuery, Query()]) -> Page[str]:
    return make_page([query.q or "", query.sort or ""], None, query, 2 if wants_total(query) else None)


@router.post("")
@public
async def make_thing(body: Thing) -> Thing:
    return body


@router.get("/taken")
@public
async def take_thing() -> None:
    errors = [FieldError(("body", "name"), "is taken", "taken")]
    raise ThingTaken("The name is taken.", errors=errors, headers={"X-Why": "because"}, extra={"holder": 7})


@router.get("/broken")
@public
async def break_thing() -> None:
    raise RuntimeError(f"SELECT * FROM secrets WHERE password={SECRET}")


@router.get("/streamed")
@public
async def stream_thing() -> StreamingResponse:
    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000

    return StreamingResponse(forever())


@router.get("/database")
@public
async def ask_database(request: Request, statement: str) -> None:
    async with get_resources(request).database.session() as session:
        await session.execute(text(statement))


@router.post("/once")
async def make_thing_once(body: Thing, idempotency: Idempotent, session: TenantSession) -> Response:
    await session.execute(text("SELECT 1"))
    return await idempotency.remember(session, 201, {"name": body.name}, {"Location": "/things/1"})


@router.post("/secret")
async def make_secret(body: Thing, idempotency: Idempotent, session: TenantSession) -> Thing:
    return body


@contextmanager
def logging_to(stream: io.StringIO) -> Iterator[io.StringIO]:
    """All log lines as JSON in a text of the test's own; what was configured before comes back."""
    root = logging.getLogger()
    before = structlog.get_config(), root.handlers[:], root.level
    app_logging.configure(Settings(_env_file=None, environment="test", log_format="json"), stream=stream)
    yield stream
    structlog.configure(**before[0])
    root.handlers[:] = before[1]
    root.setLevel(before[2])


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """What is logged during one test."""
    with logging_to(io.StringIO()) as stream:
        yield stream


@asynccontextmanager
async def open_client(
    settings: Settings, *, client: tuple[str, int] = ("127.0.0.1", 50000)
) -> AsyncIterator[httpx.AsyncClient]:
    """The application with the routes above, for settings of a test's own."""
    app: FastAPI = create_app(settings)
    app.include_router(router, prefix=v1.BASE, dependencies=v1.EVERY_ROUTE)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as made:
            yield made


@pytest.fixture(scope="session")
async def probe(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application with the routes above, with the settings of the suite."""
    async with open_client(settings) as client:
        yield client


def changed(settings: Settings, **changes: object) -> Settings:
    """The suite's settings with some changed."""
    return settings.model_copy(update=changes)
