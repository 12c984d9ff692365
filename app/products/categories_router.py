"""Routes under /categories: the seller's own tree."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.accounts.dependencies import TenantSession
from app.core.pagination import Page, page_response
from app.core.problems import problems
from app.products import categories, errors
from app.products.dependencies import ProductReader, ProductWriter
from app.products.inputs import CategoryChange, CategoryCreate
from app.products.schemas import Category, CategoryQuery, CategoryTree, Deleted

router = APIRouter(prefix="/categories", tags=["categories"])

_WRITE = problems(errors.CategoryNotFound, errors.CategoryNameTaken, errors.CategoryLoop, errors.CategoryTooDeep)


@router.get("", response_model=Page[Category])
async def list_categories(
    actor: ProductReader, session: TenantSession, query: Annotated[CategoryQuery, Query()]
) -> Response:
    """A page of the categories, by path; `parent_id` shows those directly below one."""
    return page_response(await categories.list_categories(session, query, actor.tenant_id), query, Category)


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
async def create_category(body: CategoryCreate, actor: ProductWriter, session: TenantSession) -> Category:
    """Make a category below a parent, or as a root."""
    return await categories.create_category(session, body)


@router.get("/tree")
async def get_category_tree(actor: ProductReader, session: TenantSession) -> CategoryTree:
    """The whole tree."""
    return CategoryTree(items=await categories.get_tree(session))


@router.get("/{category_id}", responses=problems(errors.CategoryNotFound))
async def get_category(category_id: UUID, actor: ProductReader, session: TenantSession) -> Category:
    """One category."""
    return await categories.get_category(session, category_id)


@router.patch("/{category_id}", responses=_WRITE)
async def update_category(
    category_id: UUID, body: CategoryChange, actor: ProductWriter, session: TenantSession
) -> Category:
    """Rename or move a category with everything below it."""
    return await categories.change_category(session, category_id, body)


@router.delete("/{category_id}", responses=problems(errors.CategoryNotFound, errors.CategoryNotEmpty))
async def delete_category(category_id: UUID, actor: ProductWriter, session: TenantSession) -> Deleted:
    """Remove a category that has none below it; its products stay, without a category."""
    await categories.delete_category(session, category_id)
    return Deleted(id=category_id)
