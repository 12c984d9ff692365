"""Random rows of a catalogue, written straight into a tenant's tables: shapes that the API alone would not make."""

import random
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import new_id
from app.inventory import ledger
from app.products.models import Category, Offer, Product, ProductImage, Source, SourceProduct, Variant

TEXTS = [
    "plain",
    'quote " and \\ back',
    "tab\tnewline\n",
    "ümläut ß ñ",
    "日本語 テスト",
    "emoji 👩‍👩‍👧‍👦",
    "<b>&amp;</b>",
    "\u2028\u2029",
    "\x01\x1f\x7f",
    "'; DROP TABLE products; --",
    "{}[]:,",
    "%s $1 {0}",
]


class Dice:
    """Random values of the shapes that columns can hold, repeatable by seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def maybe(self, value: object) -> object:
        return value if self.random.random() < 0.6 else None

    def text(self) -> str:
        return f"{self.random.choice(TEXTS)} {self.random.randrange(1000)}"

    def money(self) -> Decimal | None:
        whole = self.random.choice([0, 1, 12, 99_999_999_999])
        return self.random.choice([None, Decimal(whole) + Decimal(self.random.randrange(10_000)) / 10_000])

    def attributes(self) -> dict[str, object]:
        values = [self.text(), 1, 1.5, -0.25, True, None, [1, "two"], {"deep": {"er": []}}]
        return {self.text(): self.random.choice(values) for _ in range(self.random.randrange(4))}

    def moment(self) -> object:
        micros = self.random.choice([0, 1, 500_000, 999_999])
        return clock.now().replace(microsecond=micros) - timedelta(seconds=self.random.randrange(100))


async def scatter(session: AsyncSession, seed: int, count: int) -> list[UUID]:
    """Write `count` random products with parts, sources, offers and stock; answers their ids."""
    dice = Dice(seed)
    source = Source(id=new_id(), kind="feed", name=f"feed {dice.text()}")
    category = Category(id=new_id(), name=f"c{seed}", slug="c", path=f"c{seed}")
    session.add_all([source, category])
    await session.flush()
    ids = [await _product(session, dice, source, category, number) for number in range(count)]
    await session.flush()
    return ids


async def _product(session: AsyncSession, dice: Dice, source: Source, category: Category, number: int) -> UUID:
    pick = dice.random
    price = dice.money()
    product = Product(
        id=new_id(),
        source_id=pick.choice([None, source.id]),
        category_id=pick.choice([None, category.id]),
        status=pick.choice(["draft", "published", "sold", "archived"]),
        archived_reason=dice.maybe(dice.text()),
        title=dice.text(),
        description=dice.text(),
        brand=dice.maybe(dice.text()),
        tags=[dice.text() for _ in range(pick.randrange(3))],
        attributes=dice.attributes(),
        options=[{"name": dice.text(), "values": [dice.text()]}] if pick.random() < 0.5 else [],
        sku=dice.maybe(f"{dice.text()}-{number}"),
        gtin=dice.maybe("4006381333931"),
        price=price,
        compare_at_price=dice.money(),
        cost=dice.money(),
        currency=dice.maybe("EUR"),
        locked_fields=["price", "title"][: pick.randrange(3)],
        version=pick.randrange(1, 1000),
        created_at=dice.moment(),
        updated_at=dice.moment(),
    )
    session.add(product)
    await session.flush()
    for position in range(pick.randrange(1, 4)):
        await _variant(session, dice, source, product, position)
    for position in range(pick.randrange(3)):
        url = f'https://img.example.com/{pick.random()}?a="b"'
        session.add(
            ProductImage(id=new_id(), product_id=product.id, url=url, alt=dice.maybe(dice.text()), position=position)
        )
    if product.source_id is not None:
        named = SourceProduct(
            source_id=source.id,
            external_id=f"{dice.text()}-{number}",
            product_id=product.id,
            url=dice.maybe("https://x/"),
        )
        session.add(named)
    return product.id


async def _variant(session: AsyncSession, dice: Dice, source: Source, product: Product, position: int) -> None:
    pick = dice.random
    variant = Variant(
        id=new_id(),
        product_id=product.id,
        source_id=product.source_id,
        position=pick.randrange(3),
        title=dice.maybe(dice.text()),
        sku=dice.maybe(f"{new_id()}"),
        gtin=dice.maybe("96385074"),
        price=dice.money(),
        compare_at_price=dice.money(),
        cost=dice.money(),
        currency=dice.maybe("USD"),
        options={dice.text(): dice.text()},
        attributes=dice.attributes(),
        weight_g=dice.maybe(pick.randrange(10_000)),
        image_url=dice.maybe("https://img.example.com/v.jpg"),
    )
    session.add(variant)
    await session.flush()
    if pick.random() < 0.6:
        await ledger.set_on_hand(session, {variant.id: pick.randrange(1, 50)}, ledger.Cause())
    if product.source_id is not None and pick.random() < 0.7:
        offer = Offer(
            id=new_id(),
            variant_id=variant.id,
            source_id=source.id,
            external_id=f"{variant.id}",
            cost=dice.money(),
            price=dice.money(),
            currency=dice.maybe("GBP"),
            stock=dice.maybe(pick.randrange(100)),
            handling_days=dice.maybe(3),
            seen_at=dice.moment(),
        )
        session.add(offer)
