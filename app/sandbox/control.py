"""The sandbox's own API under /_sandbox: faults, the ledger, the goods, and beginning anew. Behind a token."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import aliexpress, bigbuy
from app.sandbox.dummyjson.shop import Json
from app.sandbox.faults import FaultWanted
from app.sandbox.vendor import VendorDouble
from app.sandbox.window import RateLimit
from app.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]


class ResetWanted(BaseModel):
    """A world to begin anew; what is left out stays as it was."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = Field(default=None, ge=0)
    products: int | None = Field(default=None, ge=0, le=100_000)
    rate_limits: bool = Field(default=True, description="False: the vendors' rate limits are off.")


class DriftWanted(BaseModel):
    """How many products change price and stock, once."""

    model_config = ConfigDict(extra="forbid")

    amount: int = Field(default=10, ge=1, le=100_000)


class AdvanceWanted(BaseModel):
    """How far the sandbox's clock is put forward."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(gt=0, le=366 * 86_400)


class LimitWanted(BaseModel):
    """How many calls a vendor takes in how many seconds; null: as many as come."""

    model_config = ConfigDict(extra="forbid")

    calls: int | None = Field(ge=1, le=1_000_000)
    seconds: int = Field(default=1, ge=1, le=86_400)


class Control:
    """Routes over one world. Without a token set, nobody may steer it."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    def routes(self) -> list[BaseRoute]:
        """Everything below /_sandbox."""
        product = "/dummyjson/products/{product_id}"
        paid = self._world.aliexpress.steering()
        guarded: list[tuple[str, str, Handler]] = [
            ("GET", "/state", self.state),
            ("POST", "/reset", self.reset),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{number:int}", self.remove_fault),
            ("GET", "/calls", self.list_calls),
            ("DELETE", "/calls", self.clear_calls),
            ("POST", "/clock", self.advance),
            ("POST", "/{vendor}/drift", self.drift),
            ("PUT", "/{vendor}/limit", self.set_limit),
            ("PATCH", product, self.change_product),
            ("DELETE", product, self.remove_product),
            *((method, f"/{bigbuy.NAME}{path}", handler) for method, path, handler in self._world.bigbuy.steering()),
            *((method, f"/{aliexpress.NAME}{path}", handler) for method, path, handler in paid),
        ]
        return [
            Route("/health", self.health, methods=["GET"]),
            *(Route(path, self._guarded(handler), methods=[method]) for method, path, handler in guarded),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not self._token or not hmac.compare_digest(given.encode(), self._token.encode()):
                return JSONResponse({"message": "send the token of SANDBOX_TOKEN as a bearer token"}, 401)
            try:
                return await handler(request)
            except ValidationError as error:
                return JSONResponse({"message": "; ".join(_words(fact) for fact in error.errors())}, 422)

        return guarded

    async def health(self, _request: Request) -> Response:
        """Whether it serves."""
        return JSONResponse({"status": "ok"})

    async def state(self, _request: Request) -> Response:
        """What the world holds."""
        return JSONResponse(self._world.described())

    async def reset(self, request: Request) -> Response:
        """Goods as by the seed, no faults, an empty ledger."""
        wanted = ResetWanted.model_validate_json(await request.body() or b"{}")
        self._world.reset(seed=wanted.seed, products=wanted.products, rate_limits=wanted.rate_limits)
        return JSONResponse(self._world.described())

    async def list_faults(self, _request: Request) -> Response:
        """The faults that are set, with how often each hit."""
        return JSONResponse([fault.model_dump() for fault in self._world.faults.all])

    async def add_fault(self, request: Request) -> Response:
        """Set a fault."""
        fault = self._world.faults.add(FaultWanted.model_validate_json(await request.body()))
        return JSONResponse(fault.model_dump(), 201)

    async def clear_faults(self, _request: Request) -> Response:
        """Take all faults away; goods that shrank or drifted stay as they are."""
        self._world.faults.all.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        """Take one fault away."""
        if self._world.faults.remove(request.path_params["number"]):
            return Response(status_code=204)
        return JSONResponse({"message": "there is no fault of that number"}, 404)

    async def list_calls(self, request: Request) -> Response:
        """The ledger, in order; `vendor` and `after` (a number) narrow it."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return JSONResponse({"message": "`after` is the number of a call"}, 422)
        calls = self._world.ledger.of(request.query_params.get("vendor"), after=int(after))
        return JSONResponse([{**asdict(call), "at": call.at.isoformat()} for call in calls])

    async def clear_calls(self, _request: Request) -> Response:
        """Empty the ledger."""
        self._world.ledger.clear()
        return Response(status_code=204)

    async def advance(self, request: Request) -> Response:
        """Put the sandbox's clock forward."""
        wanted = AdvanceWanted.model_validate_json(await request.body())
        self._world.clock.advance(timedelta(seconds=wanted.seconds))
        return JSONResponse(self._world.described())

    async def drift(self, request: Request) -> Response:
        """Change price and stock of some of a vendor's goods, once."""
        wanted = DriftWanted.model_validate_json(await request.body() or b"{}")
        vendor = self._vendor(request)
        if vendor is None:
            return _no_vendor()
        vendor.drift(wanted.amount)
        return Response(status_code=204)

    async def set_limit(self, request: Request) -> Response:
        """Another rate limit for a vendor; counting begins anew."""
        wanted = LimitWanted.model_validate_json(await request.body())
        vendor = self._vendor(request)
        if vendor is None:
            return _no_vendor()
        vendor.limit = None if wanted.calls is None else RateLimit(wanted.calls, wanted.seconds)
        return Response(status_code=204)

    def _vendor(self, request: Request) -> VendorDouble | None:
        return self._world.vendors.get(request.path_params["vendor"])

    async def change_product(self, request: Request) -> Response:
        """Set fields of a product, whatever they are: a price of -5 is a test too."""
        product = self._product(request)
        if product is None:
            return JSONResponse({"message": "there is no such product"}, 404)
        changes = await request.json()
        if not isinstance(changes, dict):
            return JSONResponse({"message": "send the fields to set"}, 422)
        self._world.dummyjson.shop.change(product, changes)
        return JSONResponse(product)

    async def remove_product(self, request: Request) -> Response:
        """Take a product off the list."""
        product = self._product(request)
        if product is None:
            return JSONResponse({"message": "there is no such product"}, 404)
        self._world.dummyjson.shop.remove(product)
        return Response(status_code=204)

    def _product(self, request: Request) -> Json | None:
        return self._world.dummyjson.shop.find(request.path_params["product_id"])


def _no_vendor() -> Response:
    return JSONResponse({"message": "there is no such vendor here"}, 404)


def _words(fact: object) -> str:
    if not isinstance(fact, dict):
        return str(fact)
    place = ".".join(str(part) for part in fact["loc"]) or "the body"
    return f"{place}: {fact['msg']}"
