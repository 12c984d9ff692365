"""The product's application with single layers left out, to see what each costs; BENCH_LAYERS names the variant.

Layers are left out by replacing what the product composes, before it composes; the product itself has no switch.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts.actor import Actor
from app.accounts.permissions import Role
from app.api import app as product
from app.api import middleware, v1
from app.api.declared import refuse_unknown_parameters
from app.api.limits import limit_caller
from app.core import logging, metrics
from app.core.config import get_settings
from app.core.database import Database
from app.products import reads
from app.products.schemas import ProductQuery

TENANT = int(os.environ["BENCH_TENANT"])
PATH = "/api/v1/products"


class _EverybodyIsTheOwner:
    """Stands where the authenticator stands and reads no token."""

    def __init__(self) -> None:
        nobody = UUID(int=0)
        self.actor = Actor(
            user_id=nobody, tenant_id=TENANT, role=Role.OWNER, is_admin=False, session_id=None, email="bench"
        )

    async def authenticate(self, _token: str) -> Actor:
        return self.actor


def without_authentication() -> ASGIApp:
    app = product.create_app()
    app.state.authenticator = _EverybodyIsTheOwner()
    return app


def without_limits() -> ASGIApp:
    v1.EVERY_ROUTE = (Depends(refuse_unknown_parameters),)  # type: ignore[misc, assignment]
    return product.create_app()


def without_parameter_check() -> ASGIApp:
    v1.EVERY_ROUTE = (Depends(limit_caller),)  # type: ignore[misc, assignment]
    return product.create_app()


def without_metrics() -> ASGIApp:
    metrics.observe_request = lambda *_: None
    return product.create_app()


def without_frame() -> ASGIApp:
    """No request id, no work context, no response headers of ours, no log line, no metrics."""
    whole = middleware.stack
    middleware.stack = lambda settings: whole(settings)[1:]
    return product.create_app()


def without_middleware() -> ASGIApp:
    middleware.stack = lambda settings: []  # noqa: ARG005 (its name is part of the type)
    return product.create_app()


def _lifespan(held: dict[str, Database]) -> Callable[[FastAPI], object]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        held["database"] = Database(get_settings())
        yield
        await held["database"].close()

    return lifespan


def route_alone() -> ASGIApp:
    """FastAPI with the product's query model and read, and nothing else."""
    held: dict[str, Database] = {}
    app = FastAPI(lifespan=_lifespan(held))  # type: ignore[arg-type]

    @app.get(PATH)
    async def list_products(request: Request) -> Response:
        query = ProductQuery.model_validate(dict(request.query_params))
        body = await reads.list_products(held["database"], TENANT, query)
        return Response(body, media_type="application/json")

    @app.get(PATH + "/{product_id}")
    async def get_product(product_id: UUID) -> Response:
        document = await reads.get_product(held["database"], TENANT, product_id)
        return Response(document.body, media_type="application/json", headers={"ETag": document.etag})

    return app


def read_alone() -> ASGIApp:
    """The product's read behind plain ASGI: no framework."""
    held: dict[str, Database] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with _lifespan(held)(None):  # type: ignore[arg-type, attr-defined]
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        request = Request(scope)
        product_id = scope["path"][len(PATH) + 1 :]
        if product_id:
            body = (await reads.get_product(held["database"], TENANT, UUID(product_id))).body
        else:
            query = ProductQuery(cursor=request.query_params.get("cursor"))
            body = await reads.list_products(held["database"], TENANT, query)
        await Response(body, media_type="application/json")(scope, receive, send)

    return app


VARIANTS: dict[str, Callable[[], ASGIApp]] = {
    "whole": product.create_app,
    "authentication": without_authentication,
    "limits": without_limits,
    "parameter-check": without_parameter_check,
    "metrics": without_metrics,
    "frame": without_frame,
    "middleware": without_middleware,
    "route-alone": route_alone,
    "read-alone": read_alone,
}


def make_app() -> ASGIApp:
    """The variant that the environment names."""
    logging.configure(get_settings())
    return VARIANTS[os.environ["BENCH_LAYERS"]]()
