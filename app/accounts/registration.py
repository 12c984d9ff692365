"""Registering: user, password, tenant with its schema and first session in one transaction, or nothing at all."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.authentication import Authenticator
from app.accounts.credentials import refuse_weak_password
from app.accounts.errors import AdminNotAllowed
from app.accounts.models import User
from app.accounts.provisioning import Region, add_password, create_tenant, create_user
from app.accounts.schemas import RegisterRequest
from app.accounts.sessions import Client, Login, open_session
from app.core import passwords, ratelimit
from app.core.config import Settings

FIRST_ADMIN_LOCK = "crossdock.first-admin"


async def register(authenticator: Authenticator, body: RegisterRequest, client: Client) -> Login:
    """Make an account and log it in; a seller gets a tenant of their own, an administrator too."""
    settings = authenticator.settings
    await ratelimit.check_registration(authenticator.redis, settings, client.ip or "unknown")
    await refuse_weak_password(settings, body.password, known=[body.email, body.name])
    hashed = await passwords.hash_password(body.password)
    region = Region(
        currency=body.currency or settings.default_currency,
        locale=body.locale or settings.default_locale,
        timezone=body.timezone or settings.default_timezone,
    )
    async with authenticator.system.session() as session:
        is_admin = await _may_be_admin(session, settings, body)
        user = await create_user(session, email=body.email, name=body.name, locale=region.locale, is_admin=is_admin)
        add_password(session, user, hashed)
        tenant_id = None
        if body.account == "seller" or is_admin:
            tenant = await create_tenant(session, owner=user, name=body.name or body.email, region=region)
            tenant_id = tenant.id
        return await open_session(session, settings, user_id=user.id, tenant_id=tenant_id, client=client)


async def _may_be_admin(session: AsyncSession, settings: Settings, body: RegisterRequest) -> bool:
    is_named = bool(settings.admin_email) and body.email.lower() == settings.admin_email.lower()
    if body.role != "admin" and not is_named:
        return False
    # Two first administrators at once: the second waits here and then finds the first.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(FIRST_ADMIN_LOCK, 0))))
    is_first = not await session.scalar(select(select(User.id).where(User.is_admin).exists()))
    if is_first and (is_named or not settings.is_production):
        return True
    if body.role == "admin":
        raise AdminNotAllowed
    return False
