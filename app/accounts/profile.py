"""What a person is and may change about themselves: the profile with its tenants. Passwords are in credentials.py."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.models import Membership, Tenant, User
from app.accounts.schemas import ProfileChange, TenantView, UserView


async def describe_user(session: AsyncSession, user_id: UUID, tenant_id: int | None) -> UserView:
    """A user with all their tenants, the present one apart; runs under the system role."""
    user = (await session.execute(select(User).where(User.id == user_id))).scalar_one()
    rows = await session.execute(
        select(Tenant, Membership.role)
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.created_at, Tenant.id)
    )
    tenants = [_to_tenant_view(tenant, role) for tenant, role in rows]
    present = next((tenant for tenant in tenants if tenant.id == tenant_id), None)
    return UserView(
        id=user.id,
        email=user.email,
        name=user.name,
        locale=user.locale,
        is_admin=user.is_admin,
        role=present.role if present else None,
        tenant_id=present.id if present else None,
        tenant=present,
        tenants=tenants,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


def _to_tenant_view(tenant: Tenant, role: str) -> TenantView:
    return TenantView.model_validate(
        {
            "id": tenant.id,
            "name": tenant.name,
            "role": role,
            "currency": tenant.currency,
            "locale": tenant.locale,
            "timezone": tenant.timezone,
        }
    )


async def get_profile(authenticator: Authenticator, actor: Actor) -> UserView:
    """The caller as they stand."""
    async with authenticator.system.session() as session:
        return await describe_user(session, actor.user_id, actor.tenant_id)


async def change_profile(authenticator: Authenticator, actor: Actor, change: ProfileChange) -> UserView:
    """Write the fields that the change names."""
    values = change.model_dump(exclude_unset=True)
    if values.get("locale", "") is None:
        del values["locale"]  # null leaves it: a person has a language
    async with authenticator.system.session() as session:
        if values:
            await session.execute(update(User).where(User.id == actor.user_id).values(values))
        return await describe_user(session, actor.user_id, actor.tenant_id)
