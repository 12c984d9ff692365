"""The invented Google feed: what it promises to those that read it."""

import io
from collections import Counter
from decimal import Decimal

from lxml import etree

from app.sandbox.google_feed import DIFFERS_BY, write_google_xml
from app.sandbox.vocabulary import FAMILIES

G = "{http://base.google.com/ns/1.0}"


def test_the_same_seed_writes_the_same_feed_and_another_seed_other_goods():
    assert feed(products=5, seed=3) == feed(products=5, seed=3)
    assert set(ids(feed(products=5, seed=3))).isdisjoint(ids(feed(products=5, seed=4)))


def test_variants_of_a_product_share_a_group_and_differ_in_what_google_knows():
    differs_by = {f"{G}{name}" for name in DIFFERS_BY.values()}
    found = Counter(
        (item.findtext(f"{G}item_group_id"), tuple(child.text for child in item if child.tag in differs_by))
        for item in items(feed(products=200))
        if item.find(f"{G}item_group_id") is not None
    )
    assert len(found) > 200
    assert set(found.values()) == {1}


def test_no_two_options_of_a_product_are_told_by_the_same_attribute():
    for family in FAMILIES:
        named = [DIFFERS_BY[option.name] for option in family.options]
        assert len(set(named)) == len(named)


def test_every_so_many_th_product_is_dearer_and_nothing_else_differs():
    plain, dearer = items(feed(products=20)), items(feed(products=20, dearer_every=10))
    risen = {}
    for before, after in zip(plain, dearer, strict=True):
        if price(before) != price(after):
            risen[before.findtext("title")] = price(after) / price(before)
    assert len(risen) == 2
    assert all(abs(rise - Decimal("1.1")) < Decimal("0.01") for rise in risen.values())


def feed(*, products: int, seed: int = 1, dearer_every: int | None = None) -> str:
    stream = io.StringIO()
    written = write_google_xml(stream, products=products, seed=seed, dearer_every=dearer_every)
    assert written == len(items(stream.getvalue()))
    return stream.getvalue()


def items(text: str) -> list[etree._Element]:
    return etree.fromstring(text.encode()).findall(".//item")


def ids(text: str) -> list[str | None]:
    return [item.findtext(f"{G}id") for item in items(text)]


def price(item: etree._Element) -> Decimal:
    text = item.findtext(f"{G}sale_price") or item.findtext(f"{G}price") or ""
    return Decimal(text.removesuffix(" EUR"))
