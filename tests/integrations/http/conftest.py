"""A stage, and a client that may call it; pauses between tries are written down instead of waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from app.integrations.http import Client, Guard, Limits
from tests.integrations.http.stage import Stage
from tests.integrations.http.watched import Connects, watched


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
def pauses() -> list[float]:
    return []


MakeClient = Callable[..., Client]


@pytest.fixture
async def make_client(stage: Stage, pauses: list[float]) -> AsyncIterator[MakeClient]:
    async def note(seconds: float) -> None:
        pauses.append(seconds)

    async with AsyncExitStack() as stack:

        def make(guard: Guard | None = None, headers: dict[str, str] | None = None, **limits: float) -> Client:
            quick = {"connect": 0.5, "read": 0.3, "total": 2.0, **limits}
            client = Client(guard or Guard([stage.origin]), limits=Limits(**quick), headers=headers, sleep=note)
            stack.push_async_exit(client)
            return client

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()


@pytest.fixture
def connects() -> Iterator[Connects]:
    """Every connect that is tried meanwhile; those that would leave this machine are noted and fail."""
    with watched() as seen:
        yield seen
