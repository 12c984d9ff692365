"""Changing a supplier: name, pause, settings, credentials; the latter two are tried at the vendor before they count."""

from typing import cast
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import tenants
from app.connections import connecting
from app.connections.connecting import Checked, Wanted
from app.connections.credentials import find_kept
from app.connections.errors import ConnectionNameTaken
from app.connections.models import Connection, ConnectionStatus
from app.core.config import Settings
from app.core.database import Sessions
from app.integrations.contracts.vendor import Environment
from app.suppliers import offered, repository
from app.suppliers.schemas import SupplierChange


async def check(sessions: Sessions, app: Settings, supplier_id: UUID, body: SupplierChange) -> Checked | None:
    """Try new settings and credentials at the vendor; None when the body has neither."""
    given = body.secrets()
    async with sessions.begin() as session:
        connection = await repository.get_supplier(session, supplier_id, offered.slugs())
        if not given and body.settings is None:
            return None
        kept = None if given else await find_kept(session, app, connection)
        locale = await tenants.get_locale(session, connection.tenant_id)
    settings = {**connection.settings, **(body.settings or {})}
    vendor = offered.get_vendor(connection.vendor)
    wanted = Wanted(
        vendor,
        cast("Environment", connection.environment),
        {name: value for name, value in settings.items() if value is not None},
        given or (kept.values if kept else {}),
        locale,
    )
    connecting.check_form(app, wanted, by_consent=vendor.auth == "oauth" and not given)
    checked = await connecting.check(app, wanted)
    # Without new credentials those that are kept stay as they are: they may be renewed at this very moment.
    return checked if given else Checked(wanted, checked.account, None)


async def apply(
    session: AsyncSession, app: Settings, supplier_id: UUID, body: SupplierChange, checked: Checked | None
) -> Connection:
    """Write down what the body names."""
    connection = await repository.lock_supplier(session, supplier_id, offered.slugs())
    if body.name is not None:
        connection.name = body.name
    if body.paused is not None:
        _pause(connection, is_paused=body.paused)
    if checked is not None:
        await connecting.replace_access(session, app, connection, checked)
    try:
        await session.flush()
    except IntegrityError as refused:
        if "uq_connections_name" in str(refused.orig):
            raise ConnectionNameTaken from None
        raise
    await session.refresh(connection)
    return connection


def _pause(connection: Connection, *, is_paused: bool) -> None:
    if is_paused:
        connection.status = ConnectionStatus.PAUSED.value
    elif connection.status == ConnectionStatus.PAUSED:
        # What was wrong before the pause shows at the next call.
        connection.status = ConnectionStatus.CONNECTED.value
