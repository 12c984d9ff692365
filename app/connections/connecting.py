"""Making a connection: what the seller gives is checked against the vendor's form and by a real call, then stored. A
refusal stores nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import orjson
from pydantic import JsonValue, ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository
from app.connections.access import access_of, settings_of
from app.connections.credentials import Kept, keep
from app.connections.errors import (
    AccountDiffers,
    AlreadyConnected,
    ConnectionNameTaken,
    ConnectionSettingsInvalid,
    ConsentNeeded,
    CredentialsIncomplete,
)
from app.connections.models import Connection, ConnectionStatus
from app.core import crypto
from app.core.config import Settings
from app.core.errors import FieldError
from app.core.ids import new_id
from app.integrations import registry as vendors
from app.integrations.contracts.access import Access, Account
from app.integrations.contracts.errors import Unavailable
from app.integrations.contracts.vendor import Environment, Vendor

CHECK_SECONDS = 10.0
# What stands for the account where the vendor names none: equal secrets open equal accounts.
FINGERPRINT = "key:"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be connected."""

    vendor: Vendor
    environment: Environment
    settings: Mapping[str, JsonValue]
    credentials: Mapping[str, str] = field(repr=False)
    locale: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the vendor has accepted: whose account it is, and the secrets to keep, if there are any."""

    wanted: Wanted
    account: Account
    kept: Kept | None


def check_form(app: Settings, wanted: Wanted, *, by_consent: bool = False) -> None:
    """Raises ConnectionSettingsInvalid, CredentialsIncomplete or ConsentNeeded for what the vendor's form refuses."""
    if wanted.environment == "sandbox" and app.is_production:
        error = FieldError(("body", "environment"), "production has no sandbox", "environment_unknown")
        raise ConnectionSettingsInvalid("environment: production has no sandbox; leave it out.", errors=[error])
    try:
        settings_of(app, wanted.vendor, wanted.environment, wanted.settings, wanted.locale)
    except ValidationError as wrong:
        raise _settings_invalid(wrong) from None
    if wanted.vendor.auth == "oauth":
        if not by_consent:
            raise ConsentNeeded(f"{wanted.vendor.label} is connected by a consent.")
        return
    takes = frozenset(wanted.vendor.credentials)
    needs = takes if wanted.vendor.auth == "key" else frozenset()
    given = frozenset(wanted.credentials)
    if given - takes or needs - given:
        names = ", ".join(sorted(takes)) or "no credentials"
        errors = [FieldError(("body", "credentials", name), "is missing", "missing") for name in sorted(needs - given)]
        errors += [FieldError(("body", "credentials", name), "unknown", "unknown") for name in sorted(given - takes)]
        raise CredentialsIncomplete(f"credentials: {wanted.vendor.label} takes {names}.", errors=errors)


async def check(app: Settings, wanted: Wanted) -> Checked:
    """Ask the vendor whose account it is, by a real call within ten seconds; one without a call for it is asked for its
    goods.

    Raises AuthExpired where the vendor refuses the credentials, and its other errors.
    """
    # A lane of its own: what an older connection did wrong must not stand in the way of a new key.
    lane = f"check:{new_id()}"
    access = access_of(
        app,
        wanted.vendor,
        wanted.environment,
        wanted.settings,
        wanted.credentials,
        locale=wanted.locale,
        lane=lane,
    )
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            account = await _ask(wanted.vendor, access)
    except TimeoutError:
        raise Unavailable(f"{wanted.vendor.label} did not answer within {CHECK_SECONDS:.0f} seconds.") from None
    return Checked(wanted, account, Kept(wanted.credentials, 0) if wanted.credentials else None)


async def add_connection(session: AsyncSession, app: Settings, tenant_id: int, checked: Checked) -> Connection:
    """Store a checked connection. Raises AlreadyConnected or ConnectionNameTaken."""
    wanted, account = checked.wanted, checked.account
    account_id = account.external_id or fingerprint(app, wanted)
    await _refuse_second(session, tenant_id, wanted, account_id)
    name = wanted.name or await _free_name(session, tenant_id, wanted.vendor.label)
    made = (
        insert(Connection)
        .values(
            id=new_id(),
            tenant_id=tenant_id,
            vendor=wanted.vendor.slug,
            name=name,
            environment=wanted.environment,
            settings=dict(wanted.settings),
            account_id=account_id,
            account_label=account.label,
        )
        .on_conflict_do_nothing()
        .returning(Connection.id)
    )
    made_id: UUID | None = await session.scalar(made)
    if made_id is None:
        await _refuse_second(session, tenant_id, wanted, account_id)
        raise ConnectionNameTaken(f"The name {name!r} belongs to another connection.")
    connection = await repository.get_connection(session, made_id)
    if checked.kept is not None:
        await keep(session, app, connection, checked.kept)
    return connection


async def replace_access(session: AsyncSession, app: Settings, connection: Connection, checked: Checked) -> None:
    """Store checked settings and credentials in place of those of a connection, which works again then. Raises
    AccountDiffers where they open another account: its goods would mix with those that are there.
    """
    wanted, account = checked.wanted, checked.account
    account_id = account.external_id or fingerprint(app, wanted)
    before = connection.account_id
    if before is not None and before != account_id and account.external_id and not before.startswith(FINGERPRINT):
        raise AccountDiffers(f"“{connection.name}” is connected to {connection.account_label or before}.")
    await _refuse_second(session, connection.tenant_id, wanted, account_id, but=connection.id)
    connection.account_id, connection.account_label = account_id, account.label
    connection.settings = dict(wanted.settings)
    if connection.status != ConnectionStatus.PAUSED:
        connection.status = ConnectionStatus.CONNECTED.value
    connection.last_error = connection.last_error_code = connection.last_error_at = None
    if checked.kept is not None:
        await keep(session, app, connection, checked.kept)
    await session.flush()


def fingerprint(app: Settings, wanted: Wanted) -> str:
    """What tells two accounts apart whose vendor does not name them: the secrets, without them the settings."""
    said = dict(wanted.credentials) or settings_of(
        app, wanted.vendor, wanted.environment, wanted.settings, wanted.locale
    ).model_dump(mode="json")
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
    return FINGERPRINT + crypto.derive_token(app.secret_key.get_secret_value(), "account", text)


async def _ask(vendor: Vendor, access: Access) -> Account:
    if vendor.check is not None:
        return await vendor.check(access)
    async with vendors.open_source(vendor, access) as source:
        pages = source.pages()
        await anext(pages, None)
    return Account(None)


async def _refuse_second(
    session: AsyncSession, tenant_id: int, wanted: Wanted, account_id: str, *, but: UUID | None = None
) -> None:
    same = select(Connection).where(
        Connection.tenant_id == tenant_id,
        Connection.vendor == wanted.vendor.slug,
        Connection.environment == wanted.environment,
        Connection.account_id == account_id,
    )
    known = await session.scalar(same)
    if known is not None and known.id != but:
        raise AlreadyConnected(
            f"The connection “{known.name}” ({known.id}) opens this account already.",
            extra={"connection_id": str(known.id)},
        )


async def _free_name(session: AsyncSession, tenant_id: int, label: str) -> str:
    taken = {connection.name.lower() for connection in await repository.list_all(session, tenant_id)}
    name, number = label, 1
    while name.lower() in taken:
        number += 1
        name = f"{label} {number}"
    return name


def _settings_invalid(wrong: ValidationError) -> ConnectionSettingsInvalid:
    errors = [
        FieldError(
            ("body", "settings", *fact["loc"]), str(fact["msg"]).removeprefix("Value error, "), str(fact["type"])
        )
        for fact in wrong.errors(include_input=False, include_url=False)[:20]
    ]
    where = ".".join(str(part) for part in errors[0].loc[1:])
    return ConnectionSettingsInvalid(f"{where}: {errors[0].message}", errors=errors)
