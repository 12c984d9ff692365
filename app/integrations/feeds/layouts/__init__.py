"""The layouts that are known, one line each, most telling first; a sheet is what no other recognises."""

from app.integrations.feeds.layout import Layout
from app.integrations.feeds.layouts import crossdock, google, heureka, sheet, shopify, woocommerce, yml

LAYOUTS: tuple[Layout, ...] = (
    crossdock.LAYOUT,
    shopify.LAYOUT,
    woocommerce.LAYOUT,
    heureka.LAYOUT,
    heureka.ONE_PRICE_LAYOUT,
    yml.LAYOUT,
    google.LAYOUT,
    sheet.LAYOUT,
)

KNOWN_NAMES = frozenset(name for layout in LAYOUTS for name in layout.names)


def recognise(names: frozenset[str]) -> Layout:
    """The layout of a header, by its normalised column names."""
    return next(layout for layout in LAYOUTS if layout.recognises(names))
