"""The seller's category tree as feeds name it: paths become nodes the first time they are met.

A node remembers the path that a feed gave it (`external_path`), so a rename by the seller does not make it twice.
"""

from collections.abc import Iterable
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake.match import IS_EXPORT, PRODUCTS, Batch
from app.products import bounds
from app.products.categories import SEPARATOR, ensure_node

CategoryPath = tuple[str, ...]

_PATHS = text(f"""
SELECT p.category_path, bool_or({IS_EXPORT}) FROM staged_products p
WHERE {PRODUCTS} AND p.category_path IS NOT NULL GROUP BY p.category_path
""")
_ASSIGN = text(f"""
UPDATE staged_products p SET category_id = named.id
FROM (SELECT nodes.path, nodes.id FROM jsonb_to_recordset(CAST(:nodes AS jsonb)) AS nodes (path text[], id uuid)) named
WHERE {PRODUCTS} AND p.category_path = named.path
""")

_KNOWN = text("SELECT lower(external_path), id FROM categories WHERE lower(external_path) = ANY(:paths)")
_REMEMBER = text("UPDATE categories SET external_path = :path WHERE id = :id AND external_path IS NULL")


async def assign(session: AsyncSession, batch: Batch) -> None:
    """Give the batch's staged products the ids of their categories, made now that they are about to be written."""
    paths = [(tuple(path), is_own) for path, is_own in await session.execute(_PATHS, batch.params)]
    if not paths:
        return
    found = await ensure_paths(session, sorted(path for path, is_own in paths if not is_own))
    found |= await ensure_own_paths(session, sorted(path for path, is_own in paths if is_own))
    nodes = [{"path": path, "id": str(node)} for path, node in found.items()]
    await session.execute(_ASSIGN, {**batch.params, "nodes": orjson.dumps(nodes).decode()})


async def ensure_paths(session: AsyncSession, paths: Iterable[CategoryPath]) -> dict[CategoryPath, UUID]:
    """The node of each path; nodes that are missing are made."""
    wanted = {path: _joined(path) for path in paths}
    lowered = [joined.lower() for joined in wanted.values()]
    known = {path: UUID(str(found)) for path, found in await session.execute(_KNOWN, {"paths": lowered})}
    nodes: dict[CategoryPath, UUID] = {}
    for path, joined in wanted.items():
        nodes[path] = known.get(joined.lower()) or await _make(session, _bounded(path), joined)
    return nodes


async def ensure_own_paths(session: AsyncSession, paths: Iterable[CategoryPath]) -> dict[CategoryPath, UUID]:
    """The node of each path of names in the seller's tree as it is now; nodes that are missing are made."""
    return {path: await _walk(session, _bounded(path)) for path in paths}


async def _make(session: AsyncSession, names: CategoryPath, joined: str) -> UUID:
    node = await _walk(session, names)
    await session.execute(_REMEMBER, {"id": node, "path": joined})
    return node


async def _walk(session: AsyncSession, names: CategoryPath) -> UUID:
    node: UUID | None = None
    for depth, name in enumerate(names, 1):
        node = await ensure_node(session, node, name, _joined(names[:depth]))
    if node is None:
        raise ValueError("a category path has at least one name")
    return node


def _bounded(path: CategoryPath) -> CategoryPath:
    return tuple(name[: bounds.CATEGORY_NAME] for name in path[: bounds.CATEGORY_DEPTH])


def _joined(path: CategoryPath) -> str:
    return SEPARATOR.join(path)[: bounds.CATEGORY_PATH]
