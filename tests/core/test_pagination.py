"""Lists over a real table: every row exactly once in either dialect, and cursors that cannot be bent."""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import Numeric, Text, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from app.core.errors import Unprocessable
from app.core.ids import new_id
from app.core.pagination import (
    CursorScope,
    Order,
    Page,
    PageQuery,
    Slice,
    Sort,
    make_page,
    page_response,
    paginate,
    parse_fields,
    parse_order,
    read_cursor,
    row_offset,
    write_cursor,
)
from tests.support.servers import TestServers, fresh_database

ROWS = 57


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))


class ThingQuery(PageQuery):
    title: str | None = None


SORTS = {"title": Sort(Thing.title), "price": Sort(Thing.price, Decimal, nullable=True)}


@pytest.fixture(scope="module")
async def session(servers: TestServers) -> AsyncIterator[AsyncSession]:
    with fresh_database(servers) as url:
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine) as session:
            # Ties in both columns, and nulls, so that order and position depend on the id too.
            session.add_all(
                Thing(id=new_id(), title=f"title {n % 5}", price=None if n % 4 == 0 else Decimal(n % 7) / 3)
                for n in range(ROWS)
            )
            await session.commit()
            yield session
        await engine.dispose()


async def page(session: AsyncSession, query: PageQuery, tenant_id: int = 1) -> Slice[Thing]:
    return await paginate(
        session, select(Thing), query, sorts=SORTS, default_sort="-title", id_column=Thing.id, tenant_id=tenant_id
    )


@pytest.mark.parametrize("sort", ["title", "-title", "price", "-price"])
@pytest.mark.parametrize("limit", [1, 10, 57, 200])
async def test_walks_every_row_once_in_order(session: AsyncSession, sort: str, limit: int) -> None:
    seen: list[Thing] = []
    cursor = None
    while True:
        answer = await page(session, ThingQuery(sort=sort, limit=limit, cursor=cursor))
        seen += answer.items
        cursor = answer.next_cursor
        if cursor is None:
            break
    assert len({thing.id for thing in seen}) == len(seen) == ROWS
    values = [getattr(thing, sort.lstrip("-")) for thing in seen]
    filled = [value for value in values if value is not None]
    assert filled == sorted(filled, reverse=sort.startswith("-"))
    assert values[: len(filled)] == filled, "nulls come last in both directions"


async def test_pages_by_number_see_the_same_rows_as_cursors(session: AsyncSession) -> None:
    by_number = [await page(session, ThingQuery(page=number, limit=20)) for number in (1, 2, 3)]
    first = await page(session, ThingQuery(limit=20))
    assert [thing.id for thing in by_number[0].items] == [thing.id for thing in first.items]
    assert len({thing.id for answer in by_number for thing in answer.items}) == ROWS
    assert {answer.total for answer in by_number} == {ROWS}


async def test_counts_only_when_asked(session: AsyncSession) -> None:
    assert (await page(session, ThingQuery(limit=2))).total is None
    assert (await page(session, ThingQuery(limit=2, include_total=True))).total == ROWS


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        (PageQuery(limit=20), {}),
        (PageQuery(limit=20, page=2), {"page": 2, "total": 57, "total_pages": 3}),
        (PageQuery(limit=20, offset=40), {"page": 3, "total": 57, "total_pages": 3}),
        (PageQuery(limit=20, include_total=True), {"page": 1, "total": 57, "total_pages": 3}),
    ],
)
def test_answers_numbers_only_to_clients_that_page_by_number(query: PageQuery, counts: dict[str, int]) -> None:
    answer = make_page(["a"], "next", query, 57 if counts else None).model_dump()
    assert answer == {"items": ["a"], "next_cursor": "next", "page_size": 20} | counts


@pytest.mark.parametrize(
    "changed",
    [
        {"sort": "price"},
        {"sort": "title"},
        {"title": "other"},
    ],
)
async def test_refuses_a_cursor_of_another_order_or_filter(session: AsyncSession, changed: dict[str, str]) -> None:
    cursor = (await page(session, ThingQuery(limit=5))).next_cursor
    with pytest.raises(Unprocessable, match="another order or filter"):
        await page(session, ThingQuery(limit=5, cursor=cursor, **changed))


async def test_refuses_a_cursor_of_another_tenant(session: AsyncSession) -> None:
    cursor = (await page(session, ThingQuery(limit=5), tenant_id=1)).next_cursor
    with pytest.raises(Unprocessable):
        await page(session, ThingQuery(limit=5, cursor=cursor), tenant_id=2)


async def test_a_cursor_may_go_on_with_another_page_size(session: AsyncSession) -> None:
    cursor = (await page(session, ThingQuery(limit=5))).next_cursor
    assert len((await page(session, ThingQuery(limit=50, cursor=cursor))).items) == 50


def test_refuses_every_changed_byte_of_a_cursor() -> None:
    scope = CursorScope(1, Order("title", descending=False), {})
    cursor = write_cursor(scope, ("a", new_id()))
    assert read_cursor(scope, cursor)[0] == "a"
    for position in range(len(cursor) - 1):
        changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        with pytest.raises(Unprocessable):
            read_cursor(scope, changed)


@pytest.mark.parametrize("cursor", ["not-base64", "", "é", "AAAA", "=" * 9, "a" * 1000])
def test_refuses_what_was_never_a_cursor(cursor: str) -> None:
    with pytest.raises(Unprocessable):
        read_cursor(CursorScope(1, Order("title", descending=False), {}), cursor)


@pytest.mark.parametrize("asked", ["password_hash", "id;select 1", "--title", "-"])
def test_refuses_an_order_that_is_not_offered(asked: str) -> None:
    with pytest.raises(Unprocessable, match="offered: price, title"):
        parse_order(asked, SORTS, "-title")


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"limit": -1}, {"limit": 201}, {"offset": 10**12}, {"page": "1;2"}, {"page": 0}, {"unknown": 1}],
)
def test_refuses_pages_out_of_bounds(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PageQuery.model_validate(wrong)


@pytest.mark.parametrize(
    "query",
    [
        PageQuery(page=1000, limit=200),
        PageQuery(page=1, offset=1),
        PageQuery(page=1, cursor="x"),
    ],
)
def test_refuses_deep_and_contradictory_pages(query: PageQuery) -> None:
    with pytest.raises(Unprocessable):
        row_offset(query)


class Shown(BaseModel):
    id: int
    title: str


@pytest.mark.parametrize("fields", [None, "title", "id"])
def test_answers_the_selected_fields_of_every_row(fields: str | None) -> None:
    query = PageQuery(fields=fields, limit=2)
    answer = page_response(
        make_page([Shown(id=1, title="a"), Shown(id=2, title="b")], "next", query, None), query, Shown
    )
    rows = [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]
    chosen = [{"id": row["id"]} for row in rows] if fields == "id" else rows
    assert orjson.loads(answer.body) == {"items": chosen, "next_cursor": "next", "page_size": 2}


def test_the_documentation_of_a_page_keeps_its_shape() -> None:
    schema = Page[Shown].model_json_schema(mode="serialization")
    assert set(schema["properties"]) == {"items", "next_cursor", "page_size", "page", "total", "total_pages"}
    assert schema["properties"]["items"]["items"] == {"$ref": "#/$defs/Shown"}


def test_selects_known_fields_and_always_the_id() -> None:
    assert parse_fields("title", Shown) == {"id", "title"}
    assert parse_fields(None, Shown) is None
    with pytest.raises(Unprocessable, match="offered: id, title"):
        parse_fields("title,password", Shown)
    with pytest.raises(Unprocessable):
        parse_fields("*", Shown)
