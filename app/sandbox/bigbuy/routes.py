"""BigBuy over HTTP: who may ask, how often, and the catalogue. Orders and parcels are in order_routes.py."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from random import Random

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.core import clock
from app.sandbox.bigbuy import NAME
from app.sandbox.bigbuy.account import Account
from app.sandbox.bigbuy.catalogue import Catalogue
from app.sandbox.bigbuy.lists import LISTS, SINGLE_NAMES, find_single, language_of, within_taxonomy
from app.sandbox.bigbuy.order_routes import Orders
from app.sandbox.bigbuy.refusals import NO_PAGE, Refused, invalid, refusal_of, soft_error
from app.sandbox.bigbuy.steering import Steering
from app.sandbox.clock import SandboxClock
from app.sandbox.faults import Faults
from app.sandbox.window import RateLimit
from app.sandbox.wire import Said

KEY = "sandbox"
LONGEST_KEY = 64
# The vendor's real numbers are not known; only that they are low and count for each endpoint.
CALLS, SECONDS = 10, 10
Handler = Callable[[Request, Account], Awaitable[Response]]


class Vendor:
    """The vendor's routes over its accounts (one for each key), their rate limits, and the faults."""

    def __init__(self, *, seed: int, products: int, faults: Faults, clock: SandboxClock) -> None:
        self.faults = faults
        self.clock = clock
        self.catalogue = Catalogue(seed, products)
        self.reset(seed=seed, products=products, rate_limits=True)

    def reset(self, *, seed: int, products: int, rate_limits: bool) -> None:
        """Begin anew."""
        if (seed, products) != (self.catalogue.seed, self.catalogue.count):
            self.catalogue = Catalogue(seed, products)
        self.accounts: dict[str, Account] = {}
        self.limit: RateLimit | None = RateLimit(CALLS, SECONDS) if rate_limits else None

    def drift(self, amount: int) -> None:
        """Change price and stock of so many articles in each account."""
        self.account(KEY)
        for account in self.accounts.values():
            account.drift(amount, self.clock.now())

    def described(self) -> dict[str, object]:
        """What it holds, in numbers."""
        orders = {key: len(account.orders) for key, account in self.accounts.items()}
        return {"products": self.catalogue.count, "accounts": sorted(self.accounts), "orders": orders}

    def operation(self, _path: str, _query: str, _body: str) -> str:
        """Its paths say all."""
        return ""

    def refusal(self, status: int, path: str) -> Said:
        """Its words for a status."""
        return refusal_of(status, path, int(clock.now().timestamp()) + SECONDS)

    def soft_error(self, _path: str, hit: int) -> Said:
        """Its errors in a 200."""
        return soft_error(hit)

    def account(self, key: str) -> Account:
        """The account of a key, opened when it is first used."""
        if key not in self.accounts:
            draw = Random(f"{key} {self.catalogue.seed}")  # noqa: S311 - must repeat; nothing here is a secret
            self.accounts[key] = Account(self.catalogue, draw)
        return self.accounts[key]

    def steering(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """What the control can change in an account."""
        return Steering(self.account, self.clock).routes()

    def routes(self) -> list[BaseRoute]:
        """Everything below the vendor's prefix; what has no route is its 404."""
        orders = Orders(self.clock)
        reads: dict[str, Handler] = {f"/rest/catalog/{name}.json": partial(self.list_all, name) for name in LISTS}
        reads |= {f"/rest/catalog/{name}/{{key}}.json": partial(self.show, name) for name in SINGLE_NAMES}
        reads |= {"/rest/user/auth/status.json": self.auth_status, "/rest/user/purse.json": self.purse}
        reads |= orders.reads()
        routes = [Route(path, self._guarded(path, handler), methods=["GET"]) for path, handler in reads.items()]
        writes = orders.writes()
        routes += [Route(path, self._guarded(path, handler), methods=["POST"]) for path, handler in writes.items()]
        return [*routes, Route("/{path:path}", self._guarded("", _nothing_there), methods=["GET", "POST"])]

    def _guarded(self, path: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            key = _key_of(request.headers)
            local = request.url.path.removeprefix(f"/{NAME}")
            if key is None or self.faults.has_expired(NAME, request.method, local):
                said = refusal_of(401, local, 0)
                return Response(
                    said.body, 401, dict(_text(said.headers)) | {"www-authenticate": 'Bearer realm="Service"'}
                )
            if self.limit is not None:
                standing = self.limit.count(f"{key} {path}", clock.now().timestamp())
                if standing.exceeded:
                    said = refusal_of(429, local, int(clock.now().timestamp()) + standing.reset)
                    return Response(said.body, 429, dict(_text(said.headers)))
            try:
                return await handler(request, self.account(key))
            except Refused as refused:
                return JSONResponse(refused.body, refused.status)

        return guarded

    async def list_all(self, name: str, request: Request, account: Account) -> Response:
        """GET catalog/{name}: everything, or a page of it."""
        query = request.query_params
        language = language_of(query)
        first, size = _page(query)
        path = request.url.path.removeprefix(f"/{NAME}")
        loops, twice = False, 0
        for fault in self.faults.in_the_list(NAME, "GET", path):
            if fault.kind == "shrink":
                account.shrink(fault.amount)
            elif fault.kind == "drift":
                account.drift(fault.amount, self.clock.now())
            elif fault.kind == "repeat":
                first = 0
            elif fault.kind == "duplicate":
                twice = fault.amount
            else:
                loops = True
        items = LISTS[name](account, language)
        if query.get("parentTaxonomy", "").isdecimal():
            items = within_taxonomy(account, name, items, int(query["parentTaxonomy"]))
        items = items[:twice] + items
        if loops and items:
            first %= len(items)
        return JSONResponse(items[first : first + size] if size else items)

    async def show(self, name: str, request: Request, account: Account) -> Response:
        """GET catalog/{name}/{key}: one entry; nothing there is an empty 200 on some paths and a 404 on the others."""
        found = find_single(account, name, request.path_params["key"], language_of(request.query_params))
        if found is None:
            return Response(status_code=200) if name.startswith("productinformation") else JSONResponse(NO_PAGE, 404)
        return JSONResponse(found)

    async def auth_status(self, _request: Request, _account: Account) -> Response:
        """GET user/auth/status: whether the key opens the account."""
        return JSONResponse({"status": "OK"})

    async def purse(self, _request: Request, account: Account) -> Response:
        """GET user/purse: a bare number."""
        return JSONResponse(float(account.money_box))


async def _nothing_there(_request: Request, _account: Account) -> Response:
    return JSONResponse(NO_PAGE, 404)


def _key_of(headers: Mapping[str, str]) -> str | None:
    """The account's key: `sandbox` or `sandbox-…`; None for any other."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    known = key == KEY or (key.startswith(f"{KEY}-") and len(key) <= LONGEST_KEY)
    return key if known and scheme.lower() == "bearer" else None


def _page(query: Mapping[str, str]) -> tuple[int, int]:
    """Where a page begins and its size; size 0 is everything."""
    for name in ("page", "pageSize"):
        if not query.get(name, "0").isdecimal():
            raise invalid({name: {"errors": ["This value should be of type integer."]}})
    size = int(query.get("pageSize", "0"))
    return max(0, int(query.get("page", "1")) - 1) * size, size


def _text(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in headers]
