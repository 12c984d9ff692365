"""Routes under /products/{id} for its parts: variants and images. Every write answers the whole product, whose version
it bumps.
"""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.accounts.dependencies import TenantSession
from app.core.errors import PreconditionFailed
from app.core.problems import problems
from app.products import errors, images, reads, variants
from app.products.answers import product_answer
from app.products.dependencies import Lock, MeantState, ProductReader, ProductWriter, ReadDatabase, TenantId
from app.products.inputs import ImageItem, VariantChange, VariantInput
from app.products.schemas import Deleted, ImageList, Product, Variant, VariantList

router = APIRouter(prefix="/products", tags=["products"])

_NOT_FOUND = problems(errors.ProductNotFound)


@router.get("/{product_id}/variants", responses=_NOT_FOUND)
async def list_variants(
    product_id: UUID, actor: ProductReader, database: ReadDatabase, tenant_id: TenantId
) -> VariantList:
    """The variants of a product in order; the first is the main one."""
    found = await reads.get_product(database, tenant_id, product_id)
    return VariantList(items=found.product.variants)


@router.post(
    "/{product_id}/variants",
    response_model=Product,
    status_code=status.HTTP_201_CREATED,
    responses=problems(
        errors.ProductNotFound, errors.SkuTaken, errors.OptionsTaken, errors.TooManyParts, PreconditionFailed
    ),
)
async def create_variant(
    product_id: UUID, body: VariantInput, actor: ProductWriter, check_state: MeantState, session: TenantSession
) -> Response:
    """Add a variant behind the others."""
    variant_id = await variants.add_variant(session, actor, product_id, body, check_state=check_state)
    location = {"Location": f"/api/v1/products/{product_id}/variants/{variant_id}"}
    return product_answer(await reads.get_document(session, product_id), 201, location)


@router.get("/{product_id}/variants/{variant_id}", responses=problems(errors.ProductNotFound, errors.VariantNotFound))
async def get_variant(
    product_id: UUID, variant_id: UUID, actor: ProductReader, database: ReadDatabase, tenant_id: TenantId
) -> Variant:
    """One variant."""
    return await reads.get_variant(database, tenant_id, product_id, variant_id)


@router.patch(
    "/{product_id}/variants/{variant_id}",
    response_model=Product,
    responses=problems(errors.VariantNotFound, errors.SkuTaken, errors.OptionsTaken, PreconditionFailed),
)
async def update_variant(
    product_id: UUID,
    variant_id: UUID,
    body: VariantChange,
    actor: ProductWriter,
    check_state: MeantState,
    session: TenantSession,
) -> Response:
    """Change the fields of a variant that the body names."""
    await variants.change_variant(session, actor, product_id, variant_id, body, check_state=check_state)
    return product_answer(await reads.get_document(session, product_id))


@router.delete(
    "/{product_id}/variants/{variant_id}",
    responses=problems(errors.VariantNotFound, errors.LastVariant, errors.VariantReserved, PreconditionFailed),
)
async def delete_variant(
    product_id: UUID, variant_id: UUID, actor: ProductWriter, check_state: MeantState, session: TenantSession
) -> Deleted:
    """Remove a variant; the last one stays."""
    await variants.remove_variant(session, product_id, variant_id, check_state=check_state)
    return Deleted(id=variant_id)


@router.get("/{product_id}/images", responses=_NOT_FOUND)
async def list_images(product_id: UUID, actor: ProductReader, database: ReadDatabase, tenant_id: TenantId) -> ImageList:
    """The pictures of a product in order."""
    found = await reads.get_product(database, tenant_id, product_id)
    return ImageList(items=found.product.images)


@router.post(
    "/{product_id}/images",
    response_model=Product,
    status_code=status.HTTP_201_CREATED,
    responses=problems(errors.ProductNotFound, errors.TooManyParts, PreconditionFailed),
)
async def add_image(
    product_id: UUID,
    body: ImageItem,
    actor: ProductWriter,
    check_state: MeantState,
    session: TenantSession,
    lock: Lock = True,
) -> Response:
    """Add a picture by its address, behind the others."""
    await images.add_image(session, product_id, body, lock=lock, check_state=check_state)
    return product_answer(await reads.get_document(session, product_id), 201)


@router.delete("/{product_id}/images/{image_id}", responses=problems(errors.ImageNotFound, PreconditionFailed))
async def delete_image(
    product_id: UUID,
    image_id: UUID,
    actor: ProductWriter,
    check_state: MeantState,
    session: TenantSession,
    lock: Lock = True,
) -> Deleted:
    """Take a picture away."""
    await images.remove_image(session, product_id, image_id, lock=lock, check_state=check_state)
    return Deleted(id=image_id)
