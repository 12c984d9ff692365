"""The bodies and answers of older clients' paths (legacy.py), made from ours: the flat shapes of the product API."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.accounts.schemas import TokenAnswer, UserView
from app.products.inputs import ProductChange, ProductCreate
from app.products.schemas import Product, ProductPage
from app.products.wire import Money, Timestamp
from app.queue.models import Job
from app.queue.names import JobStatus
from app.sync.schemas import RunView

# The words that older clients know for the states of a sync.
STATES: Mapping[JobStatus, str] = MappingProxyType({JobStatus.RUNNING: "in_progress", JobStatus.WAITING: "pending"})
SIZES = ("height", "length", "depth")
LARGEST_SIZE = 1_000_000
_SIZE = TypeAdapter(Annotated[Decimal, Field(ge=0, le=LARGEST_SIZE, allow_inf_nan=False)] | None)


class OlderUser(BaseModel):
    """A person; `role` is that of the platform."""

    id: UUID
    email: str
    role: Literal["user", "admin"]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, user: UserView) -> Self:
        return cls(
            id=user.id,
            email=user.email,
            role="admin" if user.is_admin else "user",
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class OlderToken(BaseModel):
    """Send `access_token` as `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a scheme, not a secret)
    refresh_token: str
    expires_in: int

    @classmethod
    def of(cls, answer: TokenAnswer) -> Self:
        return cls(access_token=answer.access_token, refresh_token=answer.refresh_token, expires_in=answer.expires_in)


def _sizes_to_attributes(body: JsonValue) -> JsonValue:
    if not isinstance(body, dict) or not any(name in body for name in SIZES):
        return body
    said = {name: value for name, value in body.items() if name not in SIZES}
    try:
        sizes = {name: _SIZE.validate_python(body[name]) for name in SIZES if name in body}
    except ValidationError:
        message = "height, length and depth are numbers from 0 to {most}"
        raise PydanticCustomError("size_invalid", message, {"most": LARGEST_SIZE}) from None
    attributes = said.get("attributes") or {}
    if not isinstance(attributes, dict):
        return body
    return {**said, "attributes": {**attributes, **{name: str(size) for name, size in sizes.items() if size}}}


class OlderProductCreate(ProductCreate):
    """A product to make: `name` (or `title`), `description`, `price`, `category`, and the sizes `height`, `length`,
    `depth`, which become attributes. The fields of POST /api/v1/products are accepted too.
    """

    _sizes = model_validator(mode="before")(staticmethod(_sizes_to_attributes))


class OlderProductChange(ProductChange):
    """The fields of a product to change; what is absent stays."""

    _sizes = model_validator(mode="before")(staticmethod(_sizes_to_attributes))


class OlderProduct(BaseModel):
    """A product, flat. `owner_id` is the tenant."""

    id: UUID
    title: str
    name: str = Field(description="The same as `title`.")
    description: str
    price: Money | None
    currency: str | None
    category: str | None = Field(description="The category's name.")
    stock: int
    height: str | None
    length: str | None
    depth: str | None
    external_id: str | None = Field(description="What the product's source calls it.")
    owner_id: int | None
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, product: Product, categories: Mapping[UUID, str], owner_id: int | None) -> Self:
        # Goods of product APIs bring theirs along as “Height”, as attributes are called there.
        sizes = {name: product.attributes.get(name, product.attributes.get(name.title())) for name in SIZES}
        return cls(
            id=product.id,
            title=product.title,
            name=product.title,
            description=product.description,
            price=product.price,
            currency=product.currency,
            category=None if product.category_id is None else categories.get(product.category_id),
            stock=product.stock,
            **{name: None if size is None else str(size) for name, size in sizes.items()},
            external_id=product.sources[0].external_id if product.sources else None,
            owner_id=owner_id,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


class OlderProductPage(BaseModel):
    """A page of products, always counted."""

    products: list[OlderProduct]
    total: int
    skip: int
    limit: int
    page: int
    page_size: int
    total_pages: int

    @classmethod
    def of(cls, found: ProductPage, skip: int, categories: Mapping[UUID, str], owner_id: int) -> Self:
        return cls(
            products=[OlderProduct.of(product, categories, owner_id) for product in found.items],
            total=found.total or 0,
            skip=skip,
            limit=found.page_size,
            page=found.page or 1,
            page_size=found.page_size,
            total_pages=found.total_pages or 0,
        )


class OlderSyncStarted(BaseModel):
    """A sync that was just started; it is the job `task_id`."""

    status: Literal["started"] = "started"
    task_id: UUID
    provider_type: str
    message: str

    @classmethod
    def of(cls, job: Job, provider: str) -> Self:
        message = f"The sync with {provider} was started; GET /sync/status tells how it goes."
        return cls(task_id=job.id, provider_type=provider, message=message)


class OlderSyncResult(BaseModel):
    """What a sync has done."""

    added: int
    updated: int
    total_processed: int


class OlderSyncStatus(BaseModel):
    """The newest sync; `idle` before the first."""

    status: Literal["idle", "pending", "in_progress", "completed", "failed", "cancelled"]
    task_id: UUID | None = None
    current: int = 0
    total: int | None = None
    result: OlderSyncResult | None = None
    error: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @classmethod
    def of(cls, run: RunView | None) -> Self:
        if run is None:
            return cls(status="idle")
        result = None
        if run.status == JobStatus.COMPLETED:
            added, updated = (int(str(run.counters.get(name, 0))) for name in ("created", "updated"))
            result = OlderSyncResult(added=added, updated=updated, total_processed=run.items_processed)
        return cls.model_validate(
            {
                "status": STATES.get(run.status, run.status.value),
                "task_id": run.id,
                "current": run.items_processed,
                "total": run.items_total,
                "result": result,
                "error": run.error_message,
                "started_at": run.started_at,
                "completed_at": run.completed_at,
            }
        )
