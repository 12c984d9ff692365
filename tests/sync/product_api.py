"""A product API as DummyJSON documents it, with the real products, that a test can change and make fail."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.shared import shared

Product = dict[str, Any]
Answer = Callable[[int], Response | None]


@dataclass
class ProductApi:
    """The API's goods, the calls it received, and what it answers instead (`fault`, by number of the call)."""

    products: list[Product]
    calls: list[str] = field(default_factory=list)
    fault: Answer | None = None
    url: str = ""
    is_answering: threading.Event = field(default_factory=threading.Event)

    async def answer(self, request: Request) -> Response:
        """GET /dummyjson/products?limit&skip, the path under which the sandbox has it."""
        self.calls.append(str(request.url.query))
        await asyncio.to_thread(self.is_answering.wait)
        if self.fault is not None and (instead := self.fault(len(self.calls))) is not None:
            return instead
        limit, skip = int(request.query_params.get("limit", 30)), int(request.query_params.get("skip", 0))
        shown = self.products[skip : skip + limit] if limit else self.products[skip:]
        page = {"products": shown, "total": len(self.products), "skip": skip, "limit": len(shown)}
        return JSONResponse(page)


@contextmanager
def serve_product_api() -> Iterator[ProductApi]:
    """The API on a free port of this machine, from a thread of its own."""
    api = ProductApi(json.loads(shared("data/dummyjson/products.json").read_text()))
    app = Starlette(routes=[Route("/dummyjson/products", api.answer)])
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, log_level="critical"))
    api.is_answering.set()
    listening = socket.create_server(("127.0.0.1", 0))
    api.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield api
    finally:
        api.is_answering.set()
        server.should_exit = True
        thread.join(10)
