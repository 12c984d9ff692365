"""Making accounts: a user, and a tenant with its schema, in the caller's transaction under the system role. A
registration that dies half-way therefore leaves nothing.
"""

from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.errors import EmailMissing, EmailTaken
from app.accounts.models import Identity, Membership, Tenant, User
from app.accounts.permissions import Role
from app.accounts.principals import find_foreign_principal
from app.core import migrations, tokens
from app.core.config import Settings
from app.core.tenancy import table
from app.core.tokens import SupabaseClaims


@dataclass(frozen=True, slots=True)
class Region:
    """What a tenant counts, writes and dates in."""

    currency: str
    locale: str
    timezone: str

    @classmethod
    def of_installation(cls, settings: Settings) -> "Region":
        return cls(settings.default_currency, settings.default_locale, settings.default_timezone)


async def create_user(
    session: AsyncSession, *, email: str, name: str | None, locale: str, is_admin: bool = False
) -> User:
    """Add a user; raises EmailTaken when the address, in whatever case, belongs to an account."""
    user = User(email=email, name=name, locale=locale, is_admin=is_admin)
    try:
        async with session.begin_nested():
            session.add(user)
            await session.flush()
    except IntegrityError as error:
        if "uq_users_email" in str(error.orig):
            raise EmailTaken from None
        raise
    return user


def add_password(session: AsyncSession, user: User, hashed: str) -> None:
    """Let a new user prove who they are with a password."""
    session.add(
        Identity(user_id=user.id, kind="password", issuer=tokens.ISSUER, subject=str(user.id), password_hash=hashed)
    )


async def create_tenant(session: AsyncSession, *, owner: User, name: str, region: Region) -> Tenant:
    """Add a tenant with its own schema at the newest revision, and its owner."""
    tenant = Tenant(name=name, currency=region.currency, locale=region.locale, timezone=region.timezone, revision="new")
    session.add(tenant)
    await session.flush()
    await session.execute(select(func.provision_tenant(tenant.id)))
    version = text(f"SELECT version_num FROM {table(tenant.id, migrations.TENANT_VERSION_TABLE)}")
    tenant.revision = (await session.execute(version)).scalar_one()
    session.add(Membership(tenant_id=tenant.id, user_id=owner.id, role=Role.OWNER))
    await session.flush()
    return tenant


async def adopt_foreign_user(session: AsyncSession, claims: SupabaseClaims, settings: Settings) -> Actor:
    """Give a person whom a foreign issuer vouches for a seller's account of their own, once.

    An e-mail address that belongs to an account already is refused: who proves the same address elsewhere has not
    proven to be that account's owner.
    """
    if not claims.email:
        raise EmailMissing
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(claims.subject), 0))))
    if found := await find_foreign_principal(session, claims):
        return found
    region = Region.of_installation(settings)
    user = await create_user(session, email=claims.email, name=None, locale=region.locale)
    session.add(Identity(user_id=user.id, kind="supabase", issuer=claims.issuer, subject=str(claims.subject)))
    tenant = await create_tenant(session, owner=user, name=claims.email, region=region)
    return Actor(
        user_id=user.id,
        tenant_id=tenant.id,
        role=Role.OWNER,
        is_admin=False,
        session_id=None,
        email=user.email,
    )
