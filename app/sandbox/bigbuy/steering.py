"""What the control changes in a BigBuy account, as its owner or the vendor would: goods, stock, money."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox.bigbuy.account import Account
from app.sandbox.bigbuy.catalogue import Json, StockLine
from app.sandbox.clock import SandboxClock


class LineWanted(BaseModel):
    """Stock in one warehouse."""

    model_config = ConfigDict(extra="forbid")

    quantity: int
    warehouse: int = 1
    min_handling_days: int = 0
    max_handling_days: int = 1


class ArticleWanted(BaseModel):
    """What changes about a product or a variation: `fields` of its entry, whatever they are, and its stock."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, object] = Field(default_factory=dict)
    stocks: list[LineWanted] | None = None


class MoneyWanted(BaseModel):
    """The money box, and the least that an order must be worth."""

    model_config = ConfigDict(extra="forbid")

    money_box: Decimal | None = None
    minimum: Decimal | None = None


class Steering:
    """Handlers over the accounts, which are named by their keys."""

    def __init__(self, account_of: Callable[[str], Account], clock: SandboxClock) -> None:
        self._account_of = account_of
        self._clock = clock

    def routes(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """Below /_sandbox/bigbuy."""
        article = "/accounts/{key}/articles/{sku}"
        return [
            ("PATCH", "/accounts/{key}", self.change_money),
            ("PATCH", article, self.change_article),
            ("DELETE", article, self.remove_product),
        ]

    async def change_money(self, request: Request) -> Response:
        """Set the money box and the least order."""
        wanted = MoneyWanted.model_validate_json(await request.body())
        account = self._account_of(request.path_params["key"])
        account.money_box = account.money_box if wanted.money_box is None else wanted.money_box
        account.minimum = account.minimum if wanted.minimum is None else wanted.minimum
        return JSONResponse({"money_box": str(account.money_box), "minimum": str(account.minimum)})

    async def change_article(self, request: Request) -> Response:
        """Set fields and stock of a product or a variation."""
        wanted = ArticleWanted.model_validate_json(await request.body())
        account, sku = self._account_of(request.path_params["key"]), request.path_params["sku"]
        article = account.catalogue.articles.get(sku)
        if not any(item["sku"] == sku for item in (*account.products(), *account.variations())):
            return _no_article()
        if wanted.fields:
            account.change(sku, wanted.fields, self._clock.now())
        if wanted.stocks is not None and article is not None:
            lines = tuple(
                StockLine(line.quantity, line.min_handling_days, line.max_handling_days, line.warehouse)
                for line in wanted.stocks
            )
            account.set_stock(article, lines, self._clock.now())
        shown: Json = next(i for i in (*account.products(), *account.variations()) if i["sku"] == sku)
        return JSONResponse(shown)

    async def remove_product(self, request: Request) -> Response:
        """Take a product with its variations off all lists."""
        account, sku = self._account_of(request.path_params["key"]), request.path_params["sku"]
        found = [item for item in account.products() if item["sku"] == sku]
        if not found:
            return _no_article()
        account.vanish({int(str(item["id"])) for item in found})
        return Response(status_code=204)


def _no_article() -> Response:
    return JSONResponse({"message": "there is no such article in this account"}, 404)
