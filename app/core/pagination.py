"""Lists, one way for all features: keyset pages with signed cursors, page numbers for clients that count, sorting and
selection of fields.

A list endpoint declares `query: Annotated[ProductQuery, Query()]` with `class ProductQuery(PageQuery)`; its verb calls
`paginate` for rows and `make_page` for the answer. Repositories with hand-made SQL use `read_cursor`, `write_cursor`
and `Order` themselves.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from starlette.responses import Response

from app.core.errors import FieldError, Unprocessable
from app.core.signing import DIGEST_BYTES, is_signed, sign
from app.core.text import CleanStr

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_OFFSET = 100_000  # deeper pages cost a scan each; cursors go on without end
PURPOSE = "cursor"

T = TypeVar("T")
_WHEN_ASKED = Field(exclude_if=lambda value: value is None)

SortValue = str | int | float | Decimal | datetime | UUID | None


class PageQuery(BaseModel):
    """The query parameters of every list. Other spellings (app/core/dialect.py) are translated before they get here."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows on a page.")] = DEFAULT_LIMIT
    cursor: Annotated[
        CleanStr | None, Field(max_length=1024, description="`next_cursor` of the page before, as it was given.")
    ] = None
    page: Annotated[
        int | None, Field(ge=1, le=MAX_OFFSET, description="Page number; the answer then counts all rows.")
    ] = None
    offset: Annotated[int | None, Field(ge=0, le=MAX_OFFSET, description="Rows to skip; counts like `page`.")] = None
    include_total: Annotated[bool, Field(description="Count all rows; costs a scan.")] = False
    sort: Annotated[
        CleanStr | None, Field(max_length=60, description="Name of the order; a leading `-` descends. Nulls come last.")
    ] = None
    fields: Annotated[
        CleanStr | None, Field(max_length=500, description="Comma list of the fields to answer.", examples=["id,title"])
    ] = None

    def filters(self) -> dict[str, object]:
        """What the rows are chosen by, without paging: a cursor is bound to it."""
        return self.model_dump(mode="json", exclude=set(PageQuery.model_fields), exclude_none=True)


class Page(BaseModel, Generic[T]):
    """One page of a list. `page`, `total` and `total_pages` are answered to clients that page by number or ask for
    the total.
    """

    items: list[T]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page; null on the last one.")
    page_size: int
    page: Annotated[int | None, _WHEN_ASKED] = None
    total: Annotated[int | None, _WHEN_ASKED] = None
    total_pages: Annotated[int | None, _WHEN_ASKED] = None


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The rows of one page, before they become what the wire shows (`make_page`); the total only when it was asked."""

    items: Sequence[T]
    next_cursor: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Sort:
    """One order that a list offers: its column, and how a cursor's text becomes a value of that column."""

    column: InstrumentedAttribute[object] | ColumnElement[object]
    read: Callable[[str], SortValue] = str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The order in force: a name that the list offers, and its direction."""

    name: str
    descending: bool

    @property
    def text(self) -> str:
        return f"-{self.name}" if self.descending else self.name


@dataclass(frozen=True, slots=True)
class CursorScope:
    """What a cursor is valid for; a cursor of another tenant, order or filter is refused."""

    tenant_id: int | None
    order: Order
    filters: Mapping[str, object]

    def fingerprint(self) -> str:
        text = orjson.dumps(
            [self.tenant_id, self.order.text, self.filters], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
        )
        return hashlib.sha256(text).hexdigest()[:16]


def parse_order(text: str | None, offered: Sequence[str] | Mapping[str, Sort], default: str) -> Order:
    """The order that a client asked for, or the default; an order that the list does not offer is refused."""
    asked = text or default
    order = Order(asked.removeprefix("-"), asked.startswith("-"))
    if order.name not in offered:
        raise _refusal("sort", f"cannot sort by {order.name!r}; offered: {', '.join(sorted(offered))}", "sort_unknown")
    return order


def write_cursor(scope: CursorScope, last: Sequence[SortValue]) -> str:
    """An opaque cursor that goes on after a row, given by its key tuple (sort value first, id last)."""
    key = [None if value is None else _text(value) for value in last]
    payload = orjson.dumps([scope.fingerprint(), key])
    return urlsafe_b64encode(sign(PURPOSE, payload) + payload).rstrip(b"=").decode()


def read_cursor(scope: CursorScope, cursor: str) -> list[str | None]:
    """The key tuple of a cursor that we made for this tenant, order and filter; anything else is refused."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise _refusal("cursor", "the cursor is not one of ours", "cursor_invalid") from None
    signature, payload = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
    if not is_signed(PURPOSE, payload, signature):
        raise _refusal("cursor", "the cursor is not one of ours", "cursor_invalid")
    fingerprint, key = orjson.loads(payload)
    if fingerprint != scope.fingerprint():
        message = "the cursor belongs to another order or filter; start again without it"
        raise _refusal("cursor", message, "cursor_mismatch")
    return list(key)


def after(
    sort: Sort, id_column: InstrumentedAttribute[UUID], order: Order, key: Sequence[str | None]
) -> ColumnElement[bool]:
    """The condition `comes after this key` for (sort value, id), nulls last in both directions."""
    text, last_id = key[0], UUID(str(key[1]))
    beyond_id = id_column < last_id if order.descending else id_column > last_id
    if text is None:
        return and_(sort.column.is_(None), beyond_id)
    # A row comparison, so that one index over (column, id) serves both the order and the position.
    left, right = tuple_(sort.column, id_column), tuple_(sort.read(text), last_id)
    beyond = left < right if order.descending else left > right
    return or_(beyond, sort.column.is_(None)) if sort.nullable else beyond


def ordering(
    sort: Sort, id_column: InstrumentedAttribute[UUID], order: Order
) -> tuple[ColumnElement[object], ColumnElement[UUID]]:
    """ORDER BY with the id last, so that the order is total."""
    first, last = sort.column.asc(), id_column.asc()
    if order.descending:
        first, last = sort.column.desc(), id_column.desc()
    return (first.nulls_last() if sort.nullable else first, last)


async def paginate(
    session: AsyncSession,
    statement: Select[T],
    query: PageQuery,
    *,
    sorts: Mapping[str, Sort],
    default_sort: str,
    id_column: InstrumentedAttribute[UUID],
    tenant_id: int | None,
) -> Slice[T]:
    """The rows of one page of an ORM statement, in the order and by the paging dialect that the client used."""
    order = parse_order(query.sort, sorts, default_sort)
    sort = sorts[order.name]
    scope = CursorScope(tenant_id, order, query.filters())
    offset = row_offset(query)
    page_of_rows = statement.add_columns(sort.column).order_by(*ordering(sort, id_column, order))
    if query.cursor:
        page_of_rows = page_of_rows.where(after(sort, id_column, order, read_cursor(scope, query.cursor)))
    elif offset:
        page_of_rows = page_of_rows.offset(offset)
    rows = (await session.execute(page_of_rows.limit(query.limit + 1))).all()
    shown = rows[: query.limit]
    next_cursor = None
    if len(rows) > query.limit:
        entity, value = shown[-1]
        next_cursor = write_cursor(scope, (value, getattr(entity, id_column.key)))
    total = None
    if wants_total(query):
        total = await session.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    return Slice([row[0] for row in shown], next_cursor, total)


def row_offset(query: PageQuery) -> int | None:
    """How many rows a client that pages by number skips; None for one that uses cursors."""
    if query.page is None and query.offset is None:
        return None
    if query.page is not None and query.offset is not None:
        raise _refusal("page", "give page or offset, not both", "contradiction")
    if query.cursor:
        raise _refusal("cursor", "give a cursor or a page number, not both", "contradiction")
    offset = query.offset if query.page is None else (query.page - 1) * query.limit
    if offset is not None and offset > MAX_OFFSET:
        raise _refusal("page", f"pages end at row {MAX_OFFSET}; go on with next_cursor", "page_too_deep")
    return offset


def wants_total(query: PageQuery) -> bool:
    """Whether the answer counts all rows."""
    return query.include_total or query.page is not None or query.offset is not None


def make_page(items: Sequence[T], next_cursor: str | None, query: PageQuery, total: int | None) -> Page[T]:
    """The answer of a list in the dialect that the client used."""
    page = Page[T].model_construct(items=list(items), next_cursor=next_cursor, page_size=query.limit)
    if total is not None:
        page.page = query.page or (query.offset or 0) // query.limit + 1
        page.total = total
        page.total_pages = -(-total // query.limit)
    return page


def page_response(page: Page[Any], query: PageQuery, model: type[BaseModel]) -> Response:
    """A list on the wire, with the fields of `model` that the client selected; for routes that name their
    response_model.
    """
    chosen = parse_fields(query.fields, model)
    if chosen is None:
        return Response(page.model_dump_json(), media_type="application/json")
    content = page.model_dump(mode="json", exclude={"items"})
    content["items"] = [item.model_dump(mode="json", include=set(chosen)) for item in page.items]
    return Response(orjson.dumps(content), media_type="application/json")


def parse_fields(text: str | None, model: type[BaseModel]) -> frozenset[str] | None:
    """The fields that `fields=` selects (`id` always), or None for all; an unknown one is refused."""
    if not text:
        return None
    asked = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := sorted(asked - model.model_fields.keys()):
        offered = ", ".join(model.model_fields)
        raise _refusal("fields", f"unknown field {unknown[0]!r}; offered: {offered}", "field_unknown")
    return asked | ({"id"} & model.model_fields.keys())


def _text(value: SortValue) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _refusal(parameter: str, message: str, code: str) -> Unprocessable:
    return Unprocessable(message, errors=[FieldError(("query", parameter), message, code)])
