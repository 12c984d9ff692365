"""One BigBuy account: what it sees of the catalogue, its stock, its money box and its orders. Nothing of HTTP here."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from random import Random

from app.sandbox.bigbuy.catalogue import FIRST_ID, NEAR, Article, Catalogue, Json, StockLine, prices_of

MONEY_BOX = Decimal("100000.00")
MINIMUM = Decimal("3.00")
FIRST_ORDER = 119_000_001


@dataclass(frozen=True, slots=True)
class OrderLine:
    """So much of one article, at what it cost then."""

    article: Article
    quantity: int
    price: Decimal
    name: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was placed; where it is by now is a matter of the time (tracking.py)."""

    number: int
    reference: str
    placed_at: datetime
    language: str
    payment: str
    carrier: str
    address: dict[str, str]
    lines: tuple[OrderLine, ...]
    warehouse: int
    goods: Decimal
    shipping: Decimal

    @property
    def total(self) -> Decimal:
        """With tax."""
        return ((self.goods + self.shipping) * Decimal("1.21")).quantize(Decimal("0.01"))


@dataclass(slots=True)
class Account:
    """State of one account over the catalogue that all share. `changed` are fields of products or variations by SKU."""

    catalogue: Catalogue
    draw: Random
    money_box: Decimal = MONEY_BOX
    minimum: Decimal = MINIMUM
    orders: list[Order] = field(default_factory=list)
    changed: dict[str, Json] = field(default_factory=dict)
    stocks: dict[str, tuple[StockLine, ...]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    own_products: list[Json] | None = None
    own_variations: list[Json] | None = None

    def products(self) -> list[Json]:
        """catalog/products as this account sees it."""
        if self.own_products is None:
            self.own_products = self._seen(self.catalogue.products, "id")
        return self.own_products

    def variations(self) -> list[Json]:
        """catalog/productsvariations as this account sees it."""
        if self.own_variations is None:
            self.own_variations = self._seen(self.catalogue.variations, "product")
        return self.own_variations

    def there(self, items: list[Json], product_key: str = "id") -> list[Json]:
        """The items of a list whose products have not vanished."""
        return [item for item in items if item[product_key] not in self.gone] if self.gone else items

    def stock_of(self, article: Article) -> tuple[StockLine, ...]:
        """Where the article lies now."""
        return self.stocks.get(article.sku, article.stock)

    def price_of(self, article: Article) -> Decimal:
        """What the article costs this account now, without tax."""
        changed = self.changed.get(article.sku, {}).get("wholesalePrice")
        return article.wholesale if changed is None else Decimal(str(changed))

    def stock_list(self, *, of_variations: bool) -> list[Json]:
        """Stock by handling days; of the articles without any, every second one is missing altogether."""
        return [
            stock_json(article, self.stock_of(article))
            for article in self.catalogue.articles.values()
            if article.is_variation is of_variations
            and article.product_id not in self.gone
            and (self.stock_of(article) or article.id % 2)
        ]

    def find(self, sku: str) -> Article | None:
        """The article of that reference that can be ordered."""
        article = self.catalogue.articles.get(sku)
        if article is None or article.product_id in self.gone:
            return None
        product = self.catalogue.products[article.product_id - FIRST_ID]
        return article if {**product, **self.changed.get(str(product["sku"]), {})}["active"] == 1 else None

    def take(self, article: Article, quantity: int, warehouse: int, now: datetime) -> None:
        """Take goods out of a warehouse."""
        lines, left = [], quantity
        for line in self.stock_of(article):
            taken = min(left, line.quantity) if line.warehouse == warehouse else 0
            left -= taken
            if line.quantity > taken:
                lines.append(replace(line, quantity=line.quantity - taken))
        self.set_stock(article, tuple(lines), now)

    def set_stock(self, article: Article, lines: tuple[StockLine, ...], now: datetime) -> None:
        """The stock of an article from now on."""
        self.stocks[article.sku] = lines
        self._touch(article.product_id, ("dateUpd", "dateUpdStock"), now)

    def change(self, sku: str, changes: Json, now: datetime) -> None:
        """Set fields of a product or a variation for good."""
        self.changed[sku] = {**self.changed.get(sku, {}), **changes}
        article = self.catalogue.articles.get(sku)
        if article is not None:
            self._touch(article.product_id, ("dateUpd",), now)
        self.own_products = self.own_variations = None

    def vanish(self, product_ids: set[int]) -> None:
        """Take products off all lists for good."""
        self.gone |= product_ids
        self.own_products = self.own_variations = None

    def shrink(self, amount: int) -> None:
        """Take so many products off the front."""
        self.vanish({int(str(product["id"])) for product in self.products()[:amount]})

    def drift(self, amount: int, now: datetime) -> None:
        """Change price and stock of so many articles: by up to a fifth, and to anything from 0 to 100."""
        articles = list(self.catalogue.articles.values())
        for article in self.draw.sample(articles, k=min(amount, len(articles))):
            factor = Decimal(self.draw.randint(80, 120)) / 100
            wholesale = max(Decimal("0.01"), (self.price_of(article) * factor).quantize(Decimal("0.01")))
            self.change(article.sku, prices_of(wholesale, (wholesale * 2).quantize(Decimal("0.01"))), now)
            quantity = self.draw.randint(0, 100)
            self.set_stock(article, (StockLine(quantity, 0, 1, NEAR),) if quantity else (), now)

    def order_of(self, number: int) -> Order | None:
        """The order of that number."""
        return next((order for order in self.orders if order.number == number), None)

    def first_of(self, reference: str) -> Order | None:
        """The first order of our reference."""
        return next((order for order in self.orders if order.reference == reference), None)

    def _touch(self, product_id: int, names: tuple[str, ...], now: datetime) -> None:
        sku = str(self.catalogue.products[product_id - FIRST_ID]["sku"])
        told = dict.fromkeys(names, now.strftime("%Y-%m-%d %H:%M:%S"))
        self.changed[sku] = {**self.changed.get(sku, {}), **told}
        self.own_products = None

    def _seen(self, items: list[Json], product_key: str) -> list[Json]:
        there = self.there(items, product_key)
        return [{**item, **self.changed[str(item["sku"])]} if item["sku"] in self.changed else item for item in there]


def stock_json(article: Article, lines: tuple[StockLine, ...]) -> Json:
    """An entry of the lists of stock."""
    return {
        "id": article.id,
        "sku": article.sku,
        "stocks": [
            {
                "quantity": line.quantity,
                "minHandlingDays": line.minimum_days,
                "maxHandlingDays": line.maximum_days,
                "warehouse": line.warehouse,
            }
            for line in lines
        ],
    }
