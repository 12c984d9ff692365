"""Keeping the secrets of a connection: sealed with its tenant and id bound in, read again only to call the vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.errors import CredentialsUnreadable
from app.connections.models import Connection, ConnectionSecret
from app.core.config import Settings
from app.core.sealing import SealBroken, Sealed, seal, unseal
from app.integrations.contracts.access import Tokens

ACCESS_TOKEN = "access_token"  # noqa: S105 (the name of one)
REFRESH_TOKEN = "refresh_token"  # noqa: S105 (the name of one)

# Whoever is renewing the old ones may not store any more: the fence has moved on.
_KEEP = text("""
INSERT INTO connection_secrets AS known (connection_id, tenant_id, sealed, key_id, expires_at, refresh_expires_at)
VALUES (:connection, :tenant, :sealed, :key_id, :expires_at, :refresh_expires_at)
ON CONFLICT (connection_id) DO UPDATE
SET sealed = excluded.sealed, key_id = excluded.key_id, expires_at = excluded.expires_at,
    refresh_expires_at = excluded.refresh_expires_at, version = known.version + 1, lease_until = NULL,
    lease_fence = known.lease_fence + 1, updated_at = now()
""")
_KEEP_RENEWED = text("""
UPDATE connection_secrets
SET sealed = :sealed, key_id = :key_id, expires_at = :expires_at, refresh_expires_at = :refresh_expires_at,
    version = version + 1, lease_until = NULL, updated_at = now()
WHERE connection_id = :connection AND lease_fence = :fence
RETURNING version
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """The secrets of a connection, opened. `version` tells whether somebody has stored others meanwhile."""

    values: Mapping[str, str] = field(repr=False)
    version: int
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None


def kept_of(tokens: Tokens, before: Kept | None = None) -> Kept:
    """What is kept of tokens that a vendor issued. One that it did not issue anew stays as it was before."""
    values = dict(before.values) if before else {}
    values[ACCESS_TOKEN] = tokens.access_token
    refresh_expires_at = before.refresh_expires_at if before else None
    if tokens.refresh_token is not None:
        values[REFRESH_TOKEN] = tokens.refresh_token
        refresh_expires_at = tokens.refresh_expires_at
    return Kept(values, before.version if before else 0, tokens.expires_at, refresh_expires_at)


async def keep(session: AsyncSession, app: Settings, connection: Connection, kept: Kept) -> None:
    """Seal and store a connection's secrets in place of those it had."""
    await session.execute(_KEEP, {**_row(app, connection, kept), "tenant": connection.tenant_id})


async def keep_renewed(session: AsyncSession, app: Settings, connection: Connection, kept: Kept, fence: int) -> bool:
    """The same for whoever holds the lease with this fence; False, and nothing stored, when somebody else has it."""
    stored = await session.execute(_KEEP_RENEWED, {**_row(app, connection, kept), "fence": fence})
    return stored.first() is not None


async def find_kept(session: AsyncSession, app: Settings, connection: Connection) -> Kept | None:
    """The secrets of a connection, None for one that has none. Raises CredentialsUnreadable."""
    row = await session.get(ConnectionSecret, connection.id, populate_existing=True)
    if row is None:
        return None
    try:
        values = orjson.loads(unseal(row.sealed, place_of(connection.tenant_id, connection.id), app))
    except SealBroken as broken:
        raise CredentialsUnreadable(f"The credentials of “{connection.name}” cannot be opened: {broken}.") from None
    return Kept(values, row.version, row.expires_at, row.refresh_expires_at)


def place_of(tenant_id: int, connection_id: UUID) -> str:
    """What the secrets of a connection are bound to."""
    return f"connection:{tenant_id}:{connection_id}"


def _row(app: Settings, connection: Connection, kept: Kept) -> dict[str, object]:
    sealed: Sealed = seal(orjson.dumps(dict(kept.values)), place_of(connection.tenant_id, connection.id), app)
    return {
        "connection": connection.id,
        "sealed": sealed.blob,
        "key_id": sealed.key_id,
        "expires_at": kept.expires_at,
        "refresh_expires_at": kept.refresh_expires_at,
    }
