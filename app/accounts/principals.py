"""Who stands behind a verified token: read from the database by the system role, remembered for a few seconds.

What changes a principal (logout, role, disabling) says so through `PrincipalCache.forget_…`: this process knows at
once, the others by Redis, and without Redis after the cache's lifetime at the latest.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.accounts.errors import AccountDisabled, SessionEnded, TenantBehind, TenantSuspended
from app.accounts.models import Identity, Membership, Tenant, User, UserSession
from app.accounts.permissions import Role
from app.core import migrations
from app.core.tokens import AccessClaims, SupabaseClaims

TTL_SECONDS = 10.0
MAX_ENTRIES = 20_000

PrincipalKey = UUID | tuple[str, UUID]
"""A session of ours, or the (issuer, subject) of a foreign token."""


@dataclass(frozen=True, slots=True)
class _Entry:
    actor: Actor
    fresh_until: float


class PrincipalCache:
    """Actors by key, for TTL_SECONDS. Refusals are never kept."""

    def __init__(self) -> None:
        self._entries: dict[PrincipalKey, _Entry] = {}
        self.generation = 0

    def find(self, key: PrincipalKey) -> Actor | None:
        """The actor, when it was read a moment ago and nothing was heard since."""
        entry = self._entries.get(key)
        return entry.actor if entry is not None and entry.fresh_until > time.monotonic() else None

    def remember(self, key: PrincipalKey, actor: Actor, *, generation: int) -> None:
        """Keep what was read, unless something was forgotten while it was being read."""
        if generation != self.generation:
            return
        if len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[key] = _Entry(actor, time.monotonic() + TTL_SECONDS)

    def forget_user(self, user_id: UUID) -> None:
        """Drop everything known about a user, in all their sessions."""
        self.generation += 1
        for key in [key for key, entry in self._entries.items() if entry.actor.user_id == user_id]:
            del self._entries[key]

    def forget_all(self) -> None:
        """Drop everything, e.g. after news may have been missed."""
        self.generation += 1
        self._entries.clear()


async def load_session_principal(session: AsyncSession, claims: AccessClaims) -> Actor:
    """The actor of one of our sessions, or the reason why it is over."""
    statement = _account().add_columns(UserSession.tenant_id.label("session_tenant_id"), UserSession.revoked_at)
    statement = (
        statement.select_from(UserSession)
        .join(User, User.id == UserSession.user_id)
        .outerjoin(Membership, and_(Membership.user_id == User.id, Membership.tenant_id == UserSession.tenant_id))
        .outerjoin(Tenant, Tenant.id == Membership.tenant_id)
        .where(UserSession.id == claims.session_id, UserSession.user_id == claims.user_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None or row.revoked_at is not None or row.session_tenant_id != claims.tenant_id:
        raise SessionEnded
    if row.session_tenant_id != row.tenant_id:
        raise SessionEnded("You are no longer a member of this tenant; log in again.")
    return _actor(row, session_id=claims.session_id)


async def find_foreign_principal(session: AsyncSession, claims: SupabaseClaims) -> Actor | None:
    """The actor behind a foreign token, or None when this person was never seen; e-mail addresses link nobody."""
    statement = (
        _account()
        .select_from(Identity)
        .join(User, User.id == Identity.user_id)
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(Tenant, Tenant.id == Membership.tenant_id)
        .where(Identity.kind == "supabase", Identity.issuer == claims.issuer, Identity.subject == str(claims.subject))
        .order_by(Membership.created_at, Membership.tenant_id)
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _actor(row, session_id=None)


def _account() -> Select[UUID, str, bool, datetime | None, int, str, str, str]:
    return select(
        User.id.label("user_id"),
        User.email,
        User.is_admin,
        User.disabled_at,
        Membership.tenant_id,
        Membership.role,
        Tenant.status,
        Tenant.revision,
    )


def _actor(row: Row[*tuple[Any, ...]], *, session_id: UUID | None) -> Actor:
    if row.disabled_at is not None:
        raise AccountDisabled
    if row.tenant_id is not None:
        if row.status != "active":
            raise TenantSuspended
        if row.revision not in accepted_revisions():
            raise TenantBehind
    return Actor(
        user_id=row.user_id,
        tenant_id=row.tenant_id,
        role=None if row.role is None else Role(row.role),
        is_admin=row.is_admin,
        session_id=session_id,
        email=row.email,
    )


@lru_cache
def accepted_revisions() -> frozenset[str]:
    """The tenant migrations that this program can work with: the newest and the one before."""
    return frozenset(revision for revision in (migrations.head("tenant"), migrations.previous("tenant")) if revision)
