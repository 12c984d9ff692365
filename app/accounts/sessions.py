"""Logins and their refresh tokens: opening, exchanging with reuse detection, ending. All run under the system role.

A session is a family of refresh tokens. Each is exchanged once; its successor is derived from it, so that a client
that asks again within the grace (a lost answer, parallel tabs) gets the same one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Interval, Row, delete, func, literal, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.errors import (
    AccountDisabled,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionNotFound,
    TenantNotFound,
)
from app.accounts.models import Membership, RefreshToken, User, UserSession
from app.accounts.profile import describe_user
from app.accounts.schemas import SessionView, TokenAnswer, UserView
from app.core import tokens
from app.core.config import Settings
from app.core.crypto import derive_token, hash_token, new_token
from app.core.ids import new_id
from app.core.pagination import Page, PageQuery, Sort, make_page, paginate

SUCCESSOR = "refresh-successor"
MAX_USER_AGENT = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """From where a person logs in, as far as it can be known."""

    user_agent: str | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class Login:
    """A session in force and the refresh token that carries it on."""

    session_id: UUID
    refresh_token: str
    user: UserView


def to_token_answer(authenticator: Authenticator, login: Login) -> TokenAnswer:
    """The tokens of a login, with a fresh access token."""
    lifetime = timedelta(minutes=authenticator.settings.access_token_expire_minutes)
    access_token = tokens.sign_access(
        authenticator.ring,
        user_id=login.user.id,
        session_id=login.session_id,
        tenant_id=login.user.tenant.id if login.user.tenant else None,
        lifetime=lifetime,
    )
    return TokenAnswer(
        access_token=access_token,
        refresh_token=login.refresh_token,
        expires_in=int(lifetime.total_seconds()),
        user=login.user,
    )


async def open_session(
    session: AsyncSession, settings: Settings, *, user_id: UUID, tenant_id: int | None, client: Client
) -> Login:
    """Begin a session in a tenant, or in none."""
    opened = UserSession(
        id=new_id(),
        user_id=user_id,
        tenant_id=tenant_id,
        user_agent=client.user_agent[:MAX_USER_AGENT] if client.user_agent else None,
        ip=client.ip,
    )
    session.add(opened)
    await session.flush()
    token = new_token()
    _add_token(session, settings, token, session_id=opened.id, user_id=user_id, parent=None)
    return Login(opened.id, token, await describe_user(session, user_id, tenant_id))


async def choose_tenant(session: AsyncSession, user_id: UUID, *, wish: int | None = None) -> int | None:
    """The tenant to act in: the wished one while the user is a member there, else their first, else none."""
    statement = (
        select(Membership.tenant_id)
        .where(Membership.user_id == user_id)
        .order_by((Membership.tenant_id == wish).desc(), Membership.created_at, Membership.tenant_id)
        .limit(1)
    )
    return await session.scalar(statement)


async def refresh(authenticator: Authenticator, token: str) -> Login:
    """Exchange a refresh token for its successor; one that comes back too late ends its whole session."""
    async with authenticator.system.session() as session:
        held = await _lock(session, token)
        session_id, user_id = held.RefreshToken.session_id, held.RefreshToken.user_id
        grace = authenticator.settings.refresh_reuse_grace_seconds
        is_reused = held.age is not None and held.age > timedelta(seconds=grace)
        if is_reused:
            await end_sessions(session, user_id, UserSession.id == session_id)
        else:
            login = await _exchange(session, authenticator.settings, token, held)
    await authenticator.forget(user_id)
    if is_reused:
        log.warning("refresh_token_reused", session_id=str(session_id), user_id=str(user_id))
        raise RefreshTokenReused
    return login


async def _lock(session: AsyncSession, token: str) -> Row[RefreshToken, UserSession, User, timedelta, bool]:
    # The row lock makes parallel exchanges of one token follow each other; the later ones find it rotated.
    statement = (
        select(
            RefreshToken,
            UserSession,
            User,
            type_coerce(func.now() - RefreshToken.rotated_at, Interval).label("age"),
            (RefreshToken.expires_at <= func.now()).label("is_expired"),
        )
        .join(UserSession, UserSession.id == RefreshToken.session_id)
        .join(User, User.id == RefreshToken.user_id)
        .where(RefreshToken.token_hash == hash_token(token))
        .with_for_update(of=RefreshToken)
    )
    held = (await session.execute(statement)).one_or_none()
    if held is None or held.is_expired or held.UserSession.revoked_at is not None:
        log.warning("refresh_token_refused", is_known=held is not None)
        raise RefreshTokenInvalid
    if held.User.disabled_at is not None:
        raise AccountDisabled
    return held


async def _exchange(
    session: AsyncSession,
    settings: Settings,
    token: str,
    held: Row[RefreshToken, UserSession, User, timedelta, bool],
) -> Login:
    family, user_id = held.UserSession, held.User.id
    successor = derive_token(settings.secret_key.get_secret_value(), SUCCESSOR, token)
    tenant_id = await choose_tenant(session, user_id, wish=family.tenant_id)
    family.tenant_id = tenant_id
    if held.RefreshToken.rotated_at is None:
        family.last_used_at = func.now()
        held.RefreshToken.rotated_at = func.now()
        _add_token(session, settings, successor, session_id=family.id, user_id=user_id, parent=token)
        await session.execute(
            delete(RefreshToken).where(RefreshToken.session_id == family.id, RefreshToken.expires_at <= func.now())
        )
    await session.flush()
    return Login(family.id, successor, await describe_user(session, user_id, tenant_id))


def _add_token(
    session: AsyncSession, settings: Settings, token: str, *, session_id: UUID, user_id: UUID, parent: str | None
) -> None:
    lifetime = literal(timedelta(days=settings.refresh_token_expire_days), Interval)
    session.add(
        RefreshToken(
            token_hash=hash_token(token),
            session_id=session_id,
            user_id=user_id,
            parent_hash=hash_token(parent) if parent else None,
            expires_at=func.now() + lifetime,
        )
    )


async def end_sessions(session: AsyncSession, user_id: UUID, *which: ColumnElement[bool]) -> int:
    """End those of a user's sessions that are in force and fit the conditions; answers how many."""
    ended = await session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), *which)
        .values(revoked_at=func.now())
        .returning(UserSession.id)
    )
    return len(ended.all())


async def log_out(authenticator: Authenticator, actor: Actor) -> None:
    """End the caller's session; one of a foreign issuer ends there, not here."""
    if actor.session_id is not None:
        async with authenticator.system.session() as session:
            await end_sessions(session, actor.user_id, UserSession.id == actor.session_id)
        await authenticator.forget(actor.user_id)


async def list_sessions(session: AsyncSession, actor: Actor, query: PageQuery) -> Page[SessionView]:
    """The caller's own sessions that are in force; runs in the caller's scope."""
    page = await paginate(
        session,
        select(UserSession).where(UserSession.user_id == actor.user_id, UserSession.revoked_at.is_(None)),
        query,
        sorts={"created_at": Sort(UserSession.created_at, datetime.fromisoformat)},
        default_sort="-created_at",
        id_column=UserSession.id,
        tenant_id=actor.tenant_id,
    )
    return make_page([_to_session_view(found, actor) for found in page.items], page.next_cursor, query, page.total)


def _to_session_view(found: UserSession, actor: Actor) -> SessionView:
    return SessionView(
        id=found.id,
        user_agent=found.user_agent,
        ip=found.ip,
        created_at=found.created_at,
        last_used_at=found.last_used_at,
        is_current=found.id == actor.session_id,
    )


async def end_session(authenticator: Authenticator, actor: Actor, session_id: UUID) -> None:
    """End one of the caller's own sessions."""
    async with authenticator.system.session() as session:
        if not await end_sessions(session, actor.user_id, UserSession.id == session_id):
            raise SessionNotFound
    await authenticator.forget(actor.user_id)


async def switch_tenant(authenticator: Authenticator, actor: Actor, tenant_id: int, client: Client) -> Login:
    """Open a session in another tenant of the caller's; the present one goes on in its own."""
    async with authenticator.system.session() as session:
        if await choose_tenant(session, actor.user_id, wish=tenant_id) != tenant_id:
            raise TenantNotFound
        return await open_session(
            session, authenticator.settings, user_id=actor.user_id, tenant_id=tenant_id, client=client
        )
