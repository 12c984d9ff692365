"""Stock without goods: what a supplier tells is taken over, what it does not say stays, and people's locks hold."""

from decimal import Decimal

from sqlalchemy import text

from app.core.database import Database
from app.integrations.contracts.errors import Unavailable
from app.integrations.contracts.stock import StockLevel
from tests.suppliers.conftest import Desk, Json
from tests.suppliers.warehouse import Warehouse

COUNTED = ("listed", "changed", "unchanged", "unknown")


def counters(job: Json) -> tuple[int, ...]:
    return tuple(job["counters"][name] for name in COUNTED)


async def offers(database: Database, desk: Desk) -> dict[str, tuple[object, ...]]:
    query = "SELECT external_id, stock, handling_days, cost, currency FROM offers"
    async with database.session(desk.seller.scope) as session:
        return {row[0]: tuple(row)[1:] for row in await session.execute(text(query))}


async def test_all_brings_the_goods_and_then_their_stock(desk: Desk, warehouse: Warehouse, database: Database) -> None:
    warehouse.levels = [StockLevel(f"v-p{number}", number * 10, 1, 2) for number in range(5)]
    made = await desk.connect()
    goods, stock = await desk.sync(made, "all")
    assert (goods["job_type"], stock["job_type"]) == ("sync_supplier_products", "sync_supplier_stock")
    assert counters(stock) == (5, 5, 0, 0), stock
    assert {title: each["stock"] for title, each in (await desk.products()).items()} == {
        f"Thing p{number}": number * 10 for number in range(5)
    }
    assert (await offers(database, desk))["v-p4"] == (40, 2, Decimal(10), "EUR")

    (again,) = await desk.sync(made, "stock")
    assert counters(again) == (5, 0, 5, 0)
    status = await desk.ask("GET", f"/{made['id']}/status")
    assert status["freshness"]["stock_read_at"] == again["completed_at"]
    assert status["counts"] == {"products": 5, "offers": 5, "in_stock": 4, "unknown_stock": 0}
    assert {each["kind"] for each in (await desk.ask("GET", "/api/v1/sync/schedules"))["items"]} == {
        "products",
        "stock",
    }


async def test_what_is_not_said_stays_and_what_is_not_known_is_counted(
    desk: Desk, warehouse: Warehouse, database: Database
) -> None:
    made = await desk.connect()
    await desk.sync(made)
    warehouse.levels = [
        StockLevel("v-p0", None),
        StockLevel("v-p1", 0),
        StockLevel("v-p2", 7, cost=Decimal("8.5"), currency="EUR"),
        StockLevel("v-p3", 7, cost=Decimal("8.5"), currency="USD"),
        StockLevel("v-stranger", 9),
    ]
    (job,) = await desk.sync(made, "stock")
    assert counters(job) == (5, 3, 1, 1)
    told = await offers(database, desk)
    assert {name: row[0] for name, row in told.items()} == {"v-p0": 3, "v-p1": 0, "v-p2": 7, "v-p3": 7, "v-p4": 3}
    assert (told["v-p2"][2], told["v-p3"][2]) == (Decimal("8.5"), Decimal(10))
    products = await desk.products()
    assert [products[f"Thing p{number}"]["stock"] for number in range(5)] == [3, 0, 7, 7, 3]
    assert [products[f"Thing p{number}"]["cost"] for number in (2, 3)] == ["8.50", "10.00"]


async def test_locked_stock_is_the_sellers(desk: Desk, warehouse: Warehouse, database: Database) -> None:
    made = await desk.connect()
    await desk.sync(made)
    async with database.session(desk.seller.scope) as session:
        await session.execute(text("UPDATE products SET locked_fields = '{stock,cost}' WHERE title = 'Thing p0'"))
    warehouse.levels = [StockLevel("v-p0", 99, cost=Decimal(1), currency="EUR")]
    await desk.sync(made, "stock")
    product = (await desk.products())["Thing p0"]
    assert (product["stock"], product["cost"]) == (3, "10.00")
    assert (await offers(database, desk))["v-p0"][:1] == (99,)


async def test_a_read_that_breaks_off_goes_on_where_it_was(
    desk: Desk, warehouse: Warehouse, database: Database
) -> None:
    made = await desk.connect()
    await desk.sync(made)
    warehouse.levels = [StockLevel(f"v-p{number}", 50) for number in range(5)]
    warehouse.fault, warehouse.fault_after = Unavailable("cut"), 1
    (job,) = await desk.sync(made, "stock")
    assert job["status"] == "failed"
    assert [row[0] for _, row in sorted((await offers(database, desk)).items())] == [50, 50, 3, 3, 3]
    warehouse.fault, warehouse.calls = None, []
    await desk.ask("POST", f"/api/v1/jobs/{job['id']}/retry", status=202)
    await desk.work()
    assert counters(await desk.ask("GET", f"/api/v1/jobs/{job['id']}")) == (5, 5, 0, 0)
    assert len(warehouse.calls) == 2
    assert {product["status"] for product in (await desk.products()).values()} == {"published"}


async def test_stock_leaves_an_import_that_waits_for_a_person_alone(desk: Desk, warehouse: Warehouse) -> None:
    made = await desk.connect()
    await desk.sync(made)
    warehouse.prices = {"p0": Decimal(10)}
    (waiting,) = await desk.sync(made)
    assert waiting["status"] == "waiting", waiting
    warehouse.levels = [StockLevel("v-p0", 1)]
    (stock,) = await desk.sync(made, "stock")
    assert counters(stock) == (1, 1, 0, 0)
    assert (await desk.ask("GET", f"/api/v1/jobs/{waiting['id']}"))["status"] == "waiting"
    await desk.ask("POST", f"/api/v1/jobs/{waiting['id']}/confirm", status=202)
    await desk.work()
    assert (await desk.ask("GET", f"/api/v1/jobs/{waiting['id']}"))["status"] == "completed"
