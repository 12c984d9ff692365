"""Proving who one is with a password: login with its limits, and changing the password."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.errors import (
    AccountDisabled,
    CurrentPasswordWrong,
    InvalidCredentials,
    TooManyFailedLogins,
    WeakPassword,
)
from app.accounts.models import Identity, User, UserSession
from app.accounts.sessions import Client, Login, choose_tenant, end_sessions, open_session
from app.core import passwords, ratelimit
from app.core.config import Settings
from app.core.errors import FieldError

GUESSES = "login-guesses"

log = structlog.get_logger(__name__)


async def log_in(authenticator: Authenticator, *, email: str, password: str, client: Client) -> Login:
    """Open a session for who knows the password. Whether the account exists shows neither in the answer nor in its
    time.
    """
    await _refuse_after_failures(authenticator, email, client)
    async with authenticator.system.session() as session:
        found = await _find_password(session, func.lower(User.email) == email.lower())
    fits, renewed = await passwords.verify_password(password, found.password_hash if found else None)
    if found is None or not fits:
        await _count_failure(authenticator, email, client)
        log.warning("login_failed", ip=client.ip)
        raise InvalidCredentials
    # Asked again, because guesses sent in parallel all pass the first time.
    await _refuse_after_failures(authenticator, email, client)
    async with authenticator.system.session() as session:
        user = (await session.execute(select(User).where(User.id == found.user_id))).scalar_one()
        if user.disabled_at is not None:
            raise AccountDisabled
        if renewed is not None:
            await _store_password(session, user.id, renewed)
        tenant_id = await choose_tenant(session, user.id)
        return await open_session(session, authenticator.settings, user_id=user.id, tenant_id=tenant_id, client=client)


async def change_password(authenticator: Authenticator, actor: Actor, *, current: str, new: str) -> None:
    """Replace the caller's password and end all their other sessions."""
    async with authenticator.system.session() as session:
        found = await _find_password(session, User.id == actor.user_id)
    fits, _ = await passwords.verify_password(current, found.password_hash if found else None)
    if not fits:
        raise CurrentPasswordWrong
    await refuse_weak_password(authenticator.settings, new, known=[actor.email], field="new_password")
    hashed = await passwords.hash_password(new)
    async with authenticator.system.session() as session:
        await _store_password(session, actor.user_id, hashed)
        await end_sessions(session, actor.user_id, UserSession.id != actor.session_id)
    await authenticator.forget(actor.user_id)


async def refuse_weak_password(
    settings: Settings, password: str, *, known: Sequence[str | None], field: str = "password"
) -> None:
    """Raise WeakPassword, saying what to do, for a password that is too short or, in production, guessed soon.

    Elsewhere the length alone counts: the walk-throughs of older clients register with passwords such as `admin123`.
    """
    words = [word for text in known if text for word in (text, *text.replace("@", " ").split())]
    if complaint := await passwords.judge_password(password, known=words, guessable=not settings.is_production):
        raise WeakPassword(complaint, errors=[FieldError(("body", field), complaint, WeakPassword.code)])


def _guess_key(email: str, client: Client) -> str:
    # By account and network, so that a stranger's guesses do not lock the owner out elsewhere; the address itself
    # stays out of Redis.
    account = hashlib.sha256(email.lower().encode()).hexdigest()[:32]
    return f"{account}:{ratelimit.network_of(client.ip or 'unknown')}"


async def _refuse_after_failures(authenticator: Authenticator, email: str, client: Client) -> None:
    gate, settings = authenticator.redis, authenticator.settings
    limit = f"{settings.login_failures_per_10_minutes}/10minute"
    verdicts = [
        await ratelimit.failed_logins(gate, settings, client.ip or "unknown"),
        await ratelimit.peek(gate, GUESSES, _guess_key(email, client), limit),
    ]
    for verdict in verdicts:
        if verdict is not None and not verdict.allowed:
            headers = {"Retry-After": str(verdict.reset_seconds), **verdict.headers()}
            raise TooManyFailedLogins(headers=headers)


async def _count_failure(authenticator: Authenticator, email: str, client: Client) -> None:
    gate, settings = authenticator.redis, authenticator.settings
    limit = f"{settings.login_failures_per_10_minutes}/10minute"
    await ratelimit.count_failed_login(gate, settings, client.ip or "unknown")
    await ratelimit.hit(gate, GUESSES, _guess_key(email, client), limit)


async def _find_password(session: AsyncSession, who: ColumnElement[bool]) -> Row[UUID, str | None] | None:
    statement = (
        select(Identity.user_id, Identity.password_hash)
        .join(User, User.id == Identity.user_id)
        .where(who, Identity.kind == "password")
    )
    return (await session.execute(statement)).one_or_none()


async def _store_password(session: AsyncSession, user_id: UUID, hashed: str) -> None:
    await session.execute(
        update(Identity).where(Identity.user_id == user_id, Identity.kind == "password").values(password_hash=hashed)
    )
