"""The invented goods as the XML feed that shops hand to Google: RSS 2.0 with one item per variant, grouped by
`item_group_id`.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import TextIO
from xml.sax.saxutils import escape

from app.sandbox.goods import CENT, DEFAULT_SEED, Product, Variant, generate_products

# Google knows these ways to differ only; what a storage size or a scent is called there, real feeds decide so too.
DIFFERS_BY = {
    "Color": "color",
    "Size": "size",
    "Storage": "size",
    "Pack": "size",
    "Scent": "pattern",
    "Finish": "pattern",
}
RISE = Decimal("1.10")
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
    "<title>Northern Goods</title>\n<link>https://shop.goods.example</link>\n"
)
TAIL = "</channel>\n</rss>\n"


def write_google_xml(
    stream: TextIO, *, products: int, seed: int = DEFAULT_SEED, currency: str = "EUR", dearer_every: int | None = None
) -> int:
    """Write the feed and return how many items it has. Every so many-th product costs a tenth more (None: none)."""
    items = 0
    stream.write(HEAD)
    for number, product in enumerate(generate_products(products, seed=seed), start=1):
        rise = RISE if dearer_every and number % dearer_every == 0 else Decimal(1)
        for variant in product.variants:
            fields = "".join(f"<{name}>{text}</{name}>" for name, text in _fields(product, variant, currency, rise))
            stream.write(f"<item>{fields}</item>\n")
            items += 1
    stream.write(TAIL)
    return items


def _fields(product: Product, variant: Variant, currency: str, rise: Decimal) -> Iterator[tuple[str, str]]:
    yield "g:id", escape(variant.sku)
    if len(product.variants) > 1:
        yield "g:item_group_id", escape(product.handle)
    yield "title", escape(product.title)
    yield "description", f"<![CDATA[{product.description}]]>"
    yield "link", escape(f"https://shop.goods.example/p/{product.handle}?sku={variant.sku}&ref=feed")
    for place, image in enumerate(product.images):
        yield ("g:additional_image_link" if place else "g:image_link"), escape(image)
    yield "g:availability", "in_stock" if variant.stock else "out_of_stock"
    price = (variant.price * rise).quantize(CENT)
    if variant.compare_at_price is not None and variant.compare_at_price > price:
        yield "g:price", f"{variant.compare_at_price} {currency}"
        yield "g:sale_price", f"{price} {currency}"
    else:
        yield "g:price", f"{price} {currency}"
    yield "g:brand", escape(product.brand)
    yield "g:gtin", variant.gtin
    yield "g:condition", "new"
    yield "g:product_type", escape(product.category)
    yield "g:quantity_to_sell_on_facebook", str(variant.stock)
    yield "g:shipping_weight", f"{variant.grams} g"
    for option, value in zip(product.option_names, variant.options, strict=True):
        yield f"g:{DIFFERS_BY[option]}", escape(value)
