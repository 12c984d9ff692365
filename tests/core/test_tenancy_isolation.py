"""One tenant never sees another's rows: over a small pool, through exceptions and requests that are cut off, and
whatever is tried as a tenant's name.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Membership, Tenant, User, UserSession
from app.core.config import Settings
from app.core.database import Database, ScopedSession
from app.core.ids import new_id
from app.core.tenancy import MAX_TENANT_ID, NO_SCOPE, Scope, schema_name, table
from app.products.models import Category
from tests.conftest import MakeSeller, Seller

TENANTS = 20
REQUESTS = 1_000
POOL = 5
OWN_ROWS = 3
SEED = 20_26_11


@pytest.fixture(scope="module")
async def sellers(make_seller: MakeSeller, database: Database) -> list[Seller]:
    """Tenants with rows of the same kind each, marked with their tenant."""
    made = [await make_seller() for _ in range(TENANTS)]
    for seller in made:
        async with database.session(seller.scope) as session:
            session.add_all(category(seller, f"{number}") for number in range(OWN_ROWS))
    return made


@pytest.fixture(scope="module")
async def pool(settings: Settings) -> AsyncIterator[Database]:
    """Five connections, which the requests queue for."""
    made = Database(settings.model_copy(update={"database_pool_timeout": 120.0}), pool_size=POOL)
    yield made
    await made.close()


def mark(seller: Seller) -> str:
    return f"of tenant {seller.tenant_id}, "


def category(seller: Seller, name: str) -> Category:
    full = mark(seller) + name
    return Category(id=new_id(), name=full, slug=full, path=full)


async def foreign_rows(session: AsyncSession, seller: Seller) -> list[object]:
    """Everything in reach of a session that is not the seller's; and that their own rows are."""
    names = (await session.scalars(select(Category.name))).all()
    assert sum(name.startswith(mark(seller)) for name in names) >= OWN_ROWS
    found: list[object] = [name for name in names if not name.startswith(mark(seller))]
    found += [each for each in await session.scalars(select(Tenant.id)) if each != seller.tenant_id]
    found += [each for each in await session.scalars(select(Membership.tenant_id)) if each != seller.tenant_id]
    found += [each for each in await session.scalars(select(User.id)) if each != seller.user_id]
    found += [each for each in await session.scalars(select(UserSession.user_id)) if each != seller.user_id]
    return found


async def reading(pool: Database, seller: Seller) -> list[object]:
    async with pool.session(seller.scope) as session:
        return await foreign_rows(session, seller)


async def writing(pool: Database, seller: Seller) -> list[object]:
    async with pool.session(seller.scope) as session:
        session.add(category(seller, f"written {new_id()}"))
        await session.flush()
        return await foreign_rows(session, seller)


async def failing(pool: Database, seller: Seller) -> list[object]:
    with pytest.raises(DBAPIError):  # noqa: PT012 (the block is the request)
        async with pool.session(seller.scope) as session:
            session.add(category(seller, "never kept"))
            await session.flush()
            await session.execute(text("SELECT 1 / 0"))
    return []


async def raising(pool: Database, seller: Seller) -> list[object]:
    with pytest.raises(RuntimeError):  # noqa: PT012 (the block is the request)
        async with pool.session(seller.scope) as session:
            session.add(category(seller, "never kept"))
            await session.flush()
            raise RuntimeError("the handler failed")
    return []


async def cut_off(pool: Database, seller: Seller) -> list[object]:
    async def slow() -> None:
        async with pool.session(seller.scope) as session:
            session.add(category(seller, "never kept"))
            await session.flush()
            await session.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(random.uniform(0.001, 0.05)):
            await slow()
    return []


async def reading_by_name(pool: Database, seller: Seller) -> list[object]:
    async with pool.read() as connection:
        names = await connection.scalars(text(f"SELECT name FROM {table(seller.tenant_id, 'categories')}"))
        found: list[object] = [name for name in names if not name.startswith(mark(seller))]
        # Outside a transaction nothing of the scope is left on the connection.
        left = "SELECT current_setting('search_path') <> 'public' OR current_setting('app.tenant_id', true) <> ''"
        return found + ["the scope of another"] * bool(await connection.scalar(text(left)))


async def nobody(pool: Database, _seller: Seller) -> list[object]:
    found: list[object] = []
    async with pool.session(NO_SCOPE) as session:
        for model in (Tenant.id, Membership.tenant_id, User.id, UserSession.id):
            found += (await session.scalars(select(model))).all()
    with pytest.raises(ProgrammingError, match="categories"):
        async with pool.session(NO_SCOPE) as session:
            await session.execute(select(Category.name))
    return found


KINDS = (reading, reading, writing, failing, raising, cut_off, reading_by_name, nobody)


async def test_a_thousand_interleaved_requests_of_twenty_tenants_see_no_foreign_row(
    pool: Database, sellers: list[Seller]
) -> None:
    random.seed(SEED)
    work = [(random.choice(KINDS), random.choice(sellers)) for _ in range(REQUESTS)]
    seen = await asyncio.gather(*(kind(pool, seller) for kind, seller in work))
    assert [rows for rows in seen if rows] == []
    for seller in sellers:
        async with pool.session(seller.scope) as session:
            kept = (await session.scalars(select(Category.name))).all()
        written = sum(kind is writing and each is seller for kind, each in work)
        assert len(kept) == OWN_ROWS + written
        assert not [name for name in kept if "never kept" in name]


async def test_the_scope_is_applied_anew_to_every_transaction_of_a_session(
    pool: Database, sellers: list[Seller]
) -> None:
    seller, info = sellers[0], {"scope": sellers[0].scope}
    async with AsyncSession(pool.engine, sync_session_class=ScopedSession, info=info) as session:
        for _ in range(3):
            assert not await foreign_rows(session, seller)
            await session.commit()


async def test_rows_of_others_can_be_neither_changed_nor_made(pool: Database, sellers: list[Seller]) -> None:
    mine, other = sellers[0], sellers[1]
    for statement in (
        "UPDATE tenants SET name = 'taken'",
        "UPDATE users SET is_admin = true",
        "DELETE FROM sessions",
        "INSERT INTO memberships (tenant_id, user_id, role) SELECT :tenant, :user, 'owner'",
        "SELECT * FROM identities",
        "SELECT * FROM refresh_tokens",
        "SELECT provision_tenant(4711)",
        "CREATE TABLE public.mine (id integer)",
        "CREATE TABLE mine (id integer)",
        "ALTER TABLE public.users DISABLE ROW LEVEL SECURITY",
    ):
        names = {"tenant": other.tenant_id, "user": mine.user_id} if ":tenant" in statement else {}
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with pool.session(mine.scope) as session:
                await session.execute(text(statement), names)


@pytest.mark.parametrize(
    "wrong",
    [0, -1, True, MAX_TENANT_ID + 1, 1.0, None, "1", "1; DROP SCHEMA public", "1_é", "\uff11", 'x"', "user_1", b"1"],
)
def test_only_a_positive_whole_number_names_a_schema(wrong: object) -> None:
    with pytest.raises(ValueError, match="not a tenant id"):
        schema_name(wrong)  # type: ignore[arg-type]
    if wrong is not None:
        with pytest.raises(ValueError, match="not a tenant id"):
            _ = Scope(tenant_id=wrong).search_path  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["", "a b", 'a"', "a;b", "a.b", "1a", "a--"])
def test_only_an_identifier_names_a_table(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a table name"):
        table(1, wrong)
