"""The members of a tenant: listing, adding, changing roles, removing. Runs under the system role, always by tenant id,
because a member's name and address belong to rows of other users.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.credentials import refuse_weak_password
from app.accounts.errors import AlreadyMember, LastOwner, MemberNotFound, NoSuchAccount, TenantRequired
from app.accounts.models import Membership, Tenant, User
from app.accounts.permissions import Role
from app.accounts.provisioning import add_password, create_user
from app.accounts.schemas import MemberAdd, MemberView
from app.core import passwords
from app.core.pagination import Page, PageQuery, Sort, make_page, paginate


async def list_members(authenticator: Authenticator, actor: Actor, query: PageQuery) -> Page[MemberView]:
    """The members of the caller's tenant, the first to come first."""
    async with authenticator.system.session() as session:
        page = await paginate(
            session,
            select(Membership).where(Membership.tenant_id == _tenant_of(actor)),
            query,
            sorts={"created_at": Sort(Membership.created_at, datetime.fromisoformat)},
            default_sort="created_at",
            id_column=Membership.user_id,
            tenant_id=actor.tenant_id,
        )
        found = await session.scalars(select(User).where(User.id.in_([item.user_id for item in page.items])))
        users = {user.id: user for user in found}
    views = [_to_view(item, users[item.user_id]) for item in page.items]
    return make_page(views, page.next_cursor, query, page.total)


async def add_member(authenticator: Authenticator, actor: Actor, body: MemberAdd) -> MemberView:
    """Make a person a member; without an account under the address one is made, if a password is given for it."""
    hashed = None
    if body.password is not None:
        await refuse_weak_password(authenticator.settings, body.password, known=[body.email, body.name])
        hashed = await passwords.hash_password(body.password)
    async with authenticator.system.session() as session:
        await _lock_tenant(session, actor)
        user = await session.scalar(select(User).where(func.lower(User.email) == body.email.lower()))
        if user is None:
            user = await _create_account(session, authenticator, body, hashed)
        elif await session.get(Membership, (_tenant_of(actor), user.id)):
            raise AlreadyMember
        membership = Membership(tenant_id=_tenant_of(actor), user_id=user.id, role=body.role)
        session.add(membership)
        await session.flush()
        await session.refresh(membership)
    return _to_view(membership, user)


async def change_role(authenticator: Authenticator, actor: Actor, user_id: UUID, role: Role) -> MemberView:
    """Give a member another role; it counts from their next request on."""
    async with authenticator.system.session() as session:
        membership = await _lock_member(session, actor, user_id)
        if role is not Role.OWNER:
            await _refuse_last_owner(session, membership)
        membership.role = role
        user = await session.get_one(User, user_id)
        await session.flush()
    await authenticator.forget(user_id)
    return _to_view(membership, user)


async def remove_member(authenticator: Authenticator, actor: Actor, user_id: UUID) -> None:
    """Take a person out of the tenant; their sessions in it are over with their next request."""
    async with authenticator.system.session() as session:
        membership = await _lock_member(session, actor, user_id)
        await _refuse_last_owner(session, membership)
        await session.delete(membership)
    await authenticator.forget(user_id)


async def _create_account(
    session: AsyncSession, authenticator: Authenticator, body: MemberAdd, hashed: str | None
) -> User:
    if hashed is None:
        raise NoSuchAccount
    locale = authenticator.settings.default_locale
    user = await create_user(session, email=body.email, name=body.name, locale=locale)
    add_password(session, user, hashed)
    return user


async def _lock_tenant(session: AsyncSession, actor: Actor) -> None:
    # Changes of one tenant's members follow each other, so that two owners cannot remove each other at once.
    await session.execute(select(Tenant.id).where(Tenant.id == _tenant_of(actor)).with_for_update())


async def _lock_member(session: AsyncSession, actor: Actor, user_id: UUID) -> Membership:
    await _lock_tenant(session, actor)
    membership = await session.get(Membership, (_tenant_of(actor), user_id))
    if membership is None:
        raise MemberNotFound
    return membership


async def _refuse_last_owner(session: AsyncSession, membership: Membership) -> None:
    owners = select(func.count()).where(Membership.tenant_id == membership.tenant_id, Membership.role == Role.OWNER)
    if membership.role == Role.OWNER and await session.scalar(owners) == 1:
        raise LastOwner


def _tenant_of(actor: Actor) -> int:
    if actor.tenant_id is None:
        raise TenantRequired
    return actor.tenant_id


def _to_view(membership: Membership, user: User) -> MemberView:
    return MemberView(
        id=user.id,
        email=user.email,
        name=user.name,
        role=Role(membership.role),
        created_at=membership.created_at,
    )
