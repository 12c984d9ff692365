"""The seller's own category tree: reading, making, moving, deleting, and finding a category by a name."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError
from app.core.ids import new_id
from app.core.pagination import Page, Sort, make_page, paginate
from app.products import bounds
from app.products.errors import (
    CategoryLoop,
    CategoryNameTaken,
    CategoryNotEmpty,
    CategoryNotFound,
    CategoryTooDeep,
)
from app.products.inputs import CategoryChange, CategoryCreate
from app.products.models import Category
from app.products.schemas import Category as CategoryView
from app.products.schemas import CategoryNode, CategoryQuery

SEPARATOR = " > "

_BELOW = """
WITH RECURSIVE below AS (
  SELECT id, path, 1 AS depth FROM categories WHERE id = :id
  UNION ALL
  SELECT child.id, below.path || ' > ' || child.name, below.depth + 1
  FROM categories child JOIN below ON child.parent_id = below.id
)
"""
_MOVE_BELOW = text(
    _BELOW + "UPDATE categories SET path = below.path, updated_at = now() FROM below"
    " WHERE categories.id = below.id AND categories.path <> below.path"
)
_LONGEST_BELOW = text(_BELOW + "SELECT max(depth), max(char_length(path)) FROM below")


_ORDERS = {
    "path": Sort(func.lower(Category.path)),
    "name": Sort(func.lower(Category.name)),
    "created_at": Sort(Category.created_at, datetime.fromisoformat),
}


def slug_of(name: str) -> str:
    """A name as part of an address."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "category"


async def list_categories(session: AsyncSession, query: CategoryQuery, tenant_id: int | None) -> Page[CategoryView]:
    """A page of the categories by path, all of them or those directly below one."""
    statement = select(Category)
    if query.parent_id is not None:
        statement = statement.where(Category.parent_id == query.parent_id)
    found = await paginate(
        session, statement, query, sorts=_ORDERS, default_sort="path", id_column=Category.id, tenant_id=tenant_id
    )
    return make_page([_view(category) for category in found.items], found.next_cursor, query, found.total)


async def get_tree(session: AsyncSession) -> list[CategoryNode]:
    """The whole tree, siblings by position and name."""
    rows = await session.scalars(select(Category).order_by(Category.position, func.lower(Category.name)))
    nodes = {row.id: CategoryNode.model_validate(row, from_attributes=True) for row in rows}
    roots: list[CategoryNode] = []
    for node in nodes.values():
        siblings = roots if node.parent_id is None else nodes[node.parent_id].children
        siblings.append(node)
    return roots


async def get_category(session: AsyncSession, category_id: UUID) -> CategoryView:
    """A category by id; raises CategoryNotFound."""
    return _view(await _get(session, category_id))


async def get_names(session: AsyncSession, category_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of those categories that there are, by id."""
    if not category_ids:
        return {}
    found = await session.execute(select(Category.id, Category.name).where(Category.id.in_(category_ids)))
    return {row.id: row.name for row in found}


async def _get(session: AsyncSession, category_id: UUID) -> Category:
    category = await session.get(Category, category_id)
    if category is None:
        raise CategoryNotFound
    return category


def _view(category: Category) -> CategoryView:
    return CategoryView.model_validate(category, from_attributes=True)


async def create_category(session: AsyncSession, body: CategoryCreate) -> CategoryView:
    """Add a category below a parent, or as a root."""
    parent = None if body.parent_id is None else await _get(session, body.parent_id)
    category = Category(id=new_id(), parent_id=body.parent_id, position=body.position)
    _name(category, body.name, parent)
    session.add(category)
    await _flush(session)
    await _check_size(session, category.id)
    await session.refresh(category)
    return _view(category)


async def change_category(session: AsyncSession, category_id: UUID, body: CategoryChange) -> CategoryView:
    """Rename or move a category with everything below it."""
    # Two moves at once could close a circle that neither of them sees.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("categories.move"))))
    category = await _get(session, category_id)
    if body.position is not None:
        category.position = body.position
    if "parent_id" in body.model_fields_set:
        category.parent_id = body.parent_id
    parent = None if category.parent_id is None else await _get(session, category.parent_id)
    await _refuse_loop(session, category_id, parent)
    _name(category, body.name or category.name, parent)
    category.updated_at = func.now()
    await _flush(session)
    await session.execute(_MOVE_BELOW, {"id": category_id})
    await _check_size(session, category_id)
    await session.refresh(category)
    return _view(category)


async def delete_category(session: AsyncSession, category_id: UUID) -> None:
    """Remove a category that has none below it; its products stay, without a category."""
    category = await _get(session, category_id)
    below = await session.scalar(select(func.count()).where(Category.parent_id == category_id))
    if below:
        raise CategoryNotEmpty
    await session.delete(category)
    await _flush(session, gone=CategoryNotEmpty)


async def ensure_category(session: AsyncSession, named: str) -> UUID:
    """The category that a client means by a path or a name; made, with what is above it, when there is none."""
    lowered = named.lower()
    known = select(Category.id).where(
        or_(
            func.lower(Category.path) == lowered,
            func.lower(Category.external_path) == lowered,
            func.lower(Category.name) == lowered,
        )
    )
    by_closeness = known.order_by(
        (func.lower(Category.path) == lowered).desc(), func.length(Category.path), Category.id
    )
    if (found := await session.scalar(by_closeness.limit(1))) is not None:
        return found
    names = [name.strip()[: bounds.CATEGORY_NAME] for name in named.split(SEPARATOR.strip()) if name.strip()]
    if not 1 <= len(names) <= bounds.CATEGORY_DEPTH:
        raise CategoryTooDeep
    parent_id: UUID | None = None
    for depth, name in enumerate(names, 1):
        parent_id = await ensure_node(session, parent_id, name, SEPARATOR.join(names[:depth]))
    if parent_id is None:
        raise CategoryNotFound
    return parent_id


async def ensure_node(session: AsyncSession, parent_id: UUID | None, name: str, path: str) -> UUID:
    """The category of this name below a parent (None: at the root), made when there is none."""
    # Two statements, so that the second one sees what another transaction made meanwhile.
    made = insert(Category).values(id=new_id(), parent_id=parent_id, name=name, slug=slug_of(name), path=path)
    await session.execute(made.on_conflict_do_nothing())
    same_place = Category.parent_id.is_not_distinct_from(parent_id)
    found = await session.scalars(select(Category.id).where(same_place, func.lower(Category.name) == name.lower()))
    return found.one()


def _name(category: Category, name: str, parent: Category | None) -> None:
    category.name, category.slug = name, slug_of(name)
    category.path = name if parent is None else parent.path + SEPARATOR + name


async def _refuse_loop(session: AsyncSession, category_id: UUID, parent: Category | None) -> None:
    while parent is not None:
        if parent.id == category_id:
            raise CategoryLoop
        parent = None if parent.parent_id is None else await _get(session, parent.parent_id)


async def _check_size(session: AsyncSession, category_id: UUID) -> None:
    category = await _get(session, category_id)
    depth, length = (await session.execute(_LONGEST_BELOW, {"id": category_id})).one()
    above = category.path.count(SEPARATOR)
    if above + depth > bounds.CATEGORY_DEPTH or length > bounds.CATEGORY_PATH:
        raise CategoryTooDeep


async def _flush(session: AsyncSession, *, gone: type[AppError] = CategoryNotFound) -> None:
    # Another transaction may have deleted the parent, or added a child, since we looked.
    try:
        await session.flush()
    except IntegrityError as refused:
        if "uq_categories_parent_id_name" in str(refused.orig):
            raise CategoryNameTaken from None
        if "fk_categories_parent_id" in str(refused.orig):
            raise gone from None
        raise
