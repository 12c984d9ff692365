"""DummyJSON over HTTP: paths, parameters, statuses and words as documented. Writes are simulated, as there."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.core import clock
from app.sandbox.dummyjson import NAME, logins
from app.sandbox.dummyjson.listing import Refused, listed, read_parameters, selected
from app.sandbox.dummyjson.shop import Json, Shop
from app.sandbox.faults import Faults
from app.sandbox.window import RateLimit, Standing
from app.sandbox.wire import Said

PREFIX = f"/{NAME}"
TOO_MANY: Json = {"message": "request limit exceeded, please wait a few seconds"}
MOST_DELAY_MS = 5000
Handler = Callable[[Request], Awaitable[Response]]


class Vendor:
    """The vendor's routes over a shop, its faults and its rate limit (100 calls in 10 s for each address)."""

    def __init__(self, shop: Shop, faults: Faults) -> None:
        self.shop = shop
        self.faults = faults
        self.limit: RateLimit | None = RateLimit(100, 10)

    def reset(self, *, seed: int, products: int, rate_limits: bool) -> None:
        """Begin anew."""
        self.shop = Shop(products, seed)
        self.limit = RateLimit(100, 10) if rate_limits else None

    def drift(self, amount: int) -> None:
        """Change price and stock of some products, once."""
        self.shop.drift(amount)

    def described(self) -> dict[str, object]:
        """What it holds, in numbers."""
        return {"products": len(self.shop.products)}

    def operation(self, _path: str, _query: str, _body: str) -> str:
        """Its paths say all."""
        return ""

    def refusal(self, status: int, _path: str) -> Said:
        """Its words for a status."""
        return Said(status, json.dumps(TOO_MANY if status == 429 else {"message": "a fault of the sandbox"}).encode())

    def soft_error(self, path: str, _hit: int) -> Said:
        """It knows no errors in a 200."""
        return self.refusal(500, path)

    def routes(self) -> list[BaseRoute]:
        """Everything below the vendor's prefix; what has no route is its 404."""
        resource: dict[str, Handler] = {
            "/products": self.list_products,
            "/products/search": self.search,
            "/products/add": self.add,
        }
        resource["/products/categories"] = self.categories
        resource["/products/category-list"] = self.category_list
        resource |= {"/products/category/{slug}": self.list_category, "/products/{product_id}": self.one_product}
        aliases = {path.replace("/products", "/product", 1): handler for path, handler in resource.items()}
        other: dict[str, Handler] = {"/auth/login": self.login, "/auth/me": self.me, "/auth/refresh": self.refresh}
        other |= {"/http/{code}": self.any_status, "/http/{code}/{words}": self.any_status}
        other |= {"/ip": self.ip, "/test": self.test}
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        every = {**resource, **aliases, **other, "/{path:path}": self.nothing_there}
        return [Route(path, self._guarded(handler), methods=methods) for path, handler in every.items()]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            standing = self._count(request)
            if standing and standing.exceeded:
                return JSONResponse(TOO_MANY, 429, headers=_limit_headers(standing))
            path = request.url.path
            if path.endswith("/") and path != f"{PREFIX}/":
                target = path.rstrip("/") + (f"?{request.url.query}" if request.url.query else "")
                return RedirectResponse(target, 301)
            try:
                answer = await handler(request)
            except Refused as refused:
                answer = JSONResponse({"message": str(refused)}, 400)
            answer.headers.update(_limit_headers(standing) if standing else {})
            return answer

        return guarded

    def _count(self, request: Request) -> Standing | None:
        caller = request.client.host if request.client else "unknown"
        return self.limit.count(caller, time.monotonic()) if self.limit else None

    async def list_products(self, request: Request) -> Response:
        """GET /products."""
        return await self._list(request, lambda _product: True)

    async def search(self, request: Request) -> Response:
        """GET /products/search?q=: in title and description, whatever the case."""
        words = request.query_params.get("q", "").replace("-", " ").lower()
        return await self._list(request, lambda item: words in f"{item['title']}\n{item['description']}".lower())

    async def list_category(self, request: Request) -> Response:
        """GET /products/category/{slug}; an unknown slug is an empty list."""
        slug = request.path_params["slug"]
        return await self._list(request, lambda item: item["category"] == slug)

    async def _list(self, request: Request, wanted: Callable[[Json], bool]) -> Response:
        query = dict(request.query_params)
        parameters = read_parameters(query)
        path = request.url.path.removeprefix(PREFIX)
        twice = 0
        for fault in self.faults.in_the_list(NAME, request.method, path):
            if fault.kind == "shrink":
                self.shop.shrink(fault.amount)
            elif fault.kind == "drift":
                self.shop.drift(fault.amount)
            elif fault.kind == "repeat":
                query["skip"] = "0"
            elif fault.kind == "duplicate":
                twice = fault.amount
            elif fault.kind == "loop" and self.shop.products:
                query["skip"] = str(parameters.skip % len(self.shop.products))
        await _delay(query)
        found = [item for item in self.shop.products if wanted(item)]
        return JSONResponse({**listed(found[:twice] + found, read_parameters(query)), "skip": parameters.skip})

    async def one_product(self, request: Request) -> Response:
        """GET /products/{id}; PUT, PATCH and DELETE answer what would be and store nothing."""
        product_id = request.path_params["product_id"]
        product = self.shop.find(product_id)
        if product is None:
            return JSONResponse({"message": f"Product with id '{product_id}' not found"}, 404)
        if request.method in {"PUT", "PATCH"}:
            return JSONResponse(_subset({**product, **await _sent(request), "id": product["id"]}))
        if request.method == "DELETE":
            return JSONResponse({**_subset(product), "isDeleted": True, "deletedOn": clock.now().isoformat()})
        await _delay(request.query_params)
        return JSONResponse(selected(product, read_parameters(request.query_params).select))

    async def add(self, request: Request) -> Response:
        """POST /products/add: 201 with the next id; nothing is stored."""
        highest = max((int(str(item["id"])) for item in self.shop.products), default=0)
        return JSONResponse({"id": highest + 1, **_subset(await _sent(request))}, 201)

    async def categories(self, _request: Request) -> Response:
        """GET /products/categories."""
        return JSONResponse(
            [
                {
                    "slug": slug,
                    "name": slug.replace("-", " ").title(),
                    "url": f"https://dummyjson.com/products/category/{slug}",
                }
                for slug in self.shop.categories()
            ]
        )

    async def category_list(self, _request: Request) -> Response:
        """GET /products/category-list."""
        return JSONResponse(self.shop.categories())

    async def login(self, request: Request) -> Response:
        """POST /auth/login {username, password, expiresInMins}."""
        sent = await _sent(request)
        if (sent.get("username"), sent.get("password")) != (logins.USER["username"], logins.PASSWORD):
            return JSONResponse({"message": "Invalid credentials"}, 400)
        return JSONResponse({**logins.USER, **_tokens(sent)})

    async def refresh(self, request: Request) -> Response:
        """POST /auth/refresh {refreshToken, expiresInMins}."""
        sent = await _sent(request)
        token = str(sent.get("refreshToken") or request.cookies.get("refreshToken") or "")
        if not token:
            return JSONResponse({"message": "Refresh token required"}, 401)
        if logins.holder_of(token, "refresh", clock.now()) is None:
            return JSONResponse({"message": "Invalid refresh token"}, 403)
        return JSONResponse(_tokens(sent))

    async def me(self, request: Request) -> Response:
        """GET /auth/me with a bearer token."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            return JSONResponse({"message": "Access Token is required"}, 401)
        if logins.holder_of(token, "access", clock.now()) is None:
            return JSONResponse({"message": "Invalid/Expired Token!"}, 401)
        return JSONResponse(logins.USER)

    async def any_status(self, request: Request) -> Response:
        """GET /http/{code}/{words}: that status."""
        code = request.path_params["code"]
        if not (code.isdecimal() and len(code) == 3 and "200" <= code <= "599"):
            return JSONResponse({"message": "Invalid status code"}, 400)
        words = request.path_params.get("words")
        return JSONResponse({"status": code, "message": words or _phrase(int(code))}, int(code))

    async def ip(self, request: Request) -> Response:
        """GET /ip: who asks."""
        address = request.client.host if request.client else ""
        return JSONResponse({"ip": address, "userAgent": request.headers.get("user-agent", "")})

    async def test(self, request: Request) -> Response:
        """GET /test: whether it is there."""
        return JSONResponse({"status": "ok", "method": request.method})

    async def nothing_there(self, _request: Request) -> Response:
        """Any other path."""
        return JSONResponse({"message": "Not Found"}, 404)


def _limit_headers(standing: Standing) -> dict[str, str]:
    """What express-rate-limit says (draft 6 of the standard)."""
    headers = {
        "RateLimit-Policy": f"{standing.limit};w={standing.seconds}",
        "RateLimit-Limit": str(standing.limit),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(standing.reset),
    }
    return headers | ({"Retry-After": str(standing.reset)} if standing.exceeded else {})


async def _delay(query: Mapping[str, str]) -> None:
    text = query.get("delay", "")
    if text:
        if not text.isdecimal() or int(text) > MOST_DELAY_MS:
            raise Refused(f"Invalid 'delay' - must be a number from 0 to {MOST_DELAY_MS}")
        await asyncio.sleep(int(text) / 1000)


async def _sent(request: Request) -> Json:
    try:
        value = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise Refused("Invalid JSON") from None
    return value if isinstance(value, dict) else {}


def _subset(product: Json) -> Json:
    """The fields that simulated answers hold."""
    names = (
        *("id", "title", "price", "discountPercentage", "stock", "rating", "images", "thumbnail", "description"),
        *("brand", "category"),
    )
    return {name: product[name] for name in names if name in product}


def _tokens(sent: Json) -> Json:
    asked = sent.get("expiresInMins")
    minutes = asked if isinstance(asked, int) and 0 < asked <= logins.MAX_MINUTES else logins.DEFAULT_MINUTES
    now = clock.now()
    return {
        "accessToken": logins.new_token("access", minutes, now),
        "refreshToken": logins.new_token("refresh", logins.MAX_MINUTES, now),
    }


def _phrase(code: int) -> str:
    return HTTPStatus(code).phrase if code in set(HTTPStatus) else "Unknown"
