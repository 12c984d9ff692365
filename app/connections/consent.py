"""Consents at a vendor: begun by a user, ended once by the same user of the same tenant within ten minutes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.actor import Actor
from app.connections.access import access_of
from app.connections.connecting import Checked, Wanted
from app.connections.credentials import kept_of
from app.connections.errors import ConsentInvalid, ConsentNotOffered
from app.connections.models import Consent
from app.core import clock, crypto
from app.core.config import Settings
from app.core.ids import new_id
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access, Account, OAuth
from app.integrations.contracts.vendor import Environment, Vendor

GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """A consent that is to be ended: what it was begun for."""

    wanted: Wanted
    redirect_uri: str
    connection_id: UUID | None


async def begin(session: AsyncSession, app: Settings, actor: Actor, begun: Begun) -> str:
    """Remember a consent; the address at which the seller gives it. Of the state only a hash is kept."""
    state, wanted = crypto.new_token(), begun.wanted
    words = _words(wanted.vendor)
    said: dict[str, JsonValue] = {
        "environment": wanted.environment,
        "settings": dict(wanted.settings),
        "name": wanted.name,
        "locale": wanted.locale,
        "connection_id": None if begun.connection_id is None else str(begun.connection_id),
    }
    await session.execute(delete(Consent).where(Consent.created_at < clock.now() - GOOD_FOR))
    session.add(
        Consent(
            state_hash=crypto.hash_token(state),
            tenant_id=actor.tenant_id,
            user_id=actor.user_id,
            vendor=wanted.vendor.slug,
            redirect_uri=begun.redirect_uri,
            wanted=said,
        )
    )
    await session.flush()
    return words.authorize_url(_access(app, wanted), state=state, redirect_uri=begun.redirect_uri)


async def take(session: AsyncSession, actor: Actor, vendor: str, state: str) -> Begun:
    """The consent of this state, which is spent by that, whatever comes of it. Raises ConsentInvalid."""
    row = await session.get(Consent, crypto.hash_token(state), with_for_update=True)
    if row is None or row.user_id != actor.user_id or row.vendor != vendor or row.created_at < clock.now() - GOOD_FOR:
        raise ConsentInvalid
    said = row.wanted
    wanted = Wanted(
        vendors.get_vendor(row.vendor),
        cast("Environment", said["environment"]),
        cast("dict[str, JsonValue]", said["settings"]),
        {},
        str(said["locale"]),
        cast("str | None", said["name"]),
    )
    connection_id = said["connection_id"]
    redirect_uri = row.redirect_uri
    await session.delete(row)
    await session.flush()
    return Begun(wanted, redirect_uri, UUID(str(connection_id)) if connection_id else None)


async def exchange(app: Settings, begun: Begun, code: str) -> Checked:
    """The tokens of a code, and whose account they open. Never within an open transaction."""
    wanted = begun.wanted
    access = _access(app, wanted)
    tokens = await _words(wanted.vendor).exchange(access, code=code, redirect_uri=begun.redirect_uri)
    kept = kept_of(tokens)
    opened = Wanted(wanted.vendor, wanted.environment, wanted.settings, kept.values, wanted.locale, wanted.name)
    account = tokens.account
    if account is None and wanted.vendor.check is not None:
        account = await wanted.vendor.check(_access(app, opened))
    return Checked(opened, account or Account(None), kept)


def _words(vendor: Vendor) -> OAuth:
    if vendor.oauth is None:
        raise ConsentNotOffered(f"{vendor.label} is connected by credentials.")
    return vendor.oauth


def _access(app: Settings, wanted: Wanted) -> Access:
    lane = f"check:{new_id()}"
    return access_of(
        app,
        wanted.vendor,
        wanted.environment,
        wanted.settings,
        wanted.credentials,
        locale=wanted.locale,
        lane=lane,
    )
