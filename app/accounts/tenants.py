"""Reading a tenant's own settings for work done in its name."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Tenant


async def get_timezone(session: AsyncSession, tenant_id: int) -> str:
    """The time zone that the tenant dates in."""
    return (await session.scalars(select(Tenant.timezone).where(Tenant.id == tenant_id))).one()


async def get_currency(session: AsyncSession, tenant_id: int) -> str:
    """The currency that the tenant counts in."""
    return (await session.scalars(select(Tenant.currency).where(Tenant.id == tenant_id))).one()


async def get_locale(session: AsyncSession, tenant_id: int) -> str:
    """The locale of the tenant's people, such as de or en-GB."""
    return (await session.scalars(select(Tenant.locale).where(Tenant.id == tenant_id))).one()
