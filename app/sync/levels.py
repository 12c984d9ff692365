"""The sync of a supplier's stock: levels in bulk, page by page, each applied as it is read. It archives nothing."""

from collections.abc import AsyncIterator
from typing import Protocol, TypedDict, cast
from uuid import UUID

from app.accounts import tenants
from app.connections.models import Connection, ConnectionStatus
from app.intake import levels, sources
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access
from app.integrations.contracts.stock import StockPage
from app.integrations.contracts.vendor import Vendor
from app.queue.models import JsonObject
from app.queue.outcome import Outcome
from app.queue.run import Run
from app.sync import calling, goods, repository

SYNC_STOCK = "sync_supplier_stock"


class Source(Protocol):
    """What the sync needs of a stock source (contracts.stock.StockSource)."""

    def levels(self, cursor: str | None = None) -> AsyncIterator[StockPage]: ...


class Cursor(TypedDict):
    """How far the sync is."""

    reader: str | None
    listed: int
    changed: int
    unchanged: int
    unknown: int
    is_read: bool


START: Cursor = {"reader": None, "listed": 0, "changed": 0, "unchanged": 0, "unknown": 0, "is_read": False}


async def sync_stock(run: Run) -> Outcome:
    """Take over the quantities, handling days and costs that a supplier tells; what was not listed stays."""
    connection = await calling.get_connection(run)
    if connection.status == ConnectionStatus.PAUSED:
        return calling.paused(connection)
    source_id, currency = await _take_turn(run, connection)

    async def read(vendor: Vendor, access: Access) -> Outcome:
        async with vendors.open_stock(vendor, access) as source:
            return await _apply(run, source, source_id, currency)

    return await calling.carry_out(run, connection, read)


async def _apply(run: Run, source: Source, source_id: UUID, currency: str) -> Outcome:
    cursor = cast("Cursor", run.cursor or START)
    if not cursor["is_read"]:
        async for page in source.levels(cursor["reader"]):
            cursor = await _write_page(run, page, source_id, currency, cursor)
            run.seam("stock_page_written")
    return Outcome.ok(_counters(cursor))


async def _write_page(run: Run, page: StockPage, source_id: UUID, currency: str, before: Cursor) -> Cursor:
    async with run.sessions.begin() as session:
        done = await levels.apply_levels(session, run.job_id, source_id, page.items, default_currency=currency)
        cursor: Cursor = {
            "reader": page.cursor,
            "listed": before["listed"] + len(page.items),
            "changed": before["changed"] + done.changed,
            "unchanged": before["unchanged"] + done.unchanged,
            "unknown": before["unknown"] + done.unknown,
            "is_read": page.cursor is None,
        }
        await run.checkpoint(
            session,
            cast("JsonObject", cursor),
            stage="writing",
            processed=cursor["listed"],
            total=round(cursor["listed"] / page.progress) if page.progress else None,
            message=f"{cursor['listed']:,} levels read",
            counters=_counters(cursor),
        )
    return cursor


def _counters(cursor: Cursor) -> JsonObject:
    return {
        "listed": cursor["listed"],
        "changed": cursor["changed"],
        "unchanged": cursor["unchanged"],
        "unknown": cursor["unknown"],
    }


async def _take_turn(run: Run, connection: Connection) -> tuple[UUID, str]:
    """Goods that are to come first are waited for: stock is told of goods that are known."""
    async with run.sessions.begin() as session:
        source_id = await sources.ensure_connection_source(session, connection.id, connection.name)
        currency = await tenants.get_currency(session, connection.tenant_id)
        is_mine = not await repository.has_older(
            session, connection, run.job_id, (goods.SYNC_SUPPLIER, goods.SYNC_EXTERNAL)
        ) and await sources.take_free_turn(session, source_id, run.job_id)
    if not is_mine:
        run.postpone(f"Waits for the sync of “{connection.name}” before it.", seconds=sources.TURN_SECONDS)
    return source_id, currency
