"""AliExpress over HTTP: the method gateway /sync, the token paths below /rest, and the page of consent."""

import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.core import clock
from app.core.ids import new_id
from app.sandbox.aliexpress import NAME
from app.sandbox.aliexpress.ordering import (
    FIRST_ORDER,
    Account,
    create_answer,
    freight_answer,
    order_answer,
    tracking_answer,
)
from app.sandbox.aliexpress.shop import Shop
from app.sandbox.aliexpress.showing import (
    categories_answer,
    feed_answer,
    feed_names_answer,
    feeds,
    number_of,
    product_answer,
    search_answer,
)
from app.sandbox.aliexpress.signing import is_signed
from app.sandbox.aliexpress.tokens import Issued, Tokens
from app.sandbox.aliexpress.wrapping import shaped
from app.sandbox.clock import SandboxClock
from app.sandbox.faults import Faults
from app.sandbox.window import RateLimit
from app.sandbox.wire import Said

Json = dict[str, object]
APP_KEY, APP_SECRET = "sandbox", "sandbox-secret"
ACCOUNT = "sandbox"
# The vendor's real numbers are not known.
CALLS, SECONDS = 10, 1
WORDS = {
    "InvalidAppKey": "The specified App Key is invalid",
    "MissingParameter": "The input parameter that is mandatory for processing this request is not supplied",
    "IllegalTimestamp": "The specified timestamp is invalid",
    "IncompleteSignature": "The request signature does not conform to platform standards",
    "IllegalAccessToken": "The specified access token is invalid or expired",
    "IllegalRefreshToken": "The specified refresh token is invalid or expired",
    "InvalidCode": "The specified code is invalid or expired",
    "InvalidMethod": "The specified method does not exist",
    "ApiCallLimit": "Api access frequency exceeds the limit",
}


class Vendor:
    """The vendor's routes over one shop, the buyers' orders, the tokens, its rate limit and the faults."""

    def __init__(
        self, *, seed: int, products: int, faults: Faults, clock: SandboxClock, apps: Mapping[str, str]
    ) -> None:
        self.faults = faults
        self.clock = clock
        self.apps = {APP_KEY: APP_SECRET, **apps}
        self.shop = Shop(seed, products)
        self.reset(seed=seed, products=products, rate_limits=True)

    def reset(self, *, seed: int, products: int, rate_limits: bool) -> None:
        """Begin anew; consents are forgotten too."""
        if (seed, products) != (self.shop.seed, self.shop.count):
            self.shop = Shop(seed, products)
        self.shop.begin_anew()
        self.accounts: dict[str, Account] = {}
        self.tokens = Tokens()
        self.limit: RateLimit | None = RateLimit(CALLS, SECONDS) if rate_limits else None

    def drift(self, amount: int) -> None:
        """Change price and stock of so many items."""
        self.shop.drift(amount)

    def described(self) -> dict[str, object]:
        """What it holds, in numbers."""
        orders = {name: len(account.orders) for name, account in self.accounts.items()}
        return {"products": len(self.shop.all_items()), "accounts": sorted(self.accounts), "orders": orders}

    def operation(self, path: str, query: str, body: str) -> str:
        """The method of a call through the gateway."""
        if path.rstrip("/") != "/sync":
            return ""
        return dict(parse_qsl(body)).get("method") or dict(parse_qsl(query)).get("method", "")

    def refusal(self, status: int, path: str) -> Said:
        """Its words: too many calls and wrong tokens are refused in a 200."""
        if status in {401, 429}:
            code = "ApiCallLimit" if status == 429 else "IllegalAccessToken"
            return Said(200, json.dumps(_error(code, path)).encode())
        return Said(status, b"<html><head><title>error</title></head></html>", ((b"content-type", b"text/html"),))

    def soft_error(self, path: str, hit: int) -> Said:
        """Its errors in a 200: at the top, and for searches the one that lasts for minutes."""
        body: Json = {"code": "15", "type": "ISP", "message": "Remote service error", "request_id": _request_id()}
        if path.endswith("text.search"):
            body = {"aliexpress_ds_text_search_response": {"code": "NGSELECTION_SEARCH_ERROR"}}
        elif hit % 2 == 0:
            sub: Json = {"sub_code": "isp.unknown-error", "sub_msg": "Remote service is unavailable"}
            body = {"error_response": {"type": "ISP", "code": "15", "msg": "Remote service error", **sub}}
        return Said(200, json.dumps(body).encode())

    def routes(self) -> list[BaseRoute]:
        """Everything below the vendor's prefix."""
        both = ["GET", "POST"]
        return [
            Route("/sync", self.call, methods=both),
            Route("/rest/auth/token/{kind}", self.token, methods=both),
            Route("/rest/auth/token/security/{kind}", self.token, methods=both),
            Route("/oauth/authorize", self.authorize, methods=["GET"]),
        ]

    def steering(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """What the control can do: pay an order, as the merchant does on the vendor's site."""
        return [("POST", "/orders/{number}/payment", self.pay)]

    async def pay(self, request: Request) -> Response:
        """Pay an order."""
        found = (account.find(request.path_params["number"]) for account in self.accounts.values())
        order = next((order for order in found if order), None)
        if order is None:
            return JSONResponse({"message": "there is no such order"}, 404)
        order.paid_at = order.paid_at or self.clock.now()
        return Response(status_code=204)

    async def authorize(self, request: Request) -> Response:
        """GET /oauth/authorize: whoever comes consents at once; `account` (ours) chooses whose account it is."""
        query = request.query_params
        target = query.get("redirect_uri", "")
        if query.get("client_id") not in self.apps or query.get("response_type") != "code":
            return JSONResponse({"error": "invalid_client"}, 400)
        if urlsplit(target).scheme not in {"http", "https"}:
            return JSONResponse({"error": "invalid_redirect_uri"}, 400)
        code = self.tokens.new_code(query["client_id"], query.get("account", ACCOUNT), self.clock.now())
        told = {"code": code} | ({"state": query["state"]} if "state" in query else {})
        return RedirectResponse(f"{target}{'&' if urlsplit(target).query else '?'}{urlencode(told)}", 302)

    async def token(self, request: Request) -> Response:
        """/rest/auth/token/create and /refresh; errors stand at the top of the answer."""
        asked = await _parameters(request)
        path = request.url.path.removeprefix(f"/{NAME}/rest")
        wrong = self._wrong(asked, path)
        kind, now = request.path_params["kind"], self.clock.now()
        if wrong is None and kind not in {"create", "refresh"}:
            wrong = "InvalidMethod"
        issued: Issued | None = None
        if wrong is None and kind == "create":
            issued = self.tokens.exchange(asked["app_key"], asked.get("code", ""), now)
            wrong = None if issued else "InvalidCode"
        elif wrong is None:
            issued = self.tokens.renew(asked["app_key"], asked.get("refresh_token", ""), now)
            wrong = None if issued else "IllegalRefreshToken"
        if issued is None:
            told: Json = {"type": "ISV", "code": wrong, "message": WORDS[str(wrong)], "request_id": _request_id()}
            return JSONResponse(told)
        return JSONResponse(_issued(issued, now))

    async def call(self, request: Request) -> Response:
        """The gateway: one method of the table below."""
        asked = await _parameters(request)
        method, now = asked.get("method", ""), self.clock.now()
        wrong = self._wrong(asked, "")
        if wrong is None and method not in METHODS:
            wrong = "InvalidMethod"
        token = asked.get("session") or asked.get("access_token", "")
        if wrong is None and self.faults.has_expired(NAME, request.method, f"/sync/{method}"):
            self.tokens.end(token)
        account = self.tokens.holder(asked.get("app_key", ""), token, now)
        if wrong is None and account is None:
            wrong = "IllegalAccessToken"
        if wrong is None and self.limit and self.limit.count(str(account), clock.now().timestamp()).exceeded:
            wrong = "ApiCallLimit"
        if wrong is not None or account is None:
            return JSONResponse(_error(str(wrong), method))
        answer = METHODS[method](self, self.accounts.setdefault(account, Account()), asked)
        if answer is None:
            sub = {"sub_code": "isv.order-not-exist", "sub_msg": "The order does not exist"}
            return JSONResponse({"error_response": {"type": "ISV", "code": "15", "msg": "Remote service error", **sub}})
        told = shaped({**answer, "request_id": _request_id()}, simplify=asked.get("simplify", "").lower() == "true")
        return JSONResponse({f"{method.replace('.', '_')}_response": told})

    def _wrong(self, asked: Mapping[str, str], path: str) -> str | None:
        secret = self.apps.get(asked.get("app_key", ""))
        if secret is None:
            return "InvalidAppKey"
        if "sign" not in asked or "sign_method" not in asked:
            return "MissingParameter"
        stamp = asked.get("timestamp", "")
        if not (stamp.isdecimal() and len(stamp) == 13):
            return "IllegalTimestamp"
        return None if is_signed(asked, secret, path) else "IncompleteSignature"

    def product(self, _account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.product.get."""
        return product_answer(self.shop, asked)

    def feed_names(self, _account: Account, _asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.feedname.get."""
        return feed_names_answer(self.shop)

    def feed(self, _account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.recommend.feed.get; a name that there is not is an empty feed."""
        page, twice, loops = max(1, number_of(asked.get("page_no"), 1)), 0, False
        for fault in self.faults.in_the_list(NAME, "POST", "/sync/aliexpress.ds.recommend.feed.get"):
            if fault.kind == "shrink":
                self.shop.shrink(fault.amount)
            elif fault.kind == "drift":
                self.shop.drift(fault.amount)
            elif fault.kind == "repeat":
                page = 1
            elif fault.kind == "duplicate":
                twice = fault.amount
            else:
                loops = True
        items = feeds(self.shop).get(asked.get("feed_name", ""), [])
        if loops and items:
            size = min(50, max(1, number_of(asked.get("page_size"), 50)))
            page = (page - 1) % -(-len(items) // size) + 1
        return feed_answer(self.shop, asked, items[:twice] + items, page)

    def categories(self, _account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.category.get."""
        return categories_answer(asked)

    def search(self, _account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.text.search."""
        return search_answer(self.shop, asked)

    def freight(self, _account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.freight.query."""
        return freight_answer(self.shop, asked)

    def create(self, account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.order.create."""
        first = FIRST_ORDER + sum(len(other.orders) for other in self.accounts.values())
        return create_answer(self.shop, account, asked, self.clock.now(), first)

    def order(self, account: Account, asked: Mapping[str, str]) -> Json | None:
        """aliexpress.trade.ds.order.get."""
        return order_answer(account, asked, self.clock.now())

    def tracking(self, account: Account, asked: Mapping[str, str]) -> Json:
        """aliexpress.ds.order.tracking.get."""
        return tracking_answer(account, asked, self.clock.now())


METHODS: dict[str, Callable[[Vendor, Account, Mapping[str, str]], Json | None]] = {
    "aliexpress.ds.product.get": Vendor.product,
    "aliexpress.ds.feedname.get": Vendor.feed_names,
    "aliexpress.ds.recommend.feed.get": Vendor.feed,
    "aliexpress.ds.category.get": Vendor.categories,
    "aliexpress.ds.text.search": Vendor.search,
    "aliexpress.ds.freight.query": Vendor.freight,
    "aliexpress.ds.order.create": Vendor.create,
    "aliexpress.trade.buy.placeorder": Vendor.create,
    "aliexpress.trade.ds.order.get": Vendor.order,
    "aliexpress.ds.order.tracking.get": Vendor.tracking,
}


async def _parameters(request: Request) -> dict[str, str]:
    """Of the address and of the form; the form's win."""
    form = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return {**dict(request.query_params), **dict(form)}


def _issued(issued: Issued, now: datetime) -> Json:
    """Times are told by the machine's clock: what the sandbox's own clock gains, tokens lose early."""
    access, refresh = issued.access.until - now, issued.refresh.until - now
    real = clock.now()
    return {
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "expires_in": int(access.total_seconds()),
        "refresh_expires_in": int(refresh.total_seconds()),
        "expire_time": int((real + access).timestamp() * 1000),
        "refresh_token_valid_time": int((real + refresh).timestamp() * 1000),
        **dict.fromkeys(("user_id", "seller_id", "account_id", "havana_id"), _number(issued.access.account)),
        "user_nick": issued.access.account,
        "account": f"{issued.access.account}@goods.example",
        "account_platform": "buyerApp",
        "sp": "ae",
        "locale": "zh_CN",
        "code": "0",
        "request_id": _request_id(),
    }


def _number(account: str) -> str:
    return str(zlib.crc32(account.encode()))


def _error(code: str, _place: str) -> Json:
    told: Json = {"type": "ISV", "code": code, "msg": WORDS[code]}
    return {"error_response": {**told, "request_id": _request_id(), "_trace_id_": _request_id()}}


def _request_id() -> str:
    return new_id().hex
