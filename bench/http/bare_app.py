"""The bare handler: ASGI, asyncpg and orjson, no framework, no authentication, no limits, no log; and the same answer
as the product's list of 50 and single get, byte for byte but for the cursor.

`/products` turns rows into Python dicts and these into JSON; `/aggregated` lets PostgreSQL make the JSON.
"""

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import orjson

from bench.http import bare_sql as sql

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Row = dict[str, Any]

PAGE_SIZE = 50
POOL_SIZE = 10  # as many as the product opens
QUERIES = sql.queries(int(os.environ["BENCH_TENANT"]))
PRODUCT = sql.PRODUCT_FIELDS
VARIANT = sql.VARIANT_FIELDS
OFFER = sql.OFFER_FIELDS
_pools: list[asyncpg.Pool] = []


def _money(text: str) -> str:
    return text[:-2] if text.endswith("00") else text.removesuffix("0")


async def _prepare(connection: asyncpg.Connection) -> None:
    # The wire's own texts where they need no thought: cheaper than Python objects that orjson asks about one by one.
    codecs = (("uuid", str), ("numeric", _money), ("jsonb", orjson.Fragment))
    for name, decoder in codecs:
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=decoder, format="text")


async def _leave_as_it_is(_connection: asyncpg.Connection) -> None:
    # Nothing is ever set on a connection, so the round trip of asyncpg's reset is spared.
    return


async def _complete(connection: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> list[Row]:
    """Products with their sources, variants, offers and images, from rows of products joined with their sources."""
    products: dict[str, Row] = {}
    sources: dict[tuple[str, str], Row] = {}
    for row in rows:
        product = products.get(row["id"])
        if product is None:
            product = products[row["id"]] = {name: row[name] for name in PRODUCT}
            product["stock"] = 0
            product["variants"], product["images"], product["sources"] = [], [], []
        if row["source_id"] is not None:
            source = {"source_id": row["source_id"], "source": row["source"], "external_id": row["source_external_id"]}
            source["url"], source["offers"] = row["url"], []
            sources[product["id"], row["source_id"]] = source
            product["sources"].append(source)
    seen: dict[str, None] = {}
    for row in await connection.fetch(QUERIES.variants, list(products)):
        product = products[row["product_id"]]
        if row["id"] not in seen:
            seen[row["id"]] = None
            product["variants"].append({name: row[name] for name in VARIANT})
            product["stock"] += row["stock"]
        source_of_offer = sources.get((row["product_id"], row["offer_source_id"]))
        if source_of_offer is not None:
            offer = {name: row[f"offer_{name}"] for name in OFFER}
            source_of_offer["offers"].append({"variant_id": row["id"], **offer})
    images: defaultdict[str, list[Row]] = defaultdict(list)
    for row in await connection.fetch(QUERIES.images, list(products)):
        images[row["product_id"]].append({name: row[name] for name in ("id", "url", "alt", "position")})
    for product_id, pictures in images.items():
        products[product_id]["images"] = pictures
    return list(products.values())


def _cursor(created_at: datetime, product_id: str) -> str:
    return f"{created_at.isoformat()},{product_id}"


async def _list(pool: asyncpg.Pool, after: Sequence[object]) -> bytes:
    async with pool.acquire() as connection:
        rows = await connection.fetch(QUERIES.page_after if after else QUERIES.page, *after)
        distinct = dict.fromkeys(row["id"] for row in rows)
        more = len(distinct) > PAGE_SIZE
        shown = set(list(distinct)[:PAGE_SIZE])
        items = await _complete(connection, [row for row in rows if row["id"] in shown])
    cursor = _cursor(items[-1]["created_at"], items[-1]["id"]) if more else None
    return orjson.dumps({"items": items, "next_cursor": cursor, "page_size": PAGE_SIZE}, option=orjson.OPT_UTC_Z)


async def _get(pool: asyncpg.Pool, product_id: str) -> bytes | None:
    async with pool.acquire() as connection:
        items = await _complete(connection, await connection.fetch(QUERIES.single, product_id))
    return orjson.dumps(items[0], option=orjson.OPT_UTC_Z) if items else None


async def _list_aggregated(pool: asyncpg.Pool, after: Sequence[object]) -> bytes:
    rows = await pool.fetch(QUERIES.aggregated_after if after else QUERIES.aggregated, *after)
    shown = rows[:PAGE_SIZE]
    cursor = "null" if len(rows) <= PAGE_SIZE else f'"{_cursor(shown[-1]["created_at"], shown[-1]["id"])}"'
    items = ",".join([row["document"] for row in shown])
    return f'{{"items":[{items}],"next_cursor":{cursor},"page_size":{PAGE_SIZE}}}'.encode()


async def _get_aggregated(pool: asyncpg.Pool, product_id: str) -> bytes | None:
    found = await pool.fetchval(QUERIES.aggregated_single, product_id)
    return None if found is None else found.encode()


def _after(query: bytes) -> Sequence[object]:
    cursor = dict(parse_qsl(query.decode())).get("cursor")
    if cursor is None:
        return ()
    moment, _, product_id = cursor.partition(",")
    return datetime.fromisoformat(moment), product_id


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    kind, _, product_id = scope["path"][1:].partition("/")
    pool = _pools[0]
    if product_id:
        body = await (_get if kind == "products" else _get_aggregated)(pool, product_id)
    else:
        body = await (_list if kind == "products" else _list_aggregated)(pool, _after(scope["query_string"]))
    await _answer(send, [(b"content-type", b"application/json")], body)


async def _answer(send: Send, headers: Iterable[tuple[bytes, bytes]], body: bytes | None) -> None:
    text = body or b""
    headers = [*headers, (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 404 if body is None else 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    size = {"min_size": POOL_SIZE, "max_size": POOL_SIZE}
    _pools.append(await asyncpg.create_pool(os.environ["BENCH_DSN"], **size, init=_prepare, reset=_leave_as_it_is))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _pools.pop().close()
    await send({"type": "lifespan.shutdown.complete"})
