"""The sandbox as tests use it: served over a real socket by a thread of its own, begun anew for each test."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from pydantic import SecretStr

from app.core.config import Settings
from app.sandbox.faults import FaultWanted
from app.sandbox.ledger import Call
from app.sandbox.server import create_app
from app.sandbox.world import World

TOKEN = "the token of the sandbox under test"
GOODS = 250


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: its address, its world, and the settings of an installation that may call it."""

    url: str
    world: World

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}

    def settings(self, **values: object) -> Settings:
        """Settings that lead to it, with short patience."""
        quick = {"outbound_read_seconds": 0.4, "outbound_total_seconds": 4.0, "outbound_tries": 2}
        return Settings(_env_file=None, sandbox_url=self.url, **{**quick, **values})

    def fault(self, kind: str, **values: object) -> None:
        """Set a fault."""
        self.world.faults.add(FaultWanted.model_validate({"kind": kind, **values}))

    def calls(self, vendor: str) -> list[Call]:
        """The ledger's calls of a vendor."""
        return list(self.world.ledger.of(vendor))


@pytest.fixture(scope="session")
def _served_sandbox() -> Iterator[Sandbox]:
    world = World(seed=1, products=GOODS)
    app = create_app(Settings(_env_file=None, sandbox_token=SecretStr(TOKEN)), world=world)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="off",
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=_serve, args=(server, listening), daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the sandbox does not start"
            time.sleep(0.01)
        yield Sandbox(f"http://127.0.0.1:{listening.getsockname()[1]}", world)
        server.should_exit = True
        thread.join(10)


def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listening]))


@pytest.fixture
def sandbox(_served_sandbox: Sandbox) -> Sandbox:
    """A sandbox with the goods of the seed, no faults, an empty ledger, and no rate limits."""
    _served_sandbox.world.reset(seed=1, products=GOODS, rate_limits=False)
    return _served_sandbox
