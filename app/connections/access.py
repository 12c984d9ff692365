"""Opening a vendor over a connection: what a feature holds in its hands when it calls. Tokens that run out are renewed
on the way. Never called within an open transaction.
"""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from app.accounts import tenants
from app.connections import repository
from app.connections.credentials import Kept, find_kept
from app.connections.errors import ConnectionNeedsReauth, ConnectionPaused
from app.connections.models import Connection, ConnectionStatus
from app.connections.renewal import is_running_out, renew
from app.core.config import Settings
from app.core.database import Sessions
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access
from app.integrations.contracts.vendor import Environment, Vendor

LANGUAGE = "language"


async def open_access(sessions: Sessions, app: Settings, connection_id: UUID) -> Access:
    """All that calls over a connection need, with tokens that are good for a while.

    Raises ConnectionNotFound, ConnectionPaused, ConnectionNeedsReauth, CredentialsUnreadable, VendorUnknown,
    pydantic.ValidationError for settings that the vendor does not take any more, and the vendor errors of a renewal.
    """
    connection, kept, locale = await _read(sessions, app, connection_id)
    if connection.status == ConnectionStatus.PAUSED:
        raise ConnectionPaused(f"The connection “{connection.name}” is paused.")
    if connection.status == ConnectionStatus.NEEDS_REAUTH and kept is not None:
        raise ConnectionNeedsReauth(f"The connection “{connection.name}” waits for new credentials.")
    vendor = vendors.get_vendor(connection.vendor)
    access = _access(app, vendor, connection, kept, locale)
    if kept is not None and vendor.oauth is not None and is_running_out(kept):
        kept = await renew(sessions, access, vendor.oauth, connection, kept)
        access = _access(app, vendor, connection, kept, locale)
    return access


async def reopen_access(sessions: Sessions, app: Settings, connection_id: UUID, refused: Access) -> Access | None:
    """Access with other tokens than those that the vendor has just refused: stored by somebody else meanwhile, or
    renewed now. None where there is nothing to renew.
    """
    connection, kept, locale = await _read(sessions, app, connection_id)
    vendor = vendors.get_vendor(connection.vendor)
    if kept is None or vendor.oauth is None or connection.status == ConnectionStatus.NEEDS_REAUTH:
        return None
    if dict(kept.values) == dict(refused.credentials):
        kept = await renew(sessions, refused, vendor.oauth, connection, kept)
    return _access(app, vendor, connection, kept, locale)


def access_of(
    app: Settings,
    vendor: Vendor,
    environment: Environment,
    settings: Mapping[str, JsonValue],
    credentials: Mapping[str, str],
    *,
    locale: str,
    lane: str,
) -> Access:
    """Access by settings and credentials as they were given. Raises pydantic.ValidationError for wrong settings."""
    return Access(app, settings_of(app, vendor, environment, settings, locale), credentials, lane)


def settings_of(
    app: Settings, vendor: Vendor, environment: Environment, given: Mapping[str, JsonValue], locale: str
) -> BaseModel:
    """The settings in force; texts come in the language of the tenant unless another one was given."""
    if LANGUAGE in vendor.settings.model_fields and LANGUAGE not in given:
        own = locale.replace("_", "-").partition("-")[0].lower()
        try:
            return vendor.settings_for(app, environment, {**given, LANGUAGE: own})
        except ValidationError:
            pass  # the vendor does not speak it, or another setting is wrong: then the next line says so
    return vendor.settings_for(app, environment, given)


def environment_of(app: Settings, connection: Connection) -> Environment:
    """Where a connection leads: what the operator sets holds for the own provider of all tenants at once."""
    if is_default(app, connection):
        return vendors.external_provider(app).environment
    return cast("Environment", connection.environment)


def is_default(app: Settings, connection: Connection) -> bool:
    """Whether it leads to the installation's own provider; those that a seller has made know their account."""
    return not connection.settings and connection.account_id is None and connection.vendor == app.external_api_provider


async def _read(sessions: Sessions, app: Settings, connection_id: UUID) -> tuple[Connection, Kept | None, str]:
    async with sessions.begin() as session:
        connection = await repository.get_connection(session, connection_id)
        kept = await find_kept(session, app, connection)
        return connection, kept, await tenants.get_locale(session, connection.tenant_id)


def _access(app: Settings, vendor: Vendor, connection: Connection, kept: Kept | None, locale: str) -> Access:
    settings, credentials = connection.settings, dict(kept.values) if kept else {}
    if is_default(app, connection):
        default = vendors.external_provider(app)
        settings, credentials = dict(default.settings), dict(default.credentials)
    environment = environment_of(app, connection)
    return access_of(app, vendor, environment, settings, credentials, locale=locale, lane=str(connection.id))
