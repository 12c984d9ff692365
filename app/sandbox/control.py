"""The sandbox's own API under /_sandbox: faults, the ledger, the goods, and beginning anew. Behind a token."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.dummyjson.shop import Json
from app.sandbox.faults import FaultWanted
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


class Control:
    """Routes over one world. Without a token set, nobody may steer it."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    def routes(self) -> list[BaseRoute]:
        """Everything below /_sandbox."""
        product = "/dummyjson/products/{product_id}"
        guarded: list[tuple[str, str, Handler]] = [
            ("GET", "/state", self.state),
            ("POST", "/reset", self.reset),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{number:int}", self.remove_fault),
            ("GET", "/calls", self.list_calls),
            ("DELETE", "/calls", self.clear_calls),
            ("POST", "/dummyjson/drift", self.drift),
            ("PATCH", product, self.change_product),
            ("DELETE", product, self.remove_product),
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

    async def drift(self, request: Request) -> Response:
        """Change price and stock of some products, once."""
        wanted = DriftWanted.model_validate_json(await request.body() or b"{}")
        self._world.dummyjson.shop.drift(wanted.amount)
        return Response(status_code=204)

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


def _words(fact: object) -> str:
    if not isinstance(fact, dict):
        return str(fact)
    place = ".".join(str(part) for part in fact["loc"]) or "the body"
    return f"{place}: {fact['msg']}"
