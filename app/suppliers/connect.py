"""Connecting a supplier: the form, the call that proves it, then the connection and its schedules."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import tenants
from app.connections import connecting
from app.connections.connecting import Checked, Wanted
from app.connections.models import Connection
from app.core.config import Settings
from app.core.database import Sessions
from app.integrations.contracts.vendor import Environment
from app.suppliers import offered, repository
from app.suppliers.schemas import SupplierConnect
from app.sync.schedules import create_schedule
from app.sync.schemas import FULL, PRODUCTS, ScheduleCreate
from app.sync.trigger import kinds_of

# Goods change slowly and are many; stock is what oversells.
GOODS_EVERY_MINUTES = 24 * 60
STOCK_EVERY_MINUTES = 60


async def check(sessions: Sessions, app: Settings, tenant_id: int, body: SupplierConnect) -> Checked:
    """Check what a seller gives, at the vendor too; nothing is stored."""
    async with sessions.begin() as session:
        locale = await tenants.get_locale(session, tenant_id)
    wanted = Wanted(
        offered.get_vendor(body.vendor),
        body.environment or default_environment(app),
        body.settings,
        body.secrets(),
        locale,
        body.name,
    )
    connecting.check_form(app, wanted)
    return await connecting.check(app, wanted)


async def store(session: AsyncSession, app: Settings, tenant_id: int, checked: Checked) -> Connection:
    """Store a checked supplier, and schedule what can be synced of it. Goods that an earlier connection to the same
    account has left are its again.
    """
    made = await connecting.add_connection(session, app, tenant_id, checked)
    await repository.adopt_source(session, made)
    await _schedule(session, app, tenant_id, made.id, [sync.kind for sync in kinds_of(checked.wanted.vendor)])
    return made


def default_environment(app: Settings) -> Environment:
    """Where a connection leads that does not say it."""
    return "live" if app.is_production else "sandbox"


async def _schedule(
    session: AsyncSession, app: Settings, tenant_id: int, connection_id: UUID, kinds: list[str]
) -> None:
    for kind in kinds:
        minutes = GOODS_EVERY_MINUTES if kind == PRODUCTS else STOCK_EVERY_MINUTES
        body = ScheduleCreate(connection_id=connection_id, kind=kind, mode=FULL, every_minutes=minutes)
        await create_schedule(session, app, tenant_id, body)
