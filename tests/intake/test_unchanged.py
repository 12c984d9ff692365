"""Goods of which a source says nothing new are left alone, and whatever else has become of them is put right again."""

import httpx
from sqlalchemy import text

from app.core.database import Database
from app.products.lifecycle import GONE
from tests.conftest import Seller
from tests.intake.states import Json, checksums, visible
from tests.intake.test_undo import CHAIR, HEADER, LAMP, VASE
from tests.scraping.feeds import counters, report, sheet, upload
from tests.support.drain import Drain

LAMPS = "id IN (SELECT product_id FROM source_products WHERE external_id = 'LAMP-1')"
OF_LAMP = LAMPS.replace("id IN", "product_id IN", 1)
VARIANT_OF_LAMP = f"variant_id IN (SELECT id FROM variants WHERE {OF_LAMP})"
DESCRIBED = (*LAMP[:-1], "<p>Bright</p>")
# What may have become of a product since its source named it last, by whatever way.
DRIFTS = (
    f"UPDATE products SET title = 'Another' WHERE {LAMPS}",
    f"UPDATE products SET description = 'Another' WHERE {LAMPS}",
    f"UPDATE products SET brand = NULL WHERE {LAMPS}",
    f"UPDATE products SET tags = '{{b,a}}' WHERE {LAMPS}",
    f"UPDATE products SET category_id = NULL WHERE {LAMPS}",
    f"UPDATE products SET category_id = (SELECT id FROM categories WHERE path = 'Home > Seats') WHERE {LAMPS}",
    f"UPDATE variants SET sku = 'ANOTHER' WHERE {OF_LAMP}",
    f"UPDATE variants SET gtin = NULL WHERE {OF_LAMP}",
    f"UPDATE variants SET price = price + 1 WHERE {OF_LAMP}",
    f"UPDATE variants SET currency = 'USD' WHERE {OF_LAMP}",
    f"UPDATE offers SET price = NULL WHERE {VARIANT_OF_LAMP}",
    f"UPDATE offers SET stock = 99 WHERE {VARIANT_OF_LAMP}",
    f"UPDATE stock_balances SET on_hand = 99 WHERE {VARIANT_OF_LAMP}",
    f"UPDATE product_images SET alt = 'Another' WHERE {OF_LAMP}",
    f"UPDATE product_images SET position = 3 WHERE {OF_LAMP}",
    f"UPDATE product_images SET url = 'https://x.example/another.jpg' WHERE {OF_LAMP}",
    f"UPDATE products SET former_status = status, status = 'archived', archived_reason = '{GONE}' WHERE {LAMPS}",
)


async def seen(api: httpx.AsyncClient, seller: Seller) -> Json:
    """What a seller sees; pictures by their addresses."""
    shown = await visible(api, seller)
    for product in shown["products"]:
        product["images"] = [(image["url"], image["alt"], image["position"]) for image in product["images"]]
    return shown


async def test_the_same_file_again_writes_nothing_and_reports_every_row(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    file = sheet(HEADER, LAMP, CHAIR, VASE)
    await upload(api, seller, drain, file)
    before = await checksums(database, seller)

    job = await upload(api, seller, drain, file)

    after = await checksums(database, seller)
    assert {name for name in before if before[name] != after[name]} == {"sources"}  # whose turn it is
    rows = await report(api, seller, job)
    assert [(row["line"], row["action"], row["external_id"]) for row in rows] == [
        (2, "unchanged", "LAMP-1"),
        (3, "unchanged", "CHAIR-1"),
        (4, "unchanged", "VASE-1"),
    ]
    assert all(row["product_id"] for row in rows)


async def test_whatever_differs_from_the_source_is_put_right_and_its_neighbour_left_alone(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    file = sheet(HEADER, DESCRIBED, CHAIR)
    await upload(api, seller, drain, file)
    before = await seen(api, seller)
    for drift in DRIFTS:
        async with database.session(seller.scope) as session:
            assert (await session.execute(text(drift))).rowcount == 1, drift  # type: ignore[attr-defined]
        assert await seen(api, seller) != before, drift

        job = await upload(api, seller, drain, file)

        assert counters(job) == (0, 1, 1, 0), drift
        assert await seen(api, seller) == before, drift


async def test_new_and_changed_goods_among_unchanged_ones_are_each_reported_as_what_they_are(
    api: httpx.AsyncClient, seller: Seller, drain: Drain
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    dearer = (*CHAIR[:2], "91.00", *CHAIR[3:])

    job = await upload(api, seller, drain, sheet(HEADER, VASE, LAMP, dearer))

    assert [(row["external_id"], row["action"]) for row in await report(api, seller, job)] == [
        ("VASE-1", "created"),
        ("LAMP-1", "unchanged"),
        ("CHAIR-1", "updated"),
    ]


async def test_a_product_that_was_deleted_here_is_not_taken_for_unchanged(
    api: httpx.AsyncClient, seller: Seller, drain: Drain, database: Database
) -> None:
    await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))
    async with database.session(seller.scope) as session:
        await session.execute(text(f"UPDATE products SET deleted_at = now() WHERE {LAMPS}"))

    job = await upload(api, seller, drain, sheet(HEADER, LAMP, CHAIR))

    assert [(row["external_id"], row["action"], row["code"]) for row in await report(api, seller, job)] == [
        ("LAMP-1", "rejected", "product_deleted"),
        ("CHAIR-1", "unchanged", None),
    ]
