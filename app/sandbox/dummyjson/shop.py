"""DummyJSON's products: our invented goods in its shape, and what may happen to them. Nothing of HTTP here."""

import html
import re
from collections.abc import Mapping
from random import Random

from app.sandbox.goods import Product, product_at

Json = dict[str, object]
EPOCH = "2025-04-30T09:41:02.053Z"  # every product of the vendor has the same dates
CDN = "https://cdn.dummyjson.com"
_SHIPPING = (
    *("Ships overnight", "Ships in 1-2 business days", "Ships in 1 week", "Ships in 2 weeks", "Ships in 1 month"),
    "Ships in 3-5 business days",
)
_WARRANTY = (
    *("1 year warranty", "3 year warranty", "1 month warranty", "2 year warranty", "3 months warranty"),
    *("Lifetime warranty", "6 months warranty", "5 year warranty", "1 week warranty", "No warranty"),
)
_RETURNS = (
    *("7 days return policy", "No return policy", "60 days return policy", "90 days return policy"),
    "30 days return policy",
)
_COMMENTS = ("Very satisfied!", "Would not recommend!", "Highly impressed!", "Great value for money!", "Poor quality!")
_REVIEWERS = ("Eleanor Collins", "Lucas Gordon", "Maria Keller", "Noah Hernandez", "Ava Taylor")
LOW_STOCK = 8


class Shop:
    """The products of one seed, in order; ids are those of the vendor and never used again."""

    def __init__(self, count: int, seed: int) -> None:
        self.seed = seed
        self.products: list[Json] = [product_json(product_at(index, seed=seed), index, seed) for index in range(count)]
        self._draw = Random(seed)  # noqa: S311 - must repeat; nothing here is a secret

    def find(self, product_id: str) -> Json | None:
        """The product of that id."""
        return next((item for item in self.products if str(item["id"]) == product_id), None)

    def change(self, product: Json, changes: Mapping[str, object]) -> None:
        """Set fields of a product for good, as its owner would; stock brings its availability along."""
        product.update(changes)
        if "stock" in changes and "availabilityStatus" not in changes:
            product["availabilityStatus"] = availability_of(changes["stock"])

    def remove(self, product: Json) -> None:
        """Take a product off the list for good."""
        self.products.remove(product)

    def shrink(self, amount: int) -> None:
        """Take so many products off the front of the list."""
        del self.products[:amount]

    def drift(self, amount: int) -> None:
        """Change price and stock of so many products, by up to a fifth and to anything from 0 to 100."""
        for product in self._draw.sample(self.products, k=min(amount, len(self.products))):
            factor = self._draw.uniform(0.8, 1.2)
            price = max(0.01, round(float(str(product["price"])) * factor, 2))
            self.change(product, {"price": price, "stock": self._draw.randint(0, 100)})

    def categories(self) -> list[str]:
        """The slugs, as they first occur."""
        return list(dict.fromkeys(str(product["category"]) for product in self.products))


def product_json(goods: Product, index: int, seed: int) -> Json:
    """A product as the vendor shows it; its first variant stands for all, since the vendor knows none."""
    draw = Random(f"dummyjson {seed} {index}")  # noqa: S311 - must repeat; nothing here is a secret
    variant, number = goods.variants[0], index + 1
    category = slug_of(goods.category.rpartition(">")[2])
    stock = min(variant.stock, 100)
    brand = {"brand": goods.brand} if draw.random() < 0.53 else {}
    place = f"{CDN}/product-images/{category}/{goods.handle}"
    return {
        "id": number,
        "title": goods.title,
        "description": _plain(goods.description),
        "category": category,
        "price": float(variant.price),
        "discountPercentage": round(draw.uniform(0, 20), 2),
        "rating": round(draw.uniform(2.5, 5), 2),
        "stock": stock,
        "tags": list(goods.tags[:3]),
        **brand,
        "sku": f"{category[:3].upper()}-{goods.brand[:3].upper()}-{goods.handle[:3].upper()}-{number:03d}",
        "weight": draw.randint(1, 10),
        "dimensions": {side: round(draw.uniform(5, 30), 2) for side in ("width", "height", "depth")},
        "warrantyInformation": draw.choice(_WARRANTY),
        "shippingInformation": draw.choice(_SHIPPING),
        "availabilityStatus": availability_of(stock),
        "reviews": [_review(draw) for _ in range(3)],
        "returnPolicy": draw.choice(_RETURNS),
        "minimumOrderQuantity": draw.randint(1, 50),
        "meta": {
            "createdAt": EPOCH,
            "updatedAt": EPOCH,
            "barcode": variant.gtin,
            "qrCode": f"{CDN}/public/qr-code.png",
        },
        "images": [f"{place}/{picture}.webp" for picture in range(1, len(goods.images) + 1)],
        "thumbnail": f"{place}/thumbnail.webp",
    }


def availability_of(stock: object) -> str:
    """The vendor's word for a quantity."""
    if stock == 0:
        return "Out of Stock"
    return "Low Stock" if isinstance(stock, int) and stock < LOW_STOCK else "In Stock"


def slug_of(text: str) -> str:
    """A category's name as the vendor writes it in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", text.strip().lower()).strip("-")


def _plain(markup: str) -> str:
    inline_gone = re.sub(r"</?(?:strong|em|b|i)>", "", markup)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", inline_gone)).split())


def _review(draw: Random) -> Json:
    name = draw.choice(_REVIEWERS)
    return {
        "rating": draw.randint(1, 5),
        "comment": draw.choice(_COMMENTS),
        "date": EPOCH,
        "reviewerName": name,
        "reviewerEmail": f"{name.lower().replace(' ', '.')}@x.dummyjson.com",
    }
